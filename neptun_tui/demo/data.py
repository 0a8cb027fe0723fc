"""Sample data: the accounts, projects, imports and files of the demo.

It is the same at each start, except for the dates, which are relative to now.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from random import Random
from typing import Any, Final

from neptun_tui.demo import hostile_names
from neptun_tui.demo.accounts import create_user
from neptun_tui.demo.context import renew_context
from neptun_tui.demo.sample_projects import (
    CONNECTED,
    DEMO_EMAIL,
    DEMO_PASSWORD,
    GITHUB_ACCOUNT,
    OTHER_EMAIL,
    OTHER_PASSWORD,
    SAMPLES,
    SHARED_ID,
    SampleImport,
    SampleProject,
)
from neptun_tui.demo.schema import FILES, IMPORTS, INSTALLATIONS, LINKS, PROJECTS, REPOSITORIES, Row
from neptun_tui.demo.store import Store, timestamp

MANY_FILES_PROJECT: Final = 21
"""Id of the project that `populate(extra_files=…)` adds."""

_FIRST_FILE_ID: Final = 1201


def populate(store: Store, *, extra_files: int = 0, now: datetime | None = None) -> None:
    """Fill an empty store with the accounts and their data.

    Args:
        store: The database to fill.
        extra_files: Number of files in an additional project "Many files"; 0 for no such project.
        now: Reference of the dates; None for the current time.
    """
    now = now or datetime.now(UTC)
    users = {
        DEMO_EMAIL: create_user(store, DEMO_EMAIL, DEMO_PASSWORD),
        OTHER_EMAIL: create_user(store, OTHER_EMAIL, OTHER_PASSWORD),
    }
    files: list[Row] = []
    for project in SAMPLES:
        owner = {"neptun_user_id": users[project.owner], "project_id": project.id}
        _add_project(store, project, owner, now)
        for parent in project.imports:
            files += _files_of(parent, owner, now)
    files += _orphans(now)
    store.add_many(FILES, _numbered(files))
    if extra_files:
        _add_many_files(store, extra_files, now)
    _connect_github(store, users[DEMO_EMAIL], now)
    for row in store.select(PROJECTS):
        renew_context(store, row["id"], at=row["updated_at"])


def _add_project(
    store: Store, project: SampleProject, owner: Mapping[str, int], now: datetime
) -> None:
    values = {
        "id": project.id,
        "name": project.name,
        "description": project.description,
        "type": project.type,
        "main_language": project.main_language,
        "neptun_user_id": owner["neptun_user_id"],
    }
    store.add(PROJECTS, {**values, **_times(now, project.days, project.days / 9)})
    for parent in project.imports:
        store.add(IMPORTS, _import_row(parent, owner, now))


def _connect_github(store: Store, user_id: int, now: datetime) -> None:
    """Add a GitHub installation, its repositories, and its links to projects."""
    times = _times(now, 301, 301)
    installation = {
        "github_account_type": "Organization",
        "github_account_avatar_url": "https://avatars.example/u/4711",
        "github_account_id": 4711,
        "github_account_name": GITHUB_ACCOUNT,
        "neptun_user_id": user_id,
    }
    row_id = store.add(INSTALLATIONS, {**installation, **times})["id"]
    paths = [parent.source_path for project in SAMPLES for parent in project.imports]
    connected = dict.fromkeys(p for p in paths if re.fullmatch(rf"{GITHUB_ACCOUNT}/[\w-]+", p))
    for number, path in enumerate(connected, start=900):
        repository = {
            "github_repository_id": number,
            "github_repository_name": path.partition("/")[2],
            "github_repository_url": f"https://github.com/{path}",
            "github_repository_default_branch": "main",
            "github_app_installation_id": row_id,
        }
        store.add(REPOSITORIES, {**repository, **times})
    for project_id in CONNECTED:
        store.add(LINKS, {"project_id": project_id, "github_installation_id": row_id})


def _import_row(parent: SampleImport, owner: Mapping[str, int], now: datetime) -> Row:
    paths = [path for path, _ in parent.contents()] if parent.contents else []
    return {
        "id": parent.id,
        "source_type": parent.source_type,
        "source_path": parent.source_path,
        "source_ref": parent.source_ref,
        "import_status": parent.import_status,
        "error_message": parent.error_message,
        "file_tree": _tree(paths) if paths else None,
        **owner,
        **_times(now, parent.days, parent.days / 30),
    }


def _files_of(parent: SampleImport, owner: Mapping[str, int], now: datetime) -> Iterator[Row]:
    """Yield the files of an import: most as old as it is, some newer, a few changed recently."""
    random = Random(parent.id)  # noqa: S311 - repeatable sample data, not a secret
    for path, content in parent.contents() if parent.contents else ():
        created = parent.days * random.choice((1.0, 1.0, random.uniform(0.01, 1.0)))
        created -= random.random() / 5_000  # the files of an import are created one after another
        changed = created * random.choice((1.0, 1.0, random.random() ** 3, random.random() ** 9))
        changed = max(changed, random.uniform(0.001, 0.004))
        row = _file_row(path, content) | {"import_id": parent.id}
        yield {**row, **owner} | _times(now, created, changed)


def _orphans(now: datetime) -> Iterator[Row]:
    """Yield files without a visible import in their project (contract §6)."""
    owner = {"neptun_user_id": 1, "project_id": 1}
    secret = "STRIPE_SECRET_KEY=sk_test_replace_me\nSESSION_SECRET=change-me\n"  # noqa: S105
    yield _file_row("orphan.env", secret) | owner | {"import_id": None} | _times(now, 401, 380)
    note = "Moved here from the billing folder; where does it belong?\n"
    yield _file_row("docs/vat.md", note) | owner | {"import_id": 105} | _times(now, 44, 3)


def _file_row(path: str, content: str) -> Row:
    pure = PurePosixPath(path)
    is_whole_title = path in hostile_names.TITLES
    title, parent = (path, ".") if is_whole_title else (pure.name, str(pure.parent))
    return {
        "title": title,
        "original_path": path,
        "content": content,
        "file_type": file_type_of(path),
        "category": category_of(path),
        "file_size": len(content.encode()),
        "language": language_of(path),
        "parent_path": None if parent == "." else parent,
        "depth": 0 if is_whole_title else len(pure.parts) - 1,
    }


def _numbered(files: Iterable[Row]) -> list[Row]:
    """Assign ids in the order of creation, with gaps as deleted files leave them.

    The rows are returned in the order of their last change, like the server's unordered list.
    """
    random, next_id = Random(7), _FIRST_FILE_ID  # noqa: S311
    ordered = sorted(files, key=lambda row: str(row["created_at"]))
    oldest = next(row for row in ordered if row["import_id"] == 101)
    for row in ordered:
        row["id"] = SHARED_ID if row is oldest else next_id
        next_id += row is not oldest and random.choice((1, 1, 1, 1, 2, 3))
    return sorted(ordered, key=lambda row: str(row["updated_at"]))


def _add_many_files(store: Store, number: int, now: datetime) -> None:
    owner = {"neptun_user_id": 1}
    words = {"type": "web-app", "main_language": "java", "description": f"{number:,} of them"}
    times = _times(now, 12, 1)
    project = {"id": MANY_FILES_PROJECT, "name": "Many files", **words, **owner, **times}
    owner["project_id"] = store.add(PROJECTS, project)["id"]
    source = {
        "source_type": "local_folder",
        "source_path": "/srv/monorepo",
        "import_status": "completed",
    }
    parent = store.add(IMPORTS, {"id": 140, **source, **owner, **times})["id"]
    store.add_many(FILES, _short_files(number, {**owner, "import_id": parent}, now))


def _short_files(number: int, owner: Row, now: datetime) -> Iterator[Row]:
    names = ("Service", "Client", "Mapper", "Test", "Config", "Factory", "Error")
    for index in range(number):
        title = f"{names[index % 7]}{index}.java"
        folder = f"src/module{index // 500:03d}"
        content = f"package module{index // 500:03d};\n\nfinal class {title[:-5]} {{}}\n"
        moment = timestamp(now - timedelta(seconds=(index * 7919) % 1_000_000))
        yield {
            "title": title,
            "original_path": f"{folder}/{title}",
            "content": content,
            "file_type": "text",
            "category": None,
            "file_size": len(content),
            "language": "java",
            "parent_path": folder,
            "depth": 2,
            "created_at": moment,
            "updated_at": moment,
            **owner,
        }


def _tree(paths: Iterable[str]) -> dict[str, Any]:
    """Return paths as the nested `file_tree` of an import."""
    root: dict[str, Any] = {"name": "root", "type": "directory", "children": []}
    for path in paths:
        node = root
        *folders, name = path.split("/")
        for folder in folders:
            found = (c for c in node["children"] if c["name"] == folder and "children" in c)
            child = next(found, None)
            if child is None:
                child = {"name": folder, "type": "directory", "children": []}
                node["children"].append(child)
            node = child
        node["children"].append({"name": name, "type": "file"})
    return root


def _times(now: datetime, created_days: float, updated_days: float) -> dict[str, str]:
    return {
        "created_at": timestamp(now - timedelta(days=created_days)),
        "updated_at": timestamp(now - timedelta(days=min(created_days, updated_days))),
    }


_LANGUAGES: Final = {
    ".ts": "typescript",
    ".js": "javascript",
    ".mjs": "javascript",
    ".vue": "vue",
    ".py": "python",
    ".sql": "sql",
    ".tf": "terraform",
    ".css": "css",
    ".html": "html",
    ".json": "json",
    ".yml": "yaml",
    ".yaml": "yaml",
    ".toml": "toml",
    ".md": "markdown",
    ".conf": "nginx",
    ".sh": "shell",
    ".ini": "ini",
}
_BY_NAME: Final = {
    "Dockerfile": "docker",
    "Makefile": "makefile",
}
_CATEGORIES: Final = {
    "package_manager": ("package.json", "pnpm-lock.yaml", "requirements.txt", "pyproject.toml"),
    "bundler": ("nuxt.config.ts", "vite.config.js", "tsconfig.json"),
    "build_tool": ("Makefile", "main.tf", "Chart.yaml", "ci.yml", "release.yml"),
    "server": ("Dockerfile", "docker-compose.yml", "nginx.conf", ".dockerignore"),
    "runtime": (".nvmrc", ".python-version", ".env.example"),
    "test_tool": ("playwright.config.ts", "vitest.config.ts", "pytest.ini"),
}
_CATEGORY_BY_NAME: Final = {name: kind for kind, names in _CATEGORIES.items() for name in names}


def file_type_of(path: str) -> str:
    """Return the `file_type`: markdown, pdf or text."""
    return {".md": "markdown", ".pdf": "pdf"}.get(PurePosixPath(path).suffix, "text")


def category_of(path: str) -> str | None:
    """Return the `category`; None for source code, "unknown" for other unknown files."""
    name, suffix = PurePosixPath(path).name, PurePosixPath(path).suffix
    if suffix in {".md", ".pdf"}:
        return "documentation"
    if suffix in {".txt", ".conf", ""}:
        return _CATEGORY_BY_NAME.get(name, "unknown")
    return _CATEGORY_BY_NAME.get(name)


def language_of(path: str) -> str:
    """Return the `language`; "text" is the default of the database."""
    pure = PurePosixPath(path)
    return _BY_NAME.get(pure.name) or _LANGUAGES.get(pure.suffix, "text")
