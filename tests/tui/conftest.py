"""Fixtures for the screens: a Neptun on a real socket, and the app in front of it."""

from __future__ import annotations

import asyncio
import gc
import re
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from textual import events
from textual._compositor import Compositor, CompositorUpdate
from textual._context import visible_screen_stack
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.geometry import Size
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from neptun_tui.api.client import NeptunClient
from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
from neptun_tui.demo.server import create_app, listen
from neptun_tui.demo.store import Arrival
from neptun_tui.domain.account import Secret
from neptun_tui.services.auth import SignIn
from neptun_tui.services.client_thread import ClientThread
from neptun_tui.services.context import AppContext
from neptun_tui.services.run_store import RunStore
from neptun_tui.storage.session_store import SessionStore, memory_session_store
from neptun_tui.tui import input_guard
from neptun_tui.tui.app import NeptunApp
from neptun_tui.tui.dialogs.confirm import ConfirmScreen
from neptun_tui.tui.dialogs.job import JobScreen
from neptun_tui.tui.project_state import ProjectView
from neptun_tui.tui.screens.resources_pane import ResourcesPane

from ..builders import populated_store

SIZES = ((80, 24), (120, 40), (40, 12))
POLL_SECONDS = 0.02
CALM_TURNS = 6
MANY_TURNS = 200
DRAW = Compositor.render_update
PATIENCE = 30.0


class Gate:
    """Answers wait here until it is opened; what was asked for is done already."""

    def __init__(self, asked: str) -> None:
        self._asked = re.compile(asked)
        self._opened = threading.Event()
        self._latching = True
        self.waiting = 0

    def holds(self, request: str) -> bool:
        return self._latching and bool(self._asked.search(request))

    async def passed(self) -> None:
        self.waiting += 1
        await asyncio.to_thread(self._opened.wait)
        self.waiting -= 1

    def let_others_pass(self) -> None:
        """Hold what waits already, and nothing that comes later."""
        self._latching = False

    def open(self) -> None:
        self.let_others_pass()
        self._opened.set()


