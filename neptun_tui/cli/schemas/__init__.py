"""JSON Schemas (draft 2020-12) of the documents that ``--json`` prints, one file each."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent

SCHEMAS: Final = tuple(sorted(file.stem for file in _FOLDER.glob("*.json")))
"""Their names: those of the commands."""


def schema_text(name: str) -> str:
    """One of them, as it stands in the package."""
    return (_FOLDER / f"{name}.json").read_text(encoding="utf-8")
