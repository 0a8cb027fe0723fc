"""Manual page, generated from the parser."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from neptun_tui import __version__
from neptun_tui.cli.parser import actions_of, every_parser

_MORE = (
    (
        "ENVIRONMENT",
        (
            ("NEPTUN_HOST", "The server, when --host does not name one."),
            ("NEPTUN_ACCOUNT", "The account, when --account does not name one."),
            ("NO_COLOR", "When set, the app uses no colours."),
            (
                "HTTPS_PROXY, ALL_PROXY, NO_PROXY",
                "The proxy to use (http, https, socks5, socks5h), and for which servers not to.",
            ),
            (
                "SSL_CERT_FILE, SSL_CERT_DIR, REQUESTS_CA_BUNDLE",
                "Certificates to trust in place of the operating system's.",
            ),
        ),
    ),
    (
        "FILES",
        (
            ("~/.config/neptun-tui/config.toml", "Settings."),
            ("~/.local/state/neptun-tui/deletions.jsonl", "The journal of every deletion."),
            ("~/.local/state/neptun-tui/runs", "One file for each deletion that has not ended."),
            ("~/.local/share/neptun-tui/backups", "Backups of what was deleted."),
        ),
    ),
)


def manual_page(made: argparse.ArgumentParser) -> str:
    """Return the page in roff, for ``man``; reproducible for one version."""
    (_, whole), *commands = every_parser(made).items()
    lines = [*_top(whole), '.SH "COMMANDS"']
    for name, parser in commands:
        lines += _command(name, parser)
    lines += _ending(whole)
    return "\n".join([*lines, ""])


def _top(whole: argparse.ArgumentParser) -> Iterator[str]:
    summary = " ".join((whole.description or "").split())
    yield f'.TH "NEPTUN\\-TUI" "1" "" "neptun\\-tui {_safe(__version__)}" "User Commands"'
    yield '.SH "NAME"'
    yield f"neptun\\-tui \\- {_safe(summary[0].lower() + summary[1:].partition('. ')[0])}"
    yield '.SH "SYNOPSIS"'
    yield ".nf"
    yield _safe("neptun-tui [OPTIONS]")
    yield _safe("neptun-tui [OPTIONS] COMMAND [ARGUMENTS]")
    yield ".fi"
    yield '.SH "DESCRIPTION"'
    yield _safe(summary)
    yield '.SH "OPTIONS"'
    yield _safe("They go with every command, before its name or after it.")
    yield from _arguments(whole)


def _command(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f'.SS "{_safe(name)}"'
    yield ".nf"
    yield f"\\fB{_safe(_usage(parser))}\\fR"
    yield ".fi"
    yield ".PP"
    yield _safe(parser.description or "")
    yield from _arguments(parser, general=False)
    yield from (".PP", "Examples:", ".PP", ".EX")
    yield from map(_safe, _paragraph(parser, "examples:"))
    yield ".EE"


def _ending(whole: argparse.ArgumentParser) -> Iterator[str]:
    yield '.SH "WHICH ACCOUNT A COMMAND USES"'
    yield ".nf"
    yield from map(_safe, _paragraph(whole, "which account a command uses:"))
    yield ".fi"
    yield '.SH "EXIT STATUS"'
    for line in _paragraph(whole, "exit codes:"):
        code, _, meaning = line.partition(" ")
        meaning = meaning.strip()
        yield from _item(code, f"{meaning[:1].upper()}{meaning[1:]}")
    for title, items in _MORE:
        yield f'.SH "{title}"'
        for name, meaning in items:
            yield from _item(name, meaning)


def _arguments(parser: argparse.ArgumentParser, *, general: bool = True) -> Iterator[str]:
    for action in actions_of(parser):
        is_general = action.default is argparse.SUPPRESS
        if not action.help or (is_general and not general):
            continue
        value = action.metavar if isinstance(action.metavar, str) else ""
        names = [f"{name} {value}".strip() for name in action.option_strings]
        yield from _item(", ".join(names) or value, _meaning(action))


def _meaning(action: argparse.Action) -> str:
    """Return the help text capitalized; a literal value keeps its case."""
    said = action.help or ""
    is_literal = not action.option_strings and action.choices
    return said if is_literal else f"{said[:1].upper()}{said[1:]}"


def _usage(parser: argparse.ArgumentParser) -> str:
    """Return the usage in one line, without the options of every command."""
    own = [act for act in actions_of(parser) if act.default is not argparse.SUPPRESS]
    parts = [_in_usage(action) for action in own]
    return " ".join([parser.prog, *parts])


def _in_usage(action: argparse.Action) -> str:
    value = f"{action.metavar or ''}{'...' if action.nargs == '+' else ''}"
    if action.option_strings:
        return f"[{' '.join(filter(None, (action.option_strings[-1], value)))}]"
    return f"[{value}]" if action.nargs == "?" else value


def _paragraph(parser: argparse.ArgumentParser, title: str) -> list[str]:
    """Return the lines below a title in the epilog."""
    for paragraph in (parser.epilog or "").split("\n\n"):
        first, *lines = paragraph.splitlines()
        if first == title:
            return [line.strip() for line in lines]
    return []


def _item(name: str, meaning: str) -> Iterator[str]:
    yield ".TP"
    yield f"\\fB{_safe(name)}\\fR"
    yield _safe(meaning)


def _safe(text: str) -> str:
    """Escape text for roff: no escapes, no requests, hyphens that can be copied."""
    plain = (
        text.replace("\\", "\\e").replace("-", "\\-").replace("~", "\\(ti").replace("'", "\\(aq")
    )
    plain = plain.replace("^", "\\(ha").replace("`", "\\(ga").replace("…", "...")
    return f"\\&{plain}" if plain.startswith(".") else plain
