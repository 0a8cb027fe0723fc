"""Texts about the progress and the end of runs and restores, shared by the app and commands."""

from __future__ import annotations

from collections.abc import Sequence

from neptun_tui.domain import safe_text, wording
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.results import Report, Verdict
from neptun_tui.domain.stored_context import ContextResult, ContextState
from neptun_tui.services import delete, restored
from neptun_tui.services.aftermath import Settled
from neptun_tui.services.past import label
from neptun_tui.services.restored import Fate, RestoreOutcome, RestoreReport

_NAMED = 6
"""Items that are named; the rest are counted."""


def progress_of_run(progress: delete.Progress, cells: int = 24) -> str:
    """A bar with rate and time left: ``████████················  12 of 59 · 6/s · 8 s left``."""
    said = _bar(progress.answered, progress.total, "request", cells)
    if progress.paused:
        return _until_next_try(progress, said)
    if not progress.answered or progress.phase is not delete.Phase.SENDING:
        return said
    rate = progress.answered / max(progress.seconds, 0.001)
    left = (progress.total - progress.answered) / rate
    return f"{said} · {rate:.0f}/s · {left:.0f} s left"


def _until_next_try(progress: delete.Progress | restored.Progress, said: str) -> str:
    return f"Next try in {progress.paused} s · {said} · {progress.why}"


def _bar(done: int, total: int, noun: str, cells: int) -> str:
    full = round(done / max(total, 1) * cells)
    return f"{'█' * full}{'·' * (cells - full)}  {done:,} of {safe_text.count(total, noun)}"


def end_of_run(report: Report) -> str:
    """Return how the results were verified, or why they could not be."""
    if report.trouble or report.halted:
        return report.trouble or report.halted
    if strange := report.also_gone:
        named = [wording.named(target) for target in strange[:3]]
        return (
            f"Not in what you confirmed, and gone as well: "
            f"{safe_text.shortened(named, len(strange), 120)}. Somebody deleted it, or "
            f"moved it below an import of the plan."
        )
    if report.count(Verdict.UNKNOWN):
        if not report.checked:
            return "Neptun's listing could not be had: what became of some items is unknown."
        return "What is still listed may still be carried out: it is unknown, not kept."
    if not report.checked:
        return (
            "Neptun could not be asked afterwards. Nothing of this was carried out, by its answers."
        )
    if report.signed_out:
        return "The session ended on the way. What is left can be planned once more."
    return "All results verified against Neptun's listing."


def about_context(report: Report) -> str:
    """Return the results for the stored contexts; empty when nothing was deleted."""
    if (result := report.context) is None:
        return ""
    others = [f"Project {n}: {each.sentence}." for n, each in report.other_contexts.items()]
    said = " ".join([f"{_capital(result.sentence)}.", *others])
    if not (numbers := report.outside_imports):
        return said
    named = safe_text.shortened([f"import {n}" for n in numbers[:_NAMED]], len(numbers), 80)
    verb, whose = ("is", "its") if len(numbers) == 1 else ("are", "their")
    return (
        f"{said} {_capital(named)} {verb} not in this project: the stored context of {whose} "
        f"project may still hold deleted files."
    )


def about_connections(report: Report) -> str:
    """Return the state of GitHub installations; empty when the plan had no import of one."""
    return " ".join(each.sentence for each in report.connections)


def open_results(count: int) -> str:
    """Count results that are open: ``1 result is open``."""
    return f"{safe_text.count(count, 'result')} {'is' if count == 1 else 'are'} open"


def recovered(settled: Settled) -> str:
    """Say how a run stands that was interrupted, or had open results."""
    name = safe_text.clean_name(settled.run.project.name, 60)
    if settled.open:
        said = safe_text.count(settled.open, "open result")
        return f"A deletion in {name} has {said}: {settled.summary}."
    was_known = all(item.verdict is not None for item in settled.run.items)
    kind = "A" if was_known else "An interrupted"
    return f"{kind} deletion in {name} is resolved: {settled.summary}."


