"""Entry point of ``neptun-tui`` and ``python -m neptun_tui``."""

from __future__ import annotations

import gc
import os
import sys

_NO_MEMORY = b"neptun-tui: This machine has too little memory left for this (ulimit -v).\n"


def main() -> None:
    """Run the command line and leave with its exit code."""
    # What is made while modules load stays: looking for garbage among it takes 8 % of a start.
    # Whoever goes on for longer switches it on again.
    gc.disable()
    try:
        code = _run()
    except MemoryError:
        os.write(2, _NO_MEMORY)  # bytes that are there already: print() might need more
        code = 1
    # Nor is there any use in looking for garbage among all of it as the process ends (30 ms).
    gc.freeze()
    sys.exit(code)


def _run() -> int:
    try:
        from neptun_tui.cli.main import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:  # while it loads, or after all that knows better
        return 130
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - raised again when it is of another kind
        return _give_out(error)


def _give_out(error: Exception) -> int:
    """Say in one sentence that this machine has too little of something even to begin.

    Raises:
        Exception: the error itself, when it is of another kind.
    """
    from neptun_tui.storage.process import exhausted

    if not (said := exhausted(error)):
        raise error
    print(f"neptun-tui: {said}", file=sys.stderr)  # noqa: T201 - cli.output may not load
    return 1


if __name__ == "__main__":
    main()
