"""Argument parser that suggests what was probably meant."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import NoReturn

from neptun_tui.cli.exit_codes import ExitCode
from neptun_tui.cli.output import print_error, print_info, print_text

COMMAND = "COMMAND"
"""Placeholder for a command's name in the help."""


class Parser(argparse.ArgumentParser):
    """Parser that suggests near matches and prints examples unchanged."""

    def __init__(self, *args: object, **options: object) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        options.setdefault("allow_abbrev", False)
        super().__init__(*args, **options)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        """Exit with one sentence that points to ``--help``."""
        print_error(message)
        print_info(f"Try: {self.prog} --help")
        self.exit(ExitCode.USAGE)

    def _print_message(self, message: str, _file: object = None) -> None:
        """Print help or the version; mistakes go through :meth:`error`."""
        print_text(message)

    def _check_value(self, action: argparse.Action, value: object) -> None:
        choices = [str(choice) for choice in action.choices or ()]
        if not choices or value in choices:
            return
        what = "command" if action.metavar == COMMAND else "choice"
        raise argparse.ArgumentError(None, f"unknown {what} {value!r}. {hint(value, choices)}")


def what_is(unknown: str, made: argparse.ArgumentParser) -> str:
    """Return a sentence about an unknown argument, with the most similar option."""
    name = unknown.partition("=")[0]
    options = {command: options_of(each) for command, each in every_parser(made).items()}
    if owners := [command for command, names in options.items() if name in names]:
        return f"argument {unknown!r} goes with {', '.join(owners)}, not here."
    near = nearest(name, {each for names in options.values() for each in names}, 0.7)
    return f"unknown argument {unknown!r}.{f' Did you mean {near}?' if near else ''}"


def hint(value: object, choices: Iterable[str]) -> str:
    """Return the most similar choice to an invalid value as a hint; else list all choices."""
    names = list(choices)
    near = nearest(str(value), names)
    return f"Did you mean {near!r}?" if near else f"There are: {', '.join(names)}."


def nearest(value: str, choices: Iterable[str], likeness: float = 0.5) -> str:
    """Return the choice most similar to a value; empty when there is none."""
    from difflib import get_close_matches  # only needed after a typing error

    return next(iter(get_close_matches(value, sorted(choices), 1, likeness)), "")


def every_parser(made: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command by name; the top one first, under the empty name."""
    found = {"": made}
    for action in actions_of(made):
        if isinstance(action.choices, dict):
            found.update(action.choices)
    return found


def actions_of(made: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return the actions of a parser; argparse has no public name for them."""
    return made._actions  # noqa: SLF001


def options_of(made: argparse.ArgumentParser) -> list[str]:
    """Return the names of a parser's options."""
    return [name for action in actions_of(made) for name in action.option_strings]
