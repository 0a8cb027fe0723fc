"""Demo server against the recorded exchanges: it must behave like the real Neptun.

Sections 1 to 6 of `tests/contract/exchanges.jsonl` are sent again, in order, to one empty store,
and all of `tests/contract/exchanges-2.jsonl`, which was recorded on a database of its own, to
another. Status, body and the headers that matter have to be the recorded ones. Set aside are only
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
from neptun_tui.demo.schema import FILES, IMPORTS, INSTALLATIONS, PROJECTS, REPOSITORIES, USER_FILES
from neptun_tui.demo.server import create_app
from neptun_tui.demo.store import Store

CONTRACT = Path(__file__).parent.parent / "contract"
RECORDINGS = {"exchanges": range(1, 7), "exchanges-2": range(20, 30)}
"""The recordings and their sections that are sent again."""

EXCEPTIONS: dict[str, str] = {
    **{f"27.{number}": "the demo keeps no messages" for number in (*range(20, 26), 27)},
    **{f"27.{number}": "the demo shares no chats" for number in range(30, 36)},
    "29.20": "the demo has no catalogue of language models",
}
"""Exchanges, by their number, that differ, each with its reason.

Parts missing in the recording are supplied, not excepted: cut bodies (`CUT_BODIES`), the header of
1.37 and the changed cookie of 1.33 (`Replay`), and what happened between sections (`prepare`).
"""

OTHER_DATABASE = "5.25"
"""Recorded later, on another database; see `test_linked.py`."""

CUT_BODIES = {
    "2.17": {"name": "n" * 10_000, "type": "web-app", "main_language": "python"},
    "3.09f": {"file_tree": {"x": "y" * 2_500_000}},
    "3.09g": {"file_tree": {"x": "y" * 1_500_000}},
    "4.10": {"content": "x" * 200_000},
    "4.11": {"content": "y" * 2_000_000},
    "4.11b": {"content": "z" * 10_000_000},
    "4.18": {"title": "t" * 5_000},
    "22.24": {"file_tree": ["n" * 100] * 26_000},
    "23.26": {"content": "y" * 3_000_000},
}
"""Request bodies the recording cut, made whole again from the names of the exchanges."""

AT_ONCE = ("3.36a", "3.36b")
"""Sent at the same time, as they were recorded."""

SEALED = re.compile(r"Fe26\.2\*\*[A-Za-z0-9*._-]+")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
TIME_CUT_OFF = re.compile(r'"\d{4}-\d\d-\d\dT[\d:.]*$')
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
CHANGING = {
    "time": TIME,
    "id": UUID,
    "chat": re.compile(r"chat-\d{13}"),
    "sealed": SEALED,
    "uptime": re.compile(r'(?<="uptime":)[\d.]+'),
}
CUT_MARK = re.compile(r"…( \(an HTML error page, cut\)|\[truncated in recording\])?$")


@dataclass(frozen=True)
class Exchange:
    recording: str
    name: str
    request: dict
    response: dict

    @property
    def number(self) -> str:
        return self.name.split()[0]


@dataclass(frozen=True)
class Seen:
    """Return the comparable parts of a response."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str


def recorded(recording: str, sections: range) -> list[Exchange]:
    lines = (CONTRACT / f"{recording}.jsonl").read_text(encoding="utf-8").splitlines()
    exchanges = [Exchange(recording, **json.loads(line)) for line in lines]
    return [
        exchange
        for exchange in exchanges
        if int(exchange.number.split(".")[0]) in sections and exchange.number != OTHER_DATABASE
    ]


RECORDED = {name: recorded(name, sections) for name, sections in RECORDINGS.items()}
EXCHANGES = [(name, index) for name, found in RECORDED.items() for index in range(len(found))]


def settled(text: str) -> str:
    """The text without what differs from one run to the next."""
    for name, pattern in CHANGING.items():
        text = pattern.sub(f"({name})", text)
    return text


def untemplated(text: str) -> str:
    """The text without the fixed words of the prompt, which the second recording leaves out."""
    text = re.sub(r"(?<=## Goal\n).*", "(template text)", text)
    text = re.sub(r'"(goal|returnFormat)":"(\\.|[^"\\])*"', r'"\1":"(template text)"', text)
    two = '"rules":["(template text)","(template text)"]'
    return re.sub(r'"rules":\["(\\.|[^"\\])*","(\\.|[^"\\])*"\]', two, text)


