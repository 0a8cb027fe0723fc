"""GitHub installations: checked before and after, only for imports that have one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from neptun_tui.domain.plan import DeletionPlan, ResourceRef, diff_plans, make_plan
from neptun_tui.domain.resources import Kind, Project
from neptun_tui.domain.results import Report
from neptun_tui.services import loading, messages
from neptun_tui.services.delete import DeletionRun
from neptun_tui.services.loading import load_listing
from neptun_tui.services.messages import about_connections

Real = Callable[..., Awaitable[tuple[Any, Any, Any, Any]]]

GITHUB, PUBLIC = ResourceRef(Kind.IMPORT, 102), ResourceRef(Kind.IMPORT, 103)
SEEN = "Project is connected to the GitHub installation demo-org. It may stay connected."
STILL = "GitHub installation demo-org is still connected."
GONE = "GitHub installation demo-org is no longer connected."
NOT_CHECKED = "GitHub installation demo-org could not be checked."


async def planned(link: Any, session: Any, *keys: ResourceRef, project: int = 1) -> DeletionPlan:
    where = Project(project, "Storefront")
    listing = await link.call(
        session.account.host,
        lambda neptun: load_listing(neptun, session, where, chosen=frozenset(keys)),
    )
    return make_plan(
        session.account, where, listing.imports, listing.files, keys,
        installations=listing.installations,
    )  # fmt: skip


async def deleted(link: Any, session: Any, plan: DeletionPlan) -> Report:
    run = DeletionRun(session, plan)
    return await asyncio.wrap_future(link.start(session.account.host, run.run))


def said(plan: DeletionPlan) -> str | None:
    return dict(messages.details(plan, datetime.now(UTC))).get("GitHub")


def asked(demo: Any) -> int:
    return sum(a.path.endswith("/github-installations") for a in demo.store.arrivals)


@pytest.mark.parametrize(("dialect", "end"), [("observed", STILL), ("documented", GONE)])
async def test_what_is_so_is_said_before_and_after(real: Real, dialect: str, end: str) -> None:
    demo, link, _, session = await real(dialect=dialect)
    plan = await planned(link, session, GITHUB)
    assert said(plan) == SEEN
    assert asked(demo) == 1
    report = await deleted(link, session, plan)
    assert report.all_gone
    assert about_connections(report) == end
    assert demo.deletes == ["1/resources/imports/102"]


@pytest.mark.parametrize("keys", [(PUBLIC,), (ResourceRef(Kind.FILE, 102),)])
async def test_other_plans_ask_nothing(real: Real, keys: tuple[ResourceRef, ...]) -> None:
    demo, link, _, session = await real()
    plan = await planned(link, session, *keys)
    report = await deleted(link, session, plan)
    assert report.all_gone
    assert (said(plan), report.connections, asked(demo)) == (None, (), 0)


async def test_nothing_connected_is_said_and_not_asked_again(real: Real) -> None:
    demo, link, _, session = await real()
    plan = await planned(link, session, ResourceRef(Kind.IMPORT, 122), project=8)
    assert plan.takes_connection
    assert said(plan) == "No installation is listed as connected to the project."
    report = await deleted(link, session, plan)
    assert (report.connections, asked(demo)) == ((), 1)


class Front:
    """Answers the list of installations itself."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status, self.body = status, body
        self.on = True

    def __call__(self, app: Any) -> Any:
        async def front(scope: Any, receive: Any, send: Any) -> None:
            if not self.on or not scope.get("path", "").endswith("/github-installations"):
                await app(scope, receive, send)
                return
            headers = [(b"content-type", b"application/json")]
            start = {"type": "http.response.start", "status": self.status, "headers": headers}
            await send(start)
            await send({"type": "http.response.body", "body": self.body})

        return front


BAD = [
    (204, b""), (404, b'{"statusCode":404}'), (500, b"{}"), (200, b"null"), (200, b"[null]"),
    (200, b'[{"id":"x"}]'), (200, b"[{"), (200, b"<html>"), (401, b"{}"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body"), BAD)
async def test_a_list_that_fails_is_unknown_and_stops_nothing(
    real: Real, status: int, body: bytes
) -> None:
    front = Front(status, body)
    demo, link, _, session = await real(around=front)
    plan = await planned(link, session, GITHUB)
    assert plan.installations is None
    assert said(plan) == "the installation connection may stay at Neptun"
    report = await deleted(link, session, plan)
    assert report.all_gone
    assert about_connections(report) == "The GitHub connection could not be checked."
    assert demo.deletes == ["1/resources/imports/102"]


async def test_one_that_was_seen_and_cannot_be_checked_is_named(real: Real) -> None:
    front = Front(204, b"")
    front.on = False
    _, link, _, session = await real(around=front)
    plan = await planned(link, session, GITHUB)
    front.on = True
    assert about_connections(await deleted(link, session, plan)) == NOT_CHECKED


async def test_an_envelope_and_two_installations(real: Real) -> None:
    two = (
        b'{"installations":[{"id":1,"github_account_name":"demo-org"},'
        b'{"id":9,"github_installation_id":2,"github_account_name":"other"},{"id":1}]}'
    )
    front = Front(200, two)
    _, link, _, session = await real(around=front)
    plan = await planned(link, session, GITHUB)
    line = said(plan) or ""
    assert line.startswith("Project is connected to the GitHub installations demo-org")
    assert line.endswith("other. They may stay connected.")
    report = await deleted(link, session, plan)
    assert about_connections(report) == f"{STILL} GitHub installation other is still connected."


async def test_a_list_that_hangs_holds_no_plan_up(
    real: Real, monkeypatch: pytest.MonkeyPatch
) -> None:
    def around(app: Any) -> Any:
        async def front(scope: Any, receive: Any, send: Any) -> None:
            if scope.get("path", "").endswith("/github-installations"):
                await receive()
                await receive()  # until the client has gone
                return
            await app(scope, receive, send)

        return front

    monkeypatch.setattr(loading.load_installations, "__defaults__", (0.2,))
    _, link, _, session = await real(around=around)
    plan = await planned(link, session, GITHUB)
    assert (plan.total, plan.installations) == (59, None)


async def test_an_empty_list_after_a_seen_one_is_asked_for_again(real: Real) -> None:
    lies = [b"[]"]

    def around(app: Any) -> Any:
        async def front(scope: Any, receive: Any, send: Any) -> None:
            at = scope.get("path", "").endswith("/github-installations")
            if at and front.on and lies:  # type: ignore[attr-defined]
                await Front(200, lies.pop())(app)(scope, receive, send)
                return
            await app(scope, receive, send)

        front.on = False  # type: ignore[attr-defined]
        fronts.append(front)
        return front

    fronts: list[Any] = []
    _, link, _, session = await real(around=around)
    plan = await planned(link, session, GITHUB)
    fronts[0].on = True
    assert about_connections(await deleted(link, session, plan)) == STILL
    assert not lies


async def test_a_change_promises_nothing(real: Real) -> None:
    _, link, _, session = await real()
    new = await planned(link, session, GITHUB)
    step = new.steps[0]._replace(takes_connection=False)
    old = DeletionPlan(new.account, new.project, (step,))
    assert [each.what for each in diff_plans(old, new)] == ["comes from a GitHub installation now"]
