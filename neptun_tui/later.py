"""Lazy attributes of a package, imported when first used (PEP 562).

The first frame needs the sign-in form and nothing else. The rest takes as long to import
as a half of Textual, so it is loaded while the form is on the screen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module


def names_of(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """A ``__getattr__`` for a package.

    Args:
        package: its ``__name__``.
        homes: each name, and the module of the package in which it lives; a module's own name
            stands for the module.
    """

    def load(name: str) -> object:
        if (home := homes.get(name)) is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(f"{package}.{home}")
        return module if name == home else getattr(module, name)

    return load
