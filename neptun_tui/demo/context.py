"""`prompt_context`: what makes a list of projects weigh megabytes (contract §4).

The observed server keeps it as a snapshot. Here it is made when it is asked for, so that it holds
the full content of every file of the project at that moment.
"""

from __future__ import annotations

from typing import Final

from neptun_tui.demo.schema import FILES, IMPORTS, Row
from neptun_tui.demo.store import Store

_RULES: Final = (
    "Do not make assumptions about project requirements that are not specified in the context.",
    "If you are unsure about something, ask for clarification rather than guessing.",
)
_RETURN_FORMAT: Final = (
    "Provide clear, concise, and helpful responses related to the project context "
    "using markdown syntax."
)


def with_context(store: Store, project: Row) -> Row:
    """The project as a list or a GET sends it: its context stands before the times."""
    return _placed(project, prompt_context(store, project))


def without_context(project: Row) -> Row:
    """The project as its creation answers it: the context is still null."""
    return _placed(project, None)


def prompt_context(store: Store, project: Row) -> Row:
    """Everything a language model is told about the project."""
    return {
        "goal": (
            f'You are an AI assistant for the {project["type"]} project "{project["name"]}". '
            f"Your goal is to help the user with their {project['main_language']} project."
        ),
        "rules": list(_RULES),
        "project": {name: project[name] for name in ("name", "type", "description")}
        | {"main_language": project["main_language"]},
        "resources": {"imports": _imports(store, project), "collections": []},
        "currentDate": project["updated_at"],
        "returnFormat": _RETURN_FORMAT,
    }


def _imports(store: Store, project: Row) -> list[Row]:
    files: dict[int | None, list[Row]] = {}
    for file in store.select(FILES, project_id=project["id"]):
        shown = {name: file[name] for name in ("title", "original_path", "content", "language")}
        files.setdefault(file["import_id"], []).append(shown)
    return [
        {
            "file_tree": found["file_tree"],
            "source_type": found["source_type"],
            "source_path": found["source_path"],
            "files": files.get(found["id"], []),
        }
        for found in store.select(IMPORTS, project_id=project["id"])
    ]


def _placed(project: Row, context: Row | None) -> Row:
    """The project's columns with the context where Neptun puts it."""
    shown: Row = {}
    for name, value in project.items():
        if name == "created_at":
            shown["prompt_context"] = context
        shown[name] = value
    return shown
