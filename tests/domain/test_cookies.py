"""Extraction of the session cookie from any pasted form."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neptun_tui.domain.account import Secret, is_unfinished, parse_cookie
from neptun_tui.domain.errors import InvalidCookie

from ..builders import examples

COOKIE = "Fe26.2**throw-away-0123456789abcdef*x_Y~z"
calm = settings(deadline=None, max_examples=examples(200))
CONFIG = json.dumps(
    {
        "utils": {"neptun_api_server_host": "https://neptun.example/api"},
        "auth": {"neptun_session_cookie": COOKIE, "user": {"id": 1, "email": "é@example.com"}},
        "active_chat": {"chat_id": -1},
    }
)


@pytest.mark.parametrize(
    "pasted",
    [
        COOKIE,
        f"  {COOKIE}\n",
        f"neptun-session={COOKIE}",
        f"neptun-session = {COOKIE}",
        f"neptun-session={COOKIE};",
        f"Cookie: neptun-session={COOKIE}",
        f"cookie:neptun-session={COOKIE}",
        f"Cookie: {COOKIE}",
        f"theme=dark; neptun-session={COOKIE}; _ga=GA1.2.3",
        f"Cookie: a=b; neptun-session={COOKIE}",
        f"neptun-session={COOKIE}; Path=/; HttpOnly; Secure; SameSite=Lax",
        f"Set-Cookie: neptun-session={COOKIE}; Path=/; HttpOnly; Secure; SameSite=Lax",
        f"set-cookie:neptun-session={COOKIE}; Path=/",
        f"Cookie:\tneptun-session={COOKIE}",
        f'"{COOKIE}"',
        f"'{COOKIE}'",
        f"`neptun-session={COOKIE}`",
        f'neptun-session="{COOKIE}"',
        f"\ufeff{COOKIE}\r\n",
        f"\ufeff\n'neptun-session={COOKIE}'\n",
        CONFIG,
        json.dumps(json.loads(CONFIG), indent=2),
        f"\ufeff{CONFIG}",
        json.dumps({"neptun_session_cookie": f"neptun-session={COOKIE}"}),
        json.dumps([{"name": "other", "value": "x"}, {"name": "neptun-session", "value": COOKIE}]),
        json.dumps({"cookies": [{"name": "neptun-session", "value": COOKIE}]}),
        f"# Netscape HTTP Cookie File\n\n#HttpOnly_neptun.example\tFALSE\t/\tTRUE\t0\t"
        f"neptun-session\t{COOKIE}\nneptun.example\tFALSE\t/\tTRUE\t0\ttheme\tdark\n",
        f"neptun-session\t{COOKIE}\tneptun.example\t/\tSession\t480\t✓\t✓\tLax",
        f"curl 'https://neptun.example/api' -H 'Accept: */*' -H 'Cookie: neptun-session={COOKIE}'",
        f"curl 'https://neptun.example/api' \\\n  -b 'a=b; neptun-session={COOKIE}' \\\n  -k",
        f"curl --cookie neptun-session={COOKIE} https://neptun.example",
        f"curl https://neptun.example -bneptun-session={COOKIE}",
        f"curl https://neptun.example --header $'cookie: neptun-session={COOKIE}'",
        f'curl.exe ^"https://neptun.example/^" ^\n  -b ^"neptun-session={COOKIE}^" ^\n  -k',
        f"GET / HTTP/1.1\r\nHost: neptun.example\r\nCookie: neptun-session={COOKIE}\r\n\r\n",
        f":authority: neptun.example\ncookie: neptun-session={COOKIE}\naccept: */*",
    ],
)
def test_a_cookie_is_found_in_whatever_form_it_is_pasted(pasted: str) -> None:
    assert parse_cookie(pasted) == Secret(COOKIE)


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "neptun-session=",
        "neptun-session",
        "too-short",
        "x" * 8193,
        f"{COOKIE[:20]}\n{COOKIE[20:]}",
        f"{COOKIE[:20]}\r\nX-Evil: {COOKIE[20:]}",
        f"{COOKIE}\x00",
        f"{COOKIE}\u202e",
        f"{COOKIE} {COOKIE}",
        f"{COOKIE}, {COOKIE}",
        f"{COOKIE}é",
        f"other={COOKIE}",
        f"not-neptun-session={COOKIE}",
        f"neptun-session2={COOKIE}",
        f"a={COOKIE}; b={COOKIE}",
        f"{COOKIE}; theme=dark",
        f"neptun-session=a={COOKIE}",
        f'"{COOKIE}',
        f"neptun-session={COOKIE[:20]}\n{COOKIE[20:]}",
        f"Cookie: neptun-session={COOKIE[:20]}\n{COOKIE[20:]}",
        f"Cookie: neptun-session={COOKIE}\nCookie: neptun-session={COOKIE}2",
        f"Set-Cookie: {COOKIE}",
        f"Set-Cookie: other={COOKIE}; Path=/",
        json.dumps({"auth": {"neptun_session_cookie": None, "user": COOKIE}}),
        json.dumps({"auth": {"neptun_session_cookie": COOKIE}})[:-2],
        json.dumps({"neptun_session_cookie": f"{COOKIE} x"}),
        json.dumps([COOKIE]),
        '{"a":' * 100_000,
        f"curl https://neptun.example -H 'X-Cookie: neptun-session={COOKIE}'",
        f"curl https://neptun.example/{COOKIE}",
        f"curl https://neptun.example -b '{COOKIE}",
        f".neptun.example\tTRUE\t/\tTRUE\t0\tother\t{COOKIE}",
        f"GET / HTTP/1.1\nHost: neptun.example\nX: neptun-session={COOKIE}",
    ],
)
def test_text_without_a_usable_cookie_is_refused_and_never_repeated(pasted: str) -> None:
    with pytest.raises(InvalidCookie) as caught:
        parse_cookie(pasted)
    assert "throw-away" not in f"{caught.value} {caught.value!r} {caught.value.args}"


@calm
@given(
    pasted=st.one_of(st.text(), st.from_regex(r"(neptun-session=)?[!-~]{10,60}", fullmatch=True))
)
def test_a_cookie_is_safe_in_a_header_and_an_error_repeats_nothing(pasted: str) -> None:
    problem = ""
    try:
        value = parse_cookie(pasted).reveal()
    except InvalidCookie as error:
        problem = str(error)
    if problem:
        assert len(pasted.strip()) < 10 or pasted.strip() not in problem
        return
    assert value in pasted
    assert value.isascii()
    assert not set(value) & set(' \t\r\n;,="\\')
    assert parse_cookie(value) == Secret(value)


@pytest.mark.parametrize("text", [CONFIG, json.dumps(json.loads(CONFIG), indent=2)])
def test_json_is_unfinished_until_its_last_line(text: str) -> None:
    lines = text.splitlines(keepends=True)
    begun = ["".join(lines[: number + 1]) for number in range(len(lines))]
    assert [is_unfinished(part) for part in begun] == [True] * (len(lines) - 1) + [False]


def test_a_curl_command_is_unfinished_while_its_lines_go_on() -> None:
    assert is_unfinished("curl 'https://neptun.example' \\\n")
    assert is_unfinished("curl ^\n")
    assert not is_unfinished(f"curl 'https://neptun.example' \\\n -b 'neptun-session={COOKIE}'\n")
    assert not is_unfinished(f"{COOKIE}\\\n")
