"""The demo server against the recorded exchanges: a faithful Neptun, not a toy.

Sections 1 to 4 and 6 of `tests/contract/exchanges.jsonl` are sent again, in order, to one empty
store. Status, body and the headers that matter have to be the recorded ones. Set aside are only
times, session ids and the cookies' sealed values; what the recording cut is compared as far as it
goes. HTTP reason phrases are not compared: an ASGI application cannot choose them.
"""

import asyncio
import json
import re
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from neptun_tui.demo.cookies import SESSION_HEADER, first_cookie
from neptun_tui.demo.schema import FILES, IMPORTS, PROJECTS
from neptun_tui.demo.server import create_app
from neptun_tui.demo.store import Store

CONTRACT = Path(__file__).parent.parent / "contract" / "exchanges.jsonl"
SECTIONS = {1, 2, 3, 4, 6}

EXCEPTIONS: dict[str, str] = {}
"""Exchanges, by their whole name, that differ, each with its reason. At present there are none.

What the recording left out is supplied, not excepted: bodies it cut (`CUT_BODIES`), the header of
1.37 and the changed cookie of 1.33 (`Replay`), and what happened between sections (`prepare`).
"""

CUT_BODIES = {
    "2.17": {"name": "n" * 10_000, "type": "web-app", "main_language": "python"},
    "3.09f": {"file_tree": {"x": "y" * 2_500_000}},
    "3.09g": {"file_tree": {"x": "y" * 1_500_000}},
    "4.10": {"content": "x" * 200_000},
    "4.11": {"content": "y" * 2_000_000},
    "4.11b": {"content": "z" * 10_000_000},
    "4.18": {"title": "t" * 5_000},
}
"""Request bodies the recording cut, made whole again from the names of the exchanges."""

AT_ONCE = ("3.36a", "3.36b")
"""Sent at the same time, as they were recorded."""

SEALED = re.compile(r"Fe26\.2\*\*[A-Za-z0-9*._-]+")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
TIME_CUT_OFF = re.compile(r'"\d{4}-\d\d-\d\dT[\d:.]*$')
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
CHAT = re.compile(r"chat-\d{13}")
CUT_MARK = re.compile(r"…( \(an HTML error page, cut\)|\[truncated in recording\])?$")


@dataclass(frozen=True)
class Exchange:
    name: str
    request: dict
    response: dict

    @property
    def number(self) -> str:
        return self.name.split()[0]


