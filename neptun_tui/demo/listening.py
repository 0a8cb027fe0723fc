"""The socket that the demo listens on."""

import socket
from typing import Final

HOST: Final = "127.0.0.1"
"""Loopback only: the sign-in of the demo is public."""


def listen(port: int = 0) -> socket.socket:
    """A listening socket on :data:`HOST`.

    It is named as TCP, because asyncio switches Nagle's algorithm off only on such sockets. Left
    on, an answer whose head and body are written apart waits for the client's delayed
    acknowledgement: 40 ms for each request on a connection that is kept alive.

    Args:
        port: which one; 0 takes a free one.

    Raises:
        OSError: the port cannot be had.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    listener.listen(128)
    return listener
