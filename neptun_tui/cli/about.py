"""``schema``, ``completion`` and ``manual``: what the program can say about itself, offline."""

from __future__ import annotations

from neptun_tui.cli.arguments import Options, parser
from neptun_tui.cli.codes import ExitCode
from neptun_tui.cli.output import print_text
from neptun_tui.cli.roff import manual_page
from neptun_tui.cli.schemas import schema_text


def schema(options: Options) -> ExitCode:
    """Print a JSON Schema."""
    print_text(schema_text(options.name))
    return ExitCode.OK


def completion(options: Options) -> ExitCode:
    """Print a completion script."""
    import shtab  # 30 ms, and nobody else needs it

    print_text(shtab.complete(parser(), options.shell) + "\n")
    return ExitCode.OK


def manual(_options: Options) -> ExitCode:
    """Print the manual page."""
    print_text(manual_page(parser()))
    return ExitCode.OK