@dataclass(frozen=True)
class Seen:
    """What can be compared of an answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str


def recorded() -> list[Exchange]:
    lines = CONTRACT.read_text(encoding="utf-8").splitlines()
    exchanges = [Exchange(**json.loads(line)) for line in lines]
    return [e for e in exchanges if int(e.number.split(".")[0]) in SECTIONS]


EXCHANGES = recorded()


def settled(text: str) -> str:
    """The text without what differs from one run to the next."""
    for name, pattern in {"time": TIME, "id": UUID, "chat": CHAT, "sealed": SEALED}.items():
        text = pattern.sub(f"({name})", text)
    return text


def comparable_headers(headers: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    kept = {"content-type", "cache-control", "set-cookie"}
    return tuple(sorted((k.lower(), settled(v)) for k, v in headers if k.lower() in kept))


class Replay:
    """Sends the recorded requests, with our cookies in the place of the recorded ones."""

    def __init__(self, store: Store) -> None:
        self.store = store
        transport = httpx.ASGITransport(create_app(store))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:42124")
        self.cookies: dict[str, str] = {}
        self.answers: dict[int, httpx.Response] = {}

    async def run(self) -> dict[int, httpx.Response]:
        together = [i for i, e in enumerate(EXCHANGES) if e.number in AT_ONCE]
        async with self.client:
            for index, exchange in enumerate(EXCHANGES):
                self.prepare(exchange)
                if index == together[0]:
                    await asyncio.gather(*(self.send(i) for i in together))
                elif index not in together:
                    await self.send(index)
        return self.answers

    async def send(self, index: int) -> None:
        exchange = EXCHANGES[index]
        headers = {k: self.with_our_cookies(v) for k, v in exchange.request["headers"].items()}
        if exchange.number == "1.37":  # the header itself was left out of the recording
            headers[SESSION_HEADER] = self.cookies["Fe26.2**SEALED008"]
        self.client.cookies.clear()
        request = self.client.build_request(
            exchange.request["method"],
            exchange.request["path"],
            headers=headers,
            content=whole_body(exchange),
        )
        if "Accept" not in headers:
            del request.headers["Accept"]
        answer = await self.client.send(request)
        self.answers[index] = answer
        for name, value in exchange.response["headers"]:
            if name == "set-cookie" and SEALED.search(value):
                self.cookies[first_cookie(value)] = first_cookie(answer.headers["set-cookie"])

    def with_our_cookies(self, header: str) -> str:
        if "SEALED026" in header:  # the recorded one was SEALED008, its last 3 characters changed
            ours = self.cookies["Fe26.2**SEALED008"]
            return f"neptun-session={ours[:-3]}" + ("AAA" if ours[-3:] != "AAA" else "BBB")
        return SEALED.sub(lambda found: self.cookies[found[0]], header)

    def prepare(self, exchange: Exchange) -> None:
        """Do what the recording did between its sections without writing it down."""
        if exchange.number == "4.55":  # a project of Alice's with an import and a file: 10, 13, 21
            owner = {"neptun_user_id": 1}
            languages = {"type": "web-app", "main_language": "python"}
            project = self.store.add(PROJECTS, {"name": "cascade", **languages, **owner})
            owner["project_id"] = project["id"]
            values = {"source_type": "local_folder", "source_path": "/c"}
            parent = self.store.add(IMPORTS, {**values, **owner})
            values = {"title": "f", "original_path": "f", "content": "", "file_type": "text"}
            self.store.add(FILES, {**values, **owner, "import_id": parent["id"]})
        if exchange.name.startswith("6.01 HEAD"):  # section 5 linked things to project 1, and
            self.store.move_to_end(PROJECTS, 1)  # every link writes its prompt_context anew


def whole_body(exchange: Exchange) -> bytes | None:
    body = exchange.request["body"]
    if not exchange.request.get("body_cut"):
        return None if body is None else body.encode()
    values = {"source_type": "local_folder", "source_path": "/big", "neptun_user_id": 1}
    if exchange.number.startswith("4."):
        values = {"title": "", "original_path": "README.md", "content": "# hi"}
        values |= {"file_type": "markdown", "neptun_user_id": 1, "import_id": 2}
    start = re.match(r'\{"(?:title|source_path)": "(\w{1,20})"', body)
    if start:
        values["title"] = start[1]
    if exchange.number == "3.09g":
        values["source_path"] = "/big15"
    return json.dumps(values | CUT_BODIES[exchange.number]).encode()


@pytest.fixture(scope="module")
def answers() -> dict[int, httpx.Response]:
    store = Store()
    answers = asyncio.run(Replay(store).run())
    store.close()
    return answers


def wanted(exchange: Exchange) -> Seen:
    response = exchange.response
    body = settled(response["body"])
    if response.get("body_cut"):
        body = TIME_CUT_OFF.sub("", settled(CUT_MARK.sub("", response["body"])))
    headers = comparable_headers([(k, v) for k, v in response["headers"]])
    return Seen(response["status"], headers, body)


def got(exchange: Exchange, answer: httpx.Response) -> Seen:
    body = settled(answer.text)
    if exchange.response.get("body_cut"):
        body = body[: len(wanted(exchange).body)]
    headers = comparable_headers(answer.headers.multi_items())
    return Seen(answer.status_code, headers, body)


@pytest.mark.parametrize("index", range(len(EXCHANGES)), ids=[e.name for e in EXCHANGES])
def test_answers_as_recorded(index: int, answers: dict[int, httpx.Response]) -> None:
    exchange = EXCHANGES[index]
    matches = got(exchange, answers[index]) == wanted(exchange)
    if exchange.name in EXCEPTIONS:
        assert not matches, f"{exchange.name} matches: its exception is stale"
    else:
        assert got(exchange, answers[index]) == wanted(exchange), exchange.name


def test_every_exception_names_an_exchange() -> None:
    assert set(EXCEPTIONS) <= {e.name for e in EXCHANGES}
