"""Context of a project, the input of a language model (contract §9).

`prompt_context` is stored with the project: the full content of every file as it was when the
context was last written. Deleting, adding or changing imports and files does not change it.
`GET …/context` computes the current one and stores nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from neptun_tui.demo.access import COLLECTION, linked_rows, own_project
from neptun_tui.demo.errors import server_error
from neptun_tui.demo.library import collections_in_context
from neptun_tui.demo.request import Call, Outcome, Verb
from neptun_tui.demo.schema import FILES, IMPORTS, PROJECTS, Row
from neptun_tui.demo.store import Store, timestamp

_RULES: Final = (
    "Do not make assumptions about project requirements that are not specified in the context.",
    "If you are unsure about something, ask for clarification rather than guessing.",
)
_RETURN_FORMAT: Final = (
    "Provide clear, concise, and helpful responses related to the project context "
    "using markdown syntax."
)
_IMPORT_COLUMNS: Final = (
    *("source_type", "source_path", "source_ref", "import_status", "error_message", "file_tree"),
)
_FILE_COLUMNS: Final = (
    *("title", "original_path", "content", "file_type", "category", "file_size", "pdf_url"),
    *("language", "metadata", "parent_path", "depth"),
)


async def show_context(call: Call) -> Outcome:
    """GET …/projects/{project_id}/context: computed now; the stored one does not change."""
    context = compute_context(call.store, own_project(call))
    return Outcome(Verb.PLAIN, payload={"context": context})


async def show_markdown(call: Call) -> Outcome:
    """GET …/projects/{project_id}/context/markdown: the current context as text."""
    text = "\n".join(_markdown(compute_context(call.store, own_project(call))))
    return Outcome(Verb.PLAIN, payload=text, content_type="text/markdown; charset=utf-8")


async def store_context(call: Call) -> Outcome:
    """POST …/projects/{project_id}/context: renews it without a change of the project."""
    project_id = own_project(call)
    if call.store.faults.context_fails:
        raise server_error()
    project = renew_context(call.store, project_id)
    return Outcome(Verb.PLAIN, payload={"context": project["prompt_context"]})


def renew_context(store: Store, project_id: int, *, at: str | None = None) -> Row:
    """Compute the context of a project, store it, and return the project.

    Args:
        store: The database.
        project_id: A project that exists.
        at: Time of the renewal; None for now.
    """
    context = compute_context(store, project_id, at=at)
    values = {"prompt_context": context, "updated_at": context["currentDate"]}
    return store.change(PROJECTS, project_id, values)


def compute_context(store: Store, project_id: int, *, at: str | None = None) -> Row:
    """Return the context of a project, computed from its current imports and files."""
    project = store.get(PROJECTS, project_id)
    columns = ("name", "description", "type", "main_language")
    imports = store.select(IMPORTS, project_id=project_id)
    collections = linked_rows(store, COLLECTION, project_id)
    return {
        "goal": (
            f'You are an AI assistant for the {project["type"]} project "{project["name"]}". '
            f"Your goal is to help the user with their {project['main_language']} project."
        ),
        "returnFormat": _RETURN_FORMAT,
        "rules": list(_RULES),
        "project": {name: project[name] for name in columns},
        "resources": {
            "collections": collections_in_context(store, collections),
            "imports": [_import(store, row) for row in imports],
        },
        "currentDate": at or timestamp(),
    }


def _import(store: Store, row: Row) -> Row:
    """Return an import with its files, including those in another project."""
    files = store.select(FILES, import_id=row["id"])
    shown = [{name: file[name] for name in _FILE_COLUMNS} for file in files]
    return {**{name: row[name] for name in _IMPORT_COLUMNS}, "context_files": shown}


def _markdown(context: Row) -> Iterator[str]:
    yield f"# Project Context\n\n## Goal\n{context['goal']}\n"
    yield f"## Return Format\n{context['returnFormat']}\n"
    yield "## Rules\n" + "".join(f"- {rule}\n" for rule in context["rules"])
    yield "## Project\n" + "".join(
        f"- {name}: {value}\n" for name, value in context["project"].items()
    )
    yield "## Resources\n"
    for parent in context["resources"]["imports"]:
        yield f"### {parent['source_type']}: {parent['source_path']}\n"
        for file in parent["context_files"]:
            yield f"#### {file['original_path']}\n```\n{file['content']}\n```\n"
    yield f"Current date: {context['currentDate']}\n"