class Neptun:
    """The server's side of one test."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.store = populated_store()
        self._gates: list[Gate] = []
        self._halves: list[Gate] = []
        self._instead: list[tuple[re.Pattern[str], int, bytes, str]] = []
        self.heal = self._instead.clear
        self._app: ASGIApp = create_app(self.store)
        self.under_way = 0

    def refill(self) -> None:
        """Reset the sample data."""
        self.close()
        self.__init__(self.origin)  # type: ignore[misc]

    def serve(self, **options: Any) -> None:
        """Go on with another key, dialect or latency, and the same data."""
        self._app = create_app(self.store, **options)

    def hold(self, asked: str = "") -> Gate:
        """Hold back the answers to requests such as ``DELETE /api/…/files/7``."""
        self._gates.append(Gate(asked))
        return self._gates[-1]

    def hold_the_end(self, asked: str) -> Gate:
        """Send half of the answer to such requests, and hold back the rest."""
        self._halves.append(Gate(asked))
        return self._halves[-1]

    def answer(self, asked: str, status: int, body: bytes, kind: str = "application/json") -> None:
        self._instead.append((re.compile(asked), status, body, kind))

    @property
    def arrivals(self) -> list[Arrival]:
        return list(self.store.arrivals)

    @property
    def deletes(self) -> list[str]:
        """The DELETEs that arrived, each as project, kind and ID."""
        paths = [a.path.split("/") for a in self.arrivals if a.method == "DELETE"]
        return ["/".join((path[5], path[7], path[8])) for path in paths]

    def count(self, method: str, ends: str) -> int:
        return sum((a.method, a.path[-len(ends) :]) == (method, ends) for a in self.arrivals)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.under_way += 1
        try:
            await self._serve(scope, receive, send)
        finally:
            self.under_way -= 1

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = f"{scope['method']} {scope['path']}"
        gates = [gate for gate in self._gates if gate.holds(asked)]
        halves = [gate for gate in self._halves if gate.holds(asked)]

        async def send_later(message: Message) -> None:
            for gate in gates:
                await gate.passed()
            gates.clear()
            body = message.get("body", b"")
            for gate in halves:
                if body:
                    half, body = body[: len(body) // 2], body[len(body) // 2 :]
                    await send({**message, "body": half, "more_body": True})
                    await gate.passed()
                    message = {**message, "body": body}
            await send(message)

        for pattern, status, body, kind in self._instead:
            if pattern.search(asked):
                await Response(body, status, media_type=kind)(scope, receive, send_later)
                return
        await self._app(scope, receive, send_later)

    def let_go(self) -> None:
        """Open all gates, for good."""
        for gate in self._gates + self._halves:
            gate.open()

    def close(self) -> None:
        """Close the store, once no request needs it."""
        self.let_go()
        until = time.monotonic() + PATIENCE
        while self.under_way and time.monotonic() < until:
            time.sleep(0.002)
        self.store.close()


class Front:
    """Server shared by all tests; each puts its own Neptun behind it."""

    app: ASGIApp
    origin: str

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@pytest.fixture(scope="session", autouse=True)
def rare_collections() -> Iterator[None]:
    """A third of the time would go into walking the widgets of tests that are over."""
    usual = gc.get_threshold()
    gc.set_threshold(200_000, 20, 20)
    yield
    gc.set_threshold(*usual)


@pytest.fixture(scope="session", autouse=True)
def styles_parsed_once() -> Iterator[None]:
    """Keep parsed style rules from one app to the next: parsing took an eighth of each test.

    Textual 8.2 keeps them for one app only. Hashing a rule by the interpreter is its own hash, the
    identity, without a call of Python.
    """
    parsed: dict[object, list[RuleSet]] = {}
    parse = Stylesheet._parse_rules

    def parse_once(sheet: Stylesheet, *arguments: Any, **options: Any) -> list[RuleSet]:
        variables = tuple(sorted(sheet._variables.items()))
        key = (variables, arguments, tuple(sorted(options.items())))
        if key not in parsed:
            parsed[key] = parse(sheet, *arguments, **options)
        return parsed[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parse_once)
        patch.setattr(RuleSet, "__hash__", object.__hash__)
        yield


@pytest.fixture(scope="session", autouse=True)
def drawn_at_rest() -> Iterator[None]:
    """Draw a screen when it has come to rest, or is looked at.

    A third of each test went into the frames before that, which no terminal showed.
    """

    def draw_later(
        compositor: Compositor, full: bool = False, screen_stack: Any = None, simplify: bool = False
    ) -> object:
        if full:  # a screenshot
            return DRAW(compositor, full, screen_stack, simplify)
        regions = compositor._dirty_regions
        changed = bool(regions)
        regions.clear()
        return CompositorUpdate() if changed else None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Compositor, "render_update", draw_later)
        yield


@pytest.fixture
def every_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw every frame, as a terminal gets it: for names that could break the drawing."""
    monkeypatch.setattr(Compositor, "render_update", DRAW)


@pytest.fixture(scope="session")
def front() -> Iterator[Front]:
    """One server on a real socket, in a thread of its own."""
    front = Front()
    options = {"interface": "asgi3", "lifespan": "off", "ws": "none", "log_level": "critical"}
    server = uvicorn.Server(uvicorn.Config(front.serve, timeout_graceful_shutdown=1, **options))
    with listen() as listener:
        front.origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        yield front
        server.should_exit = True
        thread.join(5)


@pytest.fixture
def neptun(front: Front) -> Iterator[Neptun]:
    """A fresh Neptun with the sample data."""
    neptun = Neptun(front.origin)
    front.app = neptun
    yield neptun
    neptun.close()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dialog settles sooner than for people, but where a test is about just that."""
    monkeypatch.setattr(input_guard, "SETTLE_SECONDS", 0.1)


@pytest.fixture
def unhurried(soon: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time that people have."""
    monkeypatch.setattr(input_guard, "SETTLE_SECONDS", 0.4)


@pytest.fixture
def make_app_context(neptun: Neptun) -> Iterator[Callable[..., AppContext]]:
    """Wire the app as the command line does, with a session store that touches nothing outside."""
    made: list[tuple[ClientThread, SessionStore]] = []

    def make(
        *,
        host: str = "",
        session_store: SessionStore | None = None,
        records: RunStore | None = None,
        **options: Any,
    ) -> AppContext:
        link, session_store = ClientThread(NeptunClient), session_store or memory_session_store()
        made.append((link, session_store))
        sign_in = SignIn(link, lambda: session_store)
        keeper = (lambda: records) if records else None
        options.setdefault("outage_seconds", 0)  # a run would wait longer than a test does
        return AppContext(link, sign_in, host or neptun.origin, open_records=keeper, **options)

    yield make
    for link, session_store in made:
        link.close(seconds=30)
        session_store.close()


