"""Secrets that are never printed, and server addresses as people type them."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import pprint
import traceback
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.pretty import pretty_repr

from neptun_tui.domain.account import (
    DEFAULT_HOST,
    Account,
    Secret,
    Session,
    is_loopback,
    parse_host,
)
from neptun_tui.domain.errors import InvalidHost

from ..builders import examples

VALUE = "throw-away.Fe26.2**not-a-session"
COOKIE = "Fe26.2**throw-away-0123456789-ABC_def~"

calm = settings(deadline=None, max_examples=examples(200))


# --- Secret


def traceback_with_locals(secret: Secret) -> str:
    def fail(password: Secret) -> None:
        raise RuntimeError(f"no luck with {password}")

    try:
        fail(secret)
    except RuntimeError as error:
        return "".join(
            traceback.TracebackException.from_exception(error, capture_locals=True).format()
        )
    raise AssertionError


def log_line(secret: Secret) -> str:
    lines: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    logger = logging.Logger("throw-away", logging.DEBUG)
    logger.addHandler(Keeping())
    logger.error("signing in with %s, %r", secret, secret)
    return lines[0]


def session(secret: Secret) -> Session:
    return Session(Account(DEFAULT_HOST, 1, "demo@example.com"), secret)


WAYS: dict[str, Callable[[Secret], str]] = {
    "repr": repr,
    "str": str,
    "format": format,
    "f-string": lambda secret: f"{secret}",
    "f-string with a width": lambda secret: f"{secret:>40}",
    "f-string with repr": lambda secret: f"{secret!r} {secret=}",
    "str.format": "{0} {0!s} {0!r}".format,
    "percent": lambda secret: "%s %r" % (secret, secret),  # noqa: UP031
    "in a list": lambda secret: str([secret]),
    "in a dict": lambda secret: str({secret: secret}),
    "in an exception": lambda secret: repr(ValueError(secret)) + str(ValueError(secret)),
    "pprint": lambda secret: pprint.pformat({"password": secret}),
    "rich": lambda secret: pretty_repr([secret, session(secret)], expand_all=True),
    "a session's repr": lambda secret: repr(session(secret)),
    "a session's str": lambda secret: str(session(secret)),
    "a session in pprint": lambda secret: pprint.pformat(session(secret)),
    "a traceback with locals": traceback_with_locals,
    "a log line": log_line,
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_no_way_of_printing_shows_a_secret(way: Callable[[Secret], str]) -> None:
    shown = way(Secret(VALUE))
    assert shown
    assert VALUE not in shown
    assert VALUE[:8] not in shown


COPIES: dict[str, Callable[[object], object]] = {
    **{f"pickle {n}": lambda it, n=n: pickle.dumps(it, n) for n in range(6)},
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "json": json.dumps,
    "vars": vars,
}


@pytest.mark.parametrize("serialize", COPIES.values(), ids=COPIES)
def test_a_secret_is_not_serialized(serialize: Callable[[object], object]) -> None:
    with pytest.raises(TypeError) as caught:
        serialize(Secret(VALUE))
    assert VALUE not in str(caught.value)


def test_a_session_is_not_pickled_either() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(session(Secret(VALUE)))


def test_a_secret_is_no_text_and_gives_its_value_only_when_asked() -> None:
    secret = Secret(VALUE)
    assert not isinstance(secret, str)
    assert secret.reveal() == VALUE
    assert secret == Secret(VALUE)
    assert secret != Secret(VALUE + "x")
    assert secret != VALUE
    assert hash(secret) == hash(Secret(VALUE))
    assert hash(secret) != hash(VALUE)
    assert (bool(secret), bool(Secret(""))) == (True, False)


# --- parse_host


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("neptun.example", "https://neptun.example"),
        ("  https://neptun.example/  ", "https://neptun.example"),
        ("HTTPS://Neptun.Example", "https://neptun.example"),
        ("neptun.example:8443", "https://neptun.example:8443"),
        ("https://neptun.example:443", "https://neptun.example"),
        ("https://neptun.example:80", "https://neptun.example:80"),
        ("https://xn--nptun-kva.example", "https://xn--nptun-kva.example"),
        ("https://10.0.0.1:8443", "https://10.0.0.1:8443"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("[2001:DB8::1]", "https://[2001:db8::1]"),
        ("localhost", "http://localhost"),
        ("localhost:42124", "http://localhost:42124"),
        ("LOCALHOST:80", "http://localhost"),
        ("https://localhost:42124", "https://localhost:42124"),
        ("127.0.0.1:42124", "http://127.0.0.1:42124"),
        ("127.8.9.10", "http://127.8.9.10"),
        ("[::1]:42124", "http://[::1]:42124"),
        ("http://[::1]", "http://[::1]"),
        ("http://localhost:443", "http://localhost:443"),
        ("127.0.0.1.evil.example", "https://127.0.0.1.evil.example"),
        (DEFAULT_HOST, DEFAULT_HOST),
    ],
)
def test_an_address_is_read_as_people_type_it(typed: str, origin: str) -> None:
    assert parse_host(typed) == origin


@pytest.mark.parametrize(
    "typed",
    [
        "http://neptun.example",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://evil-localhost",
        "http://localhost.",
        "http://127.0.0.1.",
        "http://127.1",
        "http://0x7f000001",
        "http://2130706433",
        "http://0.0.0.0",
        "http://192.168.0.1",
        "http://128.0.0.1",
        "http://[::]",
        "http://[::2]",
        "http://[fe80::1]",
        "http://[::1%25eth0]",
        "http://localhost@evil.example",
        "http://127.0.0.1:80@evil.example",
        "http://evil.example#localhost",
        "http://evil.example?localhost",
        "http://evil.example/localhost",
        "http://evil.example\\@localhost",
        "http://localhost\\@evil.example",
        "http://localhost\\.evil.example",
        "http://loc\u0430lhost",  # a Cyrillic a
        "http://\u2460\u2461\u2466.0.0.1",
        "http://127\u30020\u30020\u30021",
        "http://localho\u017ft",  # a long s, which ignores case with s
    ],
)
def test_plain_http_goes_to_this_machine_and_nowhere_else(typed: str) -> None:
    with pytest.raises(InvalidHost):
        parse_host(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "/",
        "//",
        "https://",
        "https:///path",
        "//neptun.example",
        "ftp://neptun.example",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https:/neptun.example",
        "https://neptun.example/api",
        "https://neptun.example?x=1",
        "https://neptun.example#x",
        "https://user@neptun.example",
        "https://user:word@neptun.example",
        "https://:word@neptun.example",
        "user@neptun.example",
        "localhost@neptun.example",
        "https://evil.example\\@neptun.example",
        "https://neptun.example:0x50",
        "https://neptun.example:99999",
        "https://neptun.example:-1",
        "https://neptun.example:\u0661",
        "https://neptun.example:80:80",
        "neptun .example",
        "neptun\u00a0.example",
        "neptun.example\x00",
        "nep\ntun.example",
        "nep\x1b[31mtun.example",
        "\u202eelpmaxe.nutpen",
        "neptun\u200b.example",
        "https://-neptun.example",
        "https://neptun_example.example",
        "https://n\u00e9ptun.example",
        "https://\u043deptun.example",
        "https://neptun\uff0eexample",
        "https://::1",
        "::1",
        "https://[::1",
        "https://[::g]",
        "https://%6eeptun.example",
    ],
)
def test_what_is_no_plain_address_is_refused(typed: str) -> None:
    with pytest.raises(InvalidHost):
        parse_host(typed)


@pytest.mark.parametrize("letter", ["\u017f", "\u0131"], ids=["long s", "dotless i"])
def test_letters_that_only_look_like_ascii_without_case_are_refused(letter: str) -> None:
    with pytest.raises(InvalidHost):
        parse_host(f"https://neptun-{letter}ite.example")


@pytest.mark.parametrize(
    "typed",
    [
        "https://[::1].evil.example",
        "http://[::1].evil.example",
        "https://[::1]evil.example:8443",
        "https://[v1.example]",
    ],
)
def test_no_part_of_an_address_is_dropped_in_silence(typed: str) -> None:
    with pytest.raises(InvalidHost):
        parse_host(typed)


PIECES = st.sampled_from(
    [
        *(
            "http://",
            "https://",
            "HTTP://",
            "//",
            "localhost",
            "127.0.0.1",
            "[::1]",
            "evil.example",
        ),
        *("@", ":", "80", "443", "8443", "/", "\\", "?", "#", ".", "%", "[", "]", "-", "_", ";"),
        *(" ", "\t", "\x00", "\u017f", "\u0131", "\u0130", "\u212a", "\u3002", "\u00e9", "\u202e"),
    ]
)
TYPED = st.one_of(
    st.text(max_size=40),
    st.lists(PIECES, max_size=7).map("".join),
    st.tuples(st.sampled_from(["http://", "https://", ""]), st.text(max_size=20)).map("".join),
    st.ip_addresses(v=4).map("http://{}".format),
    st.ip_addresses(v=6).map("http://[{}]".format),
)


@calm
@given(typed=TYPED)
def test_whatever_is_typed_is_refused_or_becomes_an_origin_that_is_read_as_itself(
    typed: str,
) -> None:
    try:
        origin = parse_host(typed)
    except InvalidHost:
        return
    assert parse_host(origin) == origin
    assert origin.isascii()
    assert origin.isprintable()
    url = urlsplit(origin)
    assert f"{url.scheme}://{url.netloc}" == origin
    assert "@" not in url.netloc
    assert url.scheme == "https" or is_loopback(url.hostname or "")


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("https://neptun.example", "neptun.example"),
        ("https://neptun.example:8443", "neptun.example:8443"),
        ("http://127.0.0.1:42124", "127.0.0.1:42124"),
        ("http://[::1]", "[::1]"),
    ],
)
def test_a_host_is_named_as_people_say_it(host: str, name: str) -> None:
    assert Account(host, 1, "").host_name == name
