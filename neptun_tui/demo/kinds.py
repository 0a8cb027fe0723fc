"""How Neptun files away a path: its type, its category, its language."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

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
    """The `file_type`: markdown, pdf or text."""
    return {".md": "markdown", ".pdf": "pdf"}.get(PurePosixPath(path).suffix, "text")


def category_of(path: str) -> str | None:
    """The `category`; source code has none, and what nobody knows is "unknown"."""
    name, suffix = PurePosixPath(path).name, PurePosixPath(path).suffix
    if suffix in {".md", ".pdf"}:
        return "documentation"
    if suffix in {".txt", ".conf", ""}:
        return _CATEGORY_BY_NAME.get(name, "unknown")
    return _CATEGORY_BY_NAME.get(name)


def language_of(path: str) -> str:
    """The `language`; "text" is what the database falls back to."""
    pure = PurePosixPath(path)
    return _BY_NAME.get(pure.name) or _LANGUAGES.get(pure.suffix, "text")