class Picture:
    """What there is to see on a screen, drawn once, when it is first looked at."""

    def __init__(self, screen: Screen[Any]) -> None:
        self.screen = screen

    @cached_property
    def grid(self) -> list[str]:
        visible_screen_stack.set(self.screen.app._background_screens)
        strips = self.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip) for strip in strips]

    @cached_property
    def text(self) -> str:
        return "\n".join(self.grid)

    @cached_property
    def words(self) -> str:
        regions = [pane.region for pane in self.screen.query("#projects, #right")]
        lines = [*self.grid]
        lines += [line[r.x : r.right] for r in regions for line in self.grid[r.y : r.bottom]]
        return " ".join(re.sub(r"[│╭╮╰╯─▌▂▃▄▅▆▇█]", " ", "\n".join(lines)).split())


class Ui:
    """The app as a person has it: keys go in, a grid of text comes out."""

    def __init__(self, app: NeptunApp, pilot: Pilot[None], neptun: Neptun) -> None:
        self.app = app
        self.pilot = pilot
        self.neptun = neptun
        self._picture = Picture(app.screen)
        self._keep_up()

    def _keep_up(self) -> None:
        """Take a new picture only after a change: a wait looks fifty times a second."""
        display = self.app._display

        def displayed(screen: Screen[Any], update: Any) -> None:
            if update is not None:
                self._picture = Picture(screen)
            display(screen, update)

        self.app._display = displayed  # type: ignore[method-assign]

    @property
    def picture(self) -> Picture:
        if self._picture.screen is not self.app.screen:
            self._picture = Picture(self.app.screen)
        return self._picture

    @property
    def grid(self) -> list[str]:
        return [*self.picture.grid]

    @property
    def text(self) -> str:
        return self.picture.text

    @property
    def words(self) -> str:
        """All that is on the screen as one line, so that wrapped sentences can be found.

        Once across the screen and once for each pane, for a sentence may be wrapped within one.
        """
        return self.picture.words

    @property
    def footer(self) -> str:
        return self.grid[-1]

    @property
    def focused(self) -> str:
        return (self.app.focused.id or "") if self.app.focused else ""

    def line(self, text: str) -> str:
        """Return the only line with a text; the detail, drawn a moment later, may repeat it."""
        panes = [pane.region for pane in self.app.screen.query("#detail")]
        hidden = {y for pane in panes for y in range(pane.y, pane.bottom)}
        (found,) = (line for y, line in enumerate(self.grid) if text in line and y not in hidden)
        return found

    async def press(self, *keys: str) -> None:
        """Press keys, each when the one before has had its effect."""
        for key in keys:
            self.burst(key)
            await self.quiet()

    async def quiet(self) -> None:
        """Let every widget handle what is queued, what that has queued in turn, and be drawn."""
        for _ in range(2):
            await self._handled()
            self.app.screen._on_timer_update()
        await self._handled()
        _ = self.picture.grid  # what cannot be drawn is found here

    async def _handled(self) -> None:
        calm, turns, deadline = 0, 0, time.monotonic() + PATIENCE
        while calm < CALM_TURNS and time.monotonic() < deadline:
            # What takes many turns waits for something: it comes no sooner by asking without end.
            turns += 1
            await asyncio.sleep(0 if turns < MANY_TURNS else POLL_SECONDS / 10)
            calm = calm + 1 if self._is_calm() else 0

    def _is_calm(self) -> bool:
        if self.app._turn_timer is not None or not self.app._message_queue.empty():
            return False
        nodes = self.app.screen.walk_children(with_self=True)
        return all(node._message_queue.empty() for node in nodes)

    def burst(self, *keys: str) -> None:
        """Let keys arrive in one packet, as over a slow link."""
        for key in keys:
            name = _character_to_key(key) if len(key) == 1 else key
            self.app.post_message(events.Key(name, key if len(key) == 1 else None))

    async def type(self, text: str) -> None:
        """Type into the field that has the focus, in one go."""
        self.burst(*text)
        await self.quiet()

    async def paste(self, text: str) -> None:
        self.app.post_message(events.Paste(text))
        await self.quiet()

    async def resize(self, width: int, height: int) -> None:
        """Make the terminal as large as this."""
        size = Size(width, height)
        self.app._driver._size = size  # type: ignore[union-attr]
        self.app.post_message(events.Resize(size, size))
        await self.until(lambda: self.app.screen.size == (width, height), "the new size")
        await self.quiet()

    async def each_size(self) -> AsyncIterator[tuple[int, int]]:
        """Make the terminal as large as each of the sizes that must work."""
        for width, height in SIZES:
            await self.resize(width, height)
            yield width, height

    async def until(self, holds: Callable[[], object], what: str = "it") -> None:
        """Wait for something, a few seconds at the most."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            if self.app._exception:
                raise self.app._exception
            assert time.monotonic() < deadline, f"waited for {what} in vain:\n{self.text}"
            await asyncio.sleep(POLL_SECONDS)

    async def see(self, *texts: str) -> None:
        for text in texts:
            await self.until(lambda text=text: text in self.words, repr(text))

    async def see_no(self, text: str) -> None:
        await self.until(lambda: text not in self.words, f"the end of {text!r}")

    async def on(self, screen: type[Any]) -> None:
        await self.until(lambda: isinstance(self.app.screen, screen), screen.__name__)
        await self.quiet()

    @property
    def job(self) -> str:
        """Verb of the job whose screen is on top; empty for another screen."""
        screen = self.app.screen
        return screen._active.run.verb if isinstance(screen, JobScreen) else ""

    async def on_job(self, verb: str) -> None:
        await self.until(lambda: self.job == verb, f"the job: {verb}")
        await self.quiet()

    async def settled(self, seconds: float = 0.0) -> None:
        """Stay so long, or until a dialog takes keys."""
        await asyncio.sleep(seconds or input_guard.SETTLE_SECONDS + 0.05)
        await self.quiet()

    def field(self, name: str) -> Input:
        return self.app.screen.query_one(f"#{name}", Input)

    @property
    def pane(self) -> ResourcesPane:
        return next(s.query_one(ResourcesPane) for s in self.app.screen_stack if s.query("#right"))

    @property
    def view(self) -> ProjectView:
        assert self.pane.view is not None
        return self.pane.view

    async def go_to(self, text: str) -> None:
        """Go to an ID, as a person does."""
        await self.press("colon", *text, "enter")

    async def open(self, project: int) -> None:
        """Open a project and wait for its listing."""
        await self.until(lambda: "Storefront" in self.text, "the projects")
        if project != 1:
            await self.go_to(str(project))
        await self.press("enter")
        await self.loaded()

    async def loaded(self) -> None:
        """Wait until the listing of the open project is whole."""
        await self.until(lambda: self.view.listing and not self.view.loading, "the listing")
        await self.quiet()

    async def point_at(self, text: str) -> None:
        """Put the cursor on ``i102`` or ``f102``."""
        assert self.pane.find(text) == ""
        await self.quiet()

    async def mark(self, *texts: str) -> None:
        """Mark ``i102``, ``f102`` and others."""
        for text in texts:
            await self.point_at(text)
            await self.press("space")

    async def ask_to_delete(self, *texts: str) -> None:
        """Bring up the dialog for one item, or for several; and wait until it would take a key."""
        await (self.point_at(*texts) if len(texts) == 1 else self.mark(*texts))
        await self.press("d")
        await self.on(ConfirmScreen)
        await self.see("Checked with Neptun")
        await self.settled()

    async def run(self, *texts: str, phrase: str = "") -> None:
        """Delete and wait for the report."""
        await self.ask_to_delete(*texts)
        if phrase:
            await self.type(phrase)
        await self.press("enter" if phrase else "y")
        await self.reported()

    async def reported(self) -> None:
        """Wait for the end of a run, with its report on the screen."""
        await self.until(lambda: re.search(r"(Done|Stopped|has ended)  \d", self.text), "a report")
        await self.quiet()


@pytest.fixture
def start(
    neptun: Neptun, make_app_context: Callable[..., AppContext], tmp_path: Path
) -> Callable[..., Any]:
    """Start the app; signed in already, unless a test says otherwise."""

    @asynccontextmanager
    async def begin(
        size: tuple[int, int] = (80, 24), *, signed_in: bool = True, project: int = 0,
        app_context: AppContext | None = None, **options: Any,
    ) -> AsyncIterator[Ui]:  # fmt: skip
        app_context = app_context or make_app_context(**options)
        if signed_in:
            await app_context.sign_in.with_password(
                app_context.host, DEMO_EMAIL, Secret(DEMO_PASSWORD)
            )
        app = NeptunApp(app_context, crash_folder=tmp_path / "crash")
        async with app.run_test(size=size, notifications=True) as pilot:
            ui = Ui(app, pilot, neptun)
            if project:
                await ui.open(project)
            yield ui

    return begin