def comparable_headers(headers: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    kept = {"content-type", "cache-control", "set-cookie"}
    return tuple(sorted((k.lower(), settled(v)) for k, v in headers if k.lower() in kept))


class Replay:
    """Sends the recorded requests, with our cookies in the place of the recorded ones."""

    def __init__(self, store: Store, exchanges: list[Exchange]) -> None:
        self.store = store
        self.exchanges = exchanges
        transport = httpx.ASGITransport(create_app(store))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:42124")
        self.cookies: dict[str, str] = {}
        self.uuids: dict[str, str] = {}
        self.answers: dict[int, httpx.Response] = {}

    async def run(self) -> dict[int, httpx.Response]:
        together = [i for i, e in enumerate(self.exchanges) if e.number in AT_ONCE]
        async with self.client:
            for index, exchange in enumerate(self.exchanges):
                self.prepare(exchange)
                if index in together[:1]:
                    await asyncio.gather(*(self.send(i) for i in together))
                elif index not in together:
                    await self.send(index)
        return self.answers

    async def send(self, index: int) -> None:
        exchange = self.exchanges[index]
        headers = {k: self.with_our_cookies(v) for k, v in exchange.request["headers"].items()}
        if exchange.number == "1.37":  # the header itself was left out of the recording
            headers[SESSION_HEADER] = self.cookies["Fe26.2**SEALED008"]
        self.client.cookies.clear()
        request = self.client.build_request(
            exchange.request["method"],
            UUID.sub(lambda found: self.uuids.get(found[0], found[0]), exchange.request["path"]),
            headers=headers,
            content=whole_body(exchange),
        )
        if "Accept" not in headers:
            del request.headers["Accept"]
        answer = await self.client.send(request)
        self.answers[index] = answer
        recorded, ours = exchange.response["body"], answer.text
        self.uuids |= zip(UUID.findall(recorded), UUID.findall(ours), strict=False)
        for name, value in exchange.response["headers"]:
            if name == "set-cookie" and SEALED.search(value):
                self.cookies[first_cookie(value)] = first_cookie(answer.headers["set-cookie"])

    def with_our_cookies(self, header: str) -> str:
        if "SEALED026" in header:  # the recorded one was SEALED008, its last 3 characters changed
            ours = self.cookies["Fe26.2**SEALED008"]
            return f"neptun-session={ours[:-3]}" + ("AAA" if ours[-3:] != "AAA" else "BBB")
        return SEALED.sub(lambda found: self.cookies[found[0]], header)

    def prepare(self, exchange: Exchange) -> None:
        """Do what the recording did between its exchanges without writing it down."""
        if exchange.number == "4.55":  # a project of Alice's with an import and a file: 10, 13, 21
            owner = {"neptun_user_id": 1}
            languages = {"type": "web-app", "main_language": "python"}
            project = self.store.add(PROJECTS, {"name": "cascade", **languages, **owner})
            owner["project_id"] = project["id"]
            values = {"source_type": "local_folder", "source_path": "/c"}
            parent = self.store.add(IMPORTS, {**values, **owner})
            values = {"title": "f", "original_path": "f", "content": "", "file_type": "text"}
            self.store.add(FILES, {**values, **owner, "import_id": parent["id"]})
        if exchange.name == "5.01 user-files list empty":
            for user_id, name in ((1, "alice-gh"), (3, "bob-gh")):
                self.add_installation(user_id, name, "User")
        if exchange.name.startswith("6.01 HEAD"):  # section 5 linked things to project 1, and
            self.store.move_to_end(PROJECTS, 1)  # every link rewrites its prompt_context
        self.prepare_second(exchange.number)

    def prepare_second(self, number: str) -> None:
        """Do the same for the second recording."""
        if number == "22.21":  # an import and a file that were moved away are put back
            self.store.change(IMPORTS, 2, {"project_id": 1})
        if number == "23.18":
            self.store.change(FILES, 2, {"project_id": 1})
        if number == "27.26":  # 27.24 made it, which is not imitated
            words = {"title": "Dockerfile", "text": "FROM x", "language": "docker"}
            words |= {"extension": "txt"}
            self.store.add(USER_FILES, {"id": 4, **words, "neptun_user_id": 1})
        if number == "28.01":
            for user_id, name in ((1, "org1"), (1, "org2"), (2, "org3")):
                self.add_installation(user_id, name, "Organization")
            for repository_number in (1, 2):
                self.store.add(REPOSITORIES, repository(repository_number))

    def add_installation(self, user_id: int, name: str, account_type: str) -> None:
        """Add what the GitHub app would have made."""
        number = len(self.store.select(INSTALLATIONS)) + 1
        first = 4711 if account_type == "User" else 4712
        values = {
            "github_account_type": account_type,
            "github_account_avatar_url": f"https://avatars.example/u/{number}",
            "github_account_id": first + number - 1,
            "github_account_name": name,
            "neptun_user_id": user_id,
        }
        self.store.add(INSTALLATIONS, values)


def repository(number: int) -> dict:
    return {
        "github_repository_id": 100 + number,
        "github_repository_name": f"repo{number}",
        "github_repository_description": "r",
        "github_repository_size": 12,
        "github_repository_language": "TypeScript",
        "github_repository_url": f"https://github.com/org1/repo{number}",
        "github_repository_default_branch": "main",
        "github_app_installation_id": 1,
    }


def whole_body(exchange: Exchange) -> bytes | None:
    body = exchange.request["body"]
    if not exchange.request.get("body_cut"):
        return None if body is None else body.encode()
    if exchange.request["method"] == "PUT":
        return json.dumps(CUT_BODIES[exchange.number]).encode()
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
def answers() -> dict[str, dict[int, httpx.Response]]:
    answers = {}
    for name, exchanges in RECORDED.items():
        store = Store()
        answers[name] = asyncio.run(Replay(store, exchanges).run())
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
    if exchange.recording == "exchanges-2":
        body = untemplated(body)
    if exchange.response.get("body_cut"):
        body = body[: len(wanted(exchange).body)]
    headers = comparable_headers(answer.headers.multi_items())
    return Seen(answer.status_code, headers, body)


@pytest.mark.parametrize(
    ("recording", "index"), EXCHANGES, ids=[RECORDED[name][i].name for name, i in EXCHANGES]
)
def test_answers_as_recorded(
    recording: str, index: int, answers: dict[str, dict[int, httpx.Response]]
) -> None:
    exchange, answer = RECORDED[recording][index], answers[recording][index]
    if exchange.number in EXCEPTIONS:
        matches = got(exchange, answer) == wanted(exchange)
        assert not matches, f"{exchange.name} matches: its exception is stale"
    else:
        assert got(exchange, answer) == wanted(exchange), exchange.name


def test_every_exception_names_an_exchange() -> None:
    numbers = {exchange.number for exchanges in RECORDED.values() for exchange in exchanges}
    assert set(EXCEPTIONS) <= numbers
