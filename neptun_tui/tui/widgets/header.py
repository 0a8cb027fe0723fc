"""Header and bar texts of the browser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from neptun_tui.domain import safe_text
from neptun_tui.domain.account import Account, header_label
from neptun_tui.domain.resources import Kind
from neptun_tui.tui.widgets.table import Span

if TYPE_CHECKING:
    from neptun_tui.services.job import RunningJob
    from neptun_tui.storage.session_backends import StorageInfo
    from neptun_tui.tui.project_state import ProjectView

Pieces = tuple[list[Span], list[Span]]
"""Left and right pieces of a bar."""


WIDE = 110
"""Minimum columns for panes side by side."""

_ROOM_FOR_THE_WAY = 60


def title(
    account: Account, keeping: StorageInfo, *, demo: bool, read_only: bool, job: str = ""
) -> Pieces:
    """Return the account, the host, the backend and the mode.

    A running job comes first, and replaces the backend, so that there is room for it at every
    width. Where there is not, the backend is dropped first.
    """
    left: list[Span] = [
        (" neptun ", "brand"),
        *([(f" {job} ", "alert")] if job else []),
        (f" {header_label(account)}", ""),
    ]
    right: list[Span] = [] if job else [(f"  session: {keeping.label} ", "extra")]
    right += [(f" {mode} ", "alert") for mode, on in _modes(demo, read_only) if on]
    return left, right


def job(jobs: Sequence[RunningJob[Any, Any]], stop: str) -> str:
    """Return the progress of a job, and the key that stops it: ``deleting 24 of 80 · s stops``."""
    if not jobs:
        return ""
    progress = jobs[0].run.progress
    done = f"{progress.done:,} of {progress.total:,}"
    if progress.stopping:
        return f"stopping · {done} done"
    return f"{progress.verb.lower()} {done} · {stop} stops"


def _modes(demo: bool, read_only: bool) -> tuple[tuple[str, bool], ...]:
    return ("DEMO", demo), ("READ-ONLY", read_only)


def crumb(view: ProjectView | None, columns: int) -> Pieces:
    """Return the open project, its contents, and its selection, filter or load.

    The path to it is omitted where the projects are beside it, or room is short.
    """
    if view is None:
        return [(" Imports and files", "dim")], []
    name = safe_text.clean_name(view.project.name, 60)
    left: list[Span] = (
        [] if columns >= WIDE or columns < _ROOM_FOR_THE_WAY else [(" Projects ›", "extra")]
    )
    left.append((f" {name}", "strong"))
    left += [(f"{' · ' if n else '  '}{text}", "extra") for n, text in enumerate(_contents(view))]
    notes = [(f"  {text} ", style) for text, style in _notes(view)]
    if sum(len(text) for text, _ in notes) > columns // 2:
        notes = _brief(_notes(view, brief=True))
    return left, notes


def _contents(view: ProjectView) -> Sequence[str]:
    """Return the contents of a project, in pieces that can be dropped one by one."""
    listing = view.listing
    if listing is None:
        return ()
    imports = safe_text.count(len(listing.imports), "import")
    files = safe_text.count(len(listing.files), "file")
    match listing.missing:
        case Kind.IMPORT:
            return "imports unknown", files
        case Kind.FILE:
            return imports, "files unknown"
        case _:
            return imports, files, safe_text.size(listing.total_size)


def _brief(notes: Sequence[Span]) -> list[Span]:
    """Return notes on one line of 40 columns: ``4 marked · /compose 2``."""
    last = len(notes) - 1
    return [
        (f"{' · ' if n else '  '}{text}{' ' if n == last else ''}", style)
        for n, (text, style) in enumerate(notes)
    ]


def _notes(view: ProjectView, *, brief: bool = False) -> list[Span]:
    notes: list[Span] = []
    if view.loading:
        received = f" {safe_text.size(view.received)}" if view.received else ""
        notes.append((f"loading…{received}", "alert"))
    if view.marks:
        notes.append((f"{len(view.marks):,} marked", "alert"))
    if view.how.needle and view.listing:
        found = len(view.matching)
        total = len(view.listing.rows) - 1
        needle = safe_text.clean(view.how.needle, 10 if brief else 20)
        said = f"/{needle} {found:,}" if brief else f"filter: {needle} ({found:,} of {total:,})"
        notes.append((said, ""))
    return notes


def listing_problem(view: ProjectView | None) -> str:
    """Return the error of the last load, or the problem of the stored context."""
    if view is None or view.listing is None or view.loading:
        return ""
    listing = view.listing
    if view.failure:
        at = listing.loaded_at.astimezone().strftime("%H:%M:%S")
        return f"Not reloaded: this is from {at}. {view.failure}"
    if listing.problem:
        half = "imports" if listing.missing is Kind.IMPORT else "files"
        return f"The {half} could not be loaded. {listing.problem} Reload to retry."
    return f"{view.context[0].upper()}{view.context[1:]}." if view.context else ""