def progress_of_restore(progress: restored.Progress, cells: int = 24) -> str:
    """A bar with what is done: ``████████················  12 of 59 · 6/s``."""
    said = _bar(progress.settled, progress.total, "item", cells)
    if progress.paused:
        return _until_next_try(progress, said)
    if progress.settled and progress.phase is restored.Phase.SENDING:
        said += f" · {progress.settled / max(progress.seconds, 0.001):.0f}/s"
    return said


def fates(report: RestoreReport) -> str:
    """The fates, counted: ``57 restored · 1 refused``."""
    parts = [f"{n:,} {fate}" for fate in Fate if (n := report.count(fate))]
    return " · ".join(parts)


def restored_sentence(outcome: RestoreOutcome) -> str:
    """All about one item: old ID, new ID, fate and reason."""
    said = f"{label(outcome.key)}: {outcome.fate}"
    if outcome.new_id:
        said += f", now {label(ResourceRef(outcome.key.kind, outcome.new_id))}"
    said += f". {safe_text.clean(outcome.reason)}" if outcome.reason else "."
    if outcome.taken_along:
        said += " Nobody chose it; files that were chosen need it."
    if outcome.twins:
        said += " Delete what you do not want twice."
    if outcome.without_connection:
        said += " A restore does not reconnect its GitHub installation."
    return f"{said} {safe_text.clean_name(outcome.name, 60)}"


def _context_after_restore(result: ContextResult | None) -> str:
    if result is None:
        return ""
    match result.state:
        case ContextState.RENEWED:
            return "Stored context renewed."
        case ContextState.LEFT:
            return "The stored context was left as it is; it may lack what was restored."
        case ContextState.ABSENT:
            return f"{_capital(result.sentence)}."
        case _:
            why = f": {safe_text.clean(result.reason.rstrip('.'))}" if result.reason else ""
            return f"The stored context may lack what was restored{why}."


def _other_contexts_after_restore(report: RestoreReport) -> list[str]:
    found = report.other_contexts.items()
    return [f"Project {number}: {_context_after_restore(result)}" for number, result in found]


def _capital(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def installations_of(imports: Sequence[int]) -> str:
    """Name GitHub installations by the imports they belong to, as they were before a restore."""
    numbers = safe_text.shortened([str(number) for number in imports[:_NAMED]], len(imports))
    if len(imports) == 1:
        return f"the GitHub installation of import {numbers}"
    return f"the GitHub installations of imports {numbers}"


def end_of_restore(report: RestoreReport) -> str:
    """Return how the results were verified, and what was not restored."""
    unrecorded = f"It was ended early. {report.unrecorded}" if report.unrecorded else ""
    said = [safe_text.clean(unrecorded or report.halted)]
    if report.signed_out:
        said.append("Sign in again, then restore the rest.")
    if lost := report.without_connection:
        of = installations_of([outcome.key.id for outcome in lost])
        said.append(f"A restore does not reconnect {of}.")
    if report.misnamed:
        said.append(safe_text.clean(report.misnamed))
    if report.project_made and report.project_id:
        said.append(
            f"The project no longer existed. It was made again: project {report.project_id}."
        )
    said.append(_context_after_restore(report.context))
    said += _other_contexts_after_restore(report)
    if twins := report.duplicates:
        named = safe_text.shortened([label(twin) for twin in twins[:6]], len(twins), 120)
        said.append(f"Duplicates, made by a late request: {named}.")
    if report.count(Fate.INCOMPLETE):
        said.append(
            "What is incomplete has a placeholder for its path. Restore again to finish it."
        )
    if report.count(Fate.UNKNOWN):
        said.append("Unknown items may still be carried out. Restore again in 15 minutes.")
    elif report.count(Fate.RESTORED):
        said.append("Each was found in Neptun's listing after the last answer.")
    return " ".join(filter(None, said))
