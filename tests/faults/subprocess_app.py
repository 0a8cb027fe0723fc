"""Second instance of the program, without screens, to kill or race with.

    python subprocess_app.py FOLDER ORIGIN settle
    python subprocess_app.py FOLDER ORIGIN delete STEP PROJECT KIND:ID...

The cookie is the first line of standard input. ``settle`` says, as one line of JSON, which
runs it has settled. ``delete`` deletes what is named; when it comes to STEP it says so, and waits
there to be killed; in the end it says what it reports.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from neptun_tui.api.client import NeptunClient
from neptun_tui.domain.account import Account, Secret
from neptun_tui.domain.plan import ResourceRef, make_plan
from neptun_tui.domain.resources import Kind, Project
from neptun_tui.services.account_session import AccountSession
from neptun_tui.services.auth import SignedIn, SignIn
from neptun_tui.services.client_thread import ClientThread
from neptun_tui.services.moved_items import load_for_plan
from neptun_tui.services.run_store import RunStore
from neptun_tui.storage.journal import RunLog
from neptun_tui.storage.session_store import memory_session_store


def say(*words: object) -> None:
    print(*words, flush=True)


def wait_at(step: str) -> None:
    """Stop for good when the program comes to a step."""
    owner, name = {
        "before the journal": (RunStore, "begin"),
        "after the plan": (RunLog, "intents"),
        "between intent and send": (NeptunClient, "_delete"),
        "after the answers": (RunLog, "verdicts"),
        "before the end": (RunLog, "end"),
    }[step]

    def stop(*_: object, **__: object) -> None:
        say(step)
        time.sleep(60)
        sys.exit("it was not killed")

    setattr(owner, name, stop)


async def start(folder: Path, origin: str, cookie: str) -> tuple[ClientThread, AccountSession]:
    """As the program starts: signed in, with the records that are there."""
    link = ClientThread(NeptunClient)
    sign_in = SignIn(link, memory_session_store)
    signed_in = await sign_in.with_cookie(origin, Secret(cookie))
    records = RunStore(folder / "state", folder / "backups")
    return link, AccountSession(link, sign_in, signed_in, no_sign_in, records=records)


async def no_sign_in(_: Account) -> SignedIn | None:
    """Signs in again."""
    return None


async def settle(account_session: AccountSession) -> None:
    """Report the results of interrupted runs."""
    settled = await account_session.settle_interrupted()
    say(json.dumps({each.run.run_id: [o.verdict for o in each.outcomes] for each in settled}))


async def delete(account_session: AccountSession, project: int, chosen: list[ResourceRef]) -> None:
    """Plan, keep, run, and say what the report says."""
    where = Project(project, "Storefront")
    listing = await account_session.ask(
        lambda neptun, session: load_for_plan(neptun, session, where, chosen)
    )
    found = {"elsewhere": listing.elsewhere}
    plan = make_plan(
        account_session.account, where, listing.imports, listing.files, chosen, **found
    )
    kept = await account_session.keep(plan, listing, backup=True)
    report = await account_session.start(plan, kept).finished()
    told = {f"{o.target.key.kind}:{o.target.key.id}": o.verdict for o in report.outcomes}
    say(json.dumps({"journal_error": report.journal_error, "verdicts": told}))


def key(text: str) -> ResourceRef:
    kind, _, number = text.partition(":")
    return ResourceRef(Kind(kind), int(number))


async def main(folder: str, origin: str, what: str, *rest: str) -> None:
    link, account_session = await start(Path(folder), origin, sys.stdin.readline().strip())
    if what == "settle":
        await settle(account_session)
    else:
        step, project, *keys = rest
        if step != "none":
            wait_at(step)
        await delete(account_session, int(project), [key(text) for text in keys])
    link.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
