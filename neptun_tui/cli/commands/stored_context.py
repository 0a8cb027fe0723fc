"""``context``: renew the stored context of a project, or show a fresh one."""

from __future__ import annotations

from neptun_tui.cli.context import Context
from neptun_tui.cli.exit_codes import ExitCode
from neptun_tui.cli.output import on_terminal, print_info, print_text
from neptun_tui.domain import safe_text
from neptun_tui.domain.errors import ReadOnly
from neptun_tui.domain.resources import Project, parse_id
from neptun_tui.domain.stored_context import ContextState
from neptun_tui.services import messages


async def context(context: Context) -> ExitCode:
    """Renew the stored context, or show a live one."""
    project_id = parse_id(context.options.project)
    if context.options.action == "show":
        return await _show(context, project_id)
    if context.app_context.read_only:
        raise ReadOnly(messages.READ_ONLY_CONTEXT)
    return await _renew(context, project_id)


async def _renew(context: Context, project_id: int) -> ExitCode:
    account_session = await context.account_session()
    result = await account_session.renew_context(Project(project_id, ""))
    if context.options.json:
        from neptun_tui.cli import documents  # which the sentence does without

        made = documents.renewed_context(account_session.account, project_id, result)
        documents.print_document(made)
    said = result.sentence
    print_info(f"{said[0].upper()}{said[1:]}.")
    if result.unreachable:
        return ExitCode.UNREACHABLE
    done = result.state in (ContextState.RENEWED, ContextState.CLEAN)
    return ExitCode.OK if done else ExitCode.FAILED


async def _show(context: Context, project_id: int) -> ExitCode:
    session = (await context.signed_in()).session
    if context.options.json:
        from neptun_tui.cli import documents  # which the text does without

        found = await context.ask(session, lambda neptun, who: neptun.prompt(who, project_id))
        documents.print_document(documents.live_context(session.account, project_id, found))
        return ExitCode.OK
    text = await context.ask(session, lambda neptun, who: neptun.prompt_markdown(who, project_id))
    if on_terminal():
        text = "\n".join(safe_text.clean(line, len(line)) for line in text.split("\n"))
    print_text(text if text.endswith("\n") else f"{text}\n")
    return ExitCode.OK
