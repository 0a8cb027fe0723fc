"""Arguments of every command, as ``--help`` shows them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, Protocol

from neptun_tui import __version__
from neptun_tui.cli.parser import COMMAND, Parser, actions_of, what_is

Options = argparse.Namespace
"""Parsed arguments. ``command`` is ``module:function`` below this package; empty for the app.

``offline`` commands need neither a server nor local files; ``writes`` marks those that work with
the journal and the backups; ``changes`` marks those that change data on the server, which need an
explicit choice among several accounts.
"""

SCHEMAS = (
    *("context", "delete", "doctor", "export", "files", "history", "imports", "projects"),
    *("restore", "settle", "whoami"),
)
"""What ``schema`` knows; here, for the models take 40 ms to load."""

_WRITING = ("delete", "history", "restore", "settle", "stored_context")
_CHANGING = ("delete", "restore")

_TARGET = """\
which account a command uses:
  1. what --host and --account name, else NEPTUN_HOST and NEPTUN_ACCOUNT, else
     the host in the settings
  2. among the sessions that fit: the only one, else the default
  The default is the first account that signed in, until a person chooses
  another: with switch, or when login asks. No other command changes it.
  With several sessions, delete, restore and context renew take a default only
  if it was chosen; else they end with code 2. E-mail addresses are case-sensitive."""

_EXIT_CODES = """\
exit codes:
  0    all was done; what was gone already counts as done
  1    some of it, or all of it, failed
  2    usage error, unsuitable terminal, or declined
  4    sign in first
  5    the server cannot be reached, and nothing was sent
  6    the result of at least one item is unknown: check before you retry
  129  terminal closed (the app)
  130  interrupted
  143  ended by SIGTERM (the app)"""

_JSON_LINES = "one JSON object a line, one for each item and a summary,"

SHELLS = ("bash", "zsh", "fish")

_HEADS = {
    "projects": "ID, NAME, UPDATED",
    "imports": "ID, SOURCE, PATH, STATE, FILES, SIZE, UPDATED",
    "files": "ID, IMPORT, TYPE, NAME, SIZE, UPDATED",
}
_SORTS = {
    "projects": ("id", "name", "updated"),
    "imports": ("id", "source", "name", "state", "files", "size", "updated"),
    "files": ("id", "type", "name", "size", "updated"),
}


def parser() -> argparse.ArgumentParser:
    """Build the parser with all arguments of all commands."""
    made = Parser(
        prog="neptun-tui",
        description="Browse the imports and files of your Neptun projects by ID, and delete\n"
        "exactly the ones you confirm. Without a command the app opens.",
        epilog=f"{_TARGET}\n\n{_EXIT_CODES}",
    )
    _general(made, top=True)
    made.add_argument("--version", action="version", version=f"neptun-tui {__version__}")
    made.set_defaults(command="", offline=False, writes=True, changes=False)
    commands = made.add_subparsers(title="commands", metavar=COMMAND, parser_class=Parser)
    _sessions(commands)
    _lists(commands)
    _deletes(commands)
    _context(commands)
    _past(commands)
    _about(commands)
    return made


def parse(argv: Sequence[str]) -> Options:
    """Parse the arguments; an error ends the process with code 2 and one sentence."""
    made = parser()
    options, unknown = made.parse_known_args(argv)
    if unknown:
        made.error(what_is(unknown[0], made))
    if options.demo and (options.host, options.account) != (None, None):
        made.error("--demo has its own server and account.")
    if getattr(options, "content", False) and not options.json:
        made.error("--content goes with --json.")
    if getattr(options, "action", "") == "export" and options.folder is None:
        made.error("history export needs a run and a folder: history export last ./restored")
    if getattr(options, "action", "") == "renew":
        options.changes = True
    if getattr(options, "plan", None) is not None:
        if options.kind or options.project or options.ids:
            made.error("--plan says everything: KIND, PROJECT and IDs do not go with it.")
        if options.ignore_missing:
            made.error("--plan runs exactly, or not at all: --ignore-missing does not go with it.")
    return options


class _Commands(Protocol):
    """Return type of :meth:`argparse.ArgumentParser.add_subparsers`, which has no public name."""

    def add_parser(self, name: str, **how: Any) -> Parser:
        """Add a command."""


def _add(commands: _Commands, name: str, command: str, summary: str, examples: str) -> Parser:
    shown = "\n".join(f"  neptun-tui {line}" for line in examples.strip().splitlines())
    made = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"examples:\n{shown}\n\n{_EXIT_CODES}",
    )
    module = command.partition(":")[0]
    made.set_defaults(command=command, writes=module in _WRITING, changes=module in _CHANGING)
    _general(made)
    return made


def _general(made: argparse.ArgumentParser, *, top: bool = False) -> None:
    """Add the options of every command, accepted before or after its name."""
    group = made.add_argument_group("where and how") if not top else made

    def add(name: str, default: object, **how: object) -> None:
        how["default"] = default if top else argparse.SUPPRESS
        group.add_argument(name, **how)  # type: ignore[arg-type]

    add("--host", None, metavar="URL", help="the Neptun server")
    add("--account", None, metavar="EMAIL", help="the account to use or sign in as")
    add("--read-only", False, action="store_true", help="refuse to delete, restore or renew")
    add("--demo", False, action="store_true", help="try everything on an embedded Neptun")


def _json(made: argparse.ArgumentParser, what: str = "one JSON document") -> None:
    made.add_argument("--json", action="store_true", help=f"print {what} instead of a table")


def _sessions(commands: _Commands) -> None:
    made = _add(
        commands,
        "login",
        "login:login",
        "sign in, and keep the session on this machine",
        "login\nlogin --account me@example.com\nlogin --with-cookie < cookie.txt",
    )
    made.add_argument(
        "--no-default", action="store_true", help="leave the default account as it is; do not ask"
    )
    made.add_argument(
        "--with-cookie",
        action="store_true",
        help="sign in with a session cookie, from standard input or a prompt that shows nothing",
    )
    made = _add(
        commands,
        "logout",
        "login:logout",
        "forget the session on this machine",
        "logout\nlogout --all",
    )
    made.add_argument(
        "--all",
        action="store_true",
        help="every session of this user on this machine, those of other home folders too",
    )
    made = _add(
        commands,
        "whoami",
        "login:whoami",
        "say who is signed in, and where",
        "whoami\nwhoami --all --json",
    )
    made.add_argument(
        "--all", action="store_true", help="list the sessions kept here, and mark the default"
    )
    _json(made)
    made = _add(
        commands,
        "switch",
        "login:switch",
        "choose the default account of later commands",
        "switch\nswitch me@example.com\nswitch https://neptun.example.com",
    )
    made.add_argument(
        "wanted",
        nargs="?",
        metavar="ACCOUNT",
        help="its e-mail address, or its server; without one, a list to choose from",
    )
    made = _add(
        commands,
        "doctor",
        "doctor:doctor",
        "say whether the app would work here, and why not",
        "doctor\ndoctor --json",
    )
    _json(made)


def _lists(commands: _Commands) -> None:
    made = _add(
        commands,
        "projects",
        "lists:projects",
        "list the projects",
        "projects\nprojects --json --sort updated",
    )
    made.add_argument(
        "--no-context",
        action="store_true",
        help="with --json: do not check the stored contexts, which takes a request for each",
    )
    _listing(made, "projects")
    made = _add(
        commands,
        "imports",
        "lists:imports",
        "list the imports of a project, of every source type",
        "imports 1\nimports 1 --source-type github_repository_installation --json",
    )
    made.add_argument("project", metavar="PROJECT", help="the project's ID")
    made.add_argument("--source-type", metavar="TYPE", help="only those of this source type")
    _listing(made, "imports")
    made = _add(
        commands,
        "files",
        "lists:files",
        "list all files of a project",
        "files 1\nfiles 1 --import 101 --grep compose\nfiles 1 --json --content",
    )
    made.add_argument("project", metavar="PROJECT", help="the project's ID")
    made.add_argument(
        "--import",
        dest="import_id",
        metavar="ID",
        help="only those of this import; 'none' for those of no visible one",
    )
    made.add_argument("--content", action="store_true", help="with --json: the contents, too")
    _listing(made, "files")


def _listing(made: argparse.ArgumentParser, what: str) -> None:
    made.description = f"{made.description}\n\nColumns, by tabs without a terminal: {_HEADS[what]}."
    made.add_argument(
        "--grep",
        metavar="TEXT",
        help="only those whose name or path contains this text; ignores case",
    )
    made.add_argument(
        "--sort",
        choices=_SORTS[what],
        default="id",
        metavar="COLUMN",
        help=f"by {', '.join(_SORTS[what])}",
    )
    made.add_argument("--reverse", action="store_true", help="reverse the order")
    _json(made)


def _deletes(commands: _Commands) -> None:
    made = _add(
        commands,
        "delete",
        "delete:delete",
        "delete imports or files of a project permanently",
        "delete import 1 101\ndelete file 1 1203 1204 --dry-run\n"
        "files 1 --grep compose | neptun-tui delete file 1 - --dry-run\n"
        "files 1 --grep compose | neptun-tui delete file 1 - --expect 2 --yes\n"
        "delete import 1 101 --dry-run --json > plan.json\n"
        "delete --plan plan.json --yes",
    )
    made.add_argument("kind", choices=("import", "file"), metavar="KIND", help="import or file")
    made.add_argument("project", metavar="PROJECT", help="the project's ID")
    made.add_argument(
        "ids",
        nargs="+",
        metavar="ID",
        help="what to delete: 1203, f1203 or i101; '-' reads IDs from standard input",
    )
    made.add_argument(
        "--plan",
        action=_InPlaceOfWords,
        metavar="FILE",
        help="instead of KIND, PROJECT and IDs: exactly the plan that --dry-run --json printed",
    )
    made.add_argument(
        "--expect",
        type=_number,
        metavar="N",
        help="send nothing unless the plan has exactly N items, the files of imports included",
    )
    made.add_argument(
        "--max",
        type=_number,
        metavar="N",
        help="send nothing if the plan has more than N items; default: max_delete in the settings",
    )
    made.add_argument(
        "--dry-run", action="store_true", help="show what would be deleted, and send nothing"
    )
    made.add_argument("--yes", action="store_true", help="do not ask")
    made.add_argument("--no-backup", action="store_true", help="delete without a backup")
    made.add_argument(
        "--keep-context",
        action="store_true",
        help="leave the project's stored context, which keeps the contents of what is deleted",
    )
    made.add_argument(
        "--ignore-missing", action="store_true", help="leave out IDs that the project does not have"
    )
    _json(made, _JSON_LINES)


def _context(commands: _Commands) -> None:
    made = _add(
        commands,
        "context",
        "stored_context:context",
        "renew the stored context of a project, or show what a prompt would get",
        "context renew 1\ncontext show 1\ncontext show 1 --json",
    )
    made.description = (
        f"{made.description}\n\nNeptun stores the contents of all files with the project, and a"
        " deletion leaves them there.\nrenew: has Neptun store it again, and verifies that it holds"
        " nothing that no longer exists.\nshow: prints a context made just now, as Markdown;"
        " nothing is stored."
    )
    made.add_argument("action", choices=("renew", "show"), metavar="ACTION", help="renew or show")
    made.add_argument("project", metavar="PROJECT", help="the project's ID")
    _json(made)


class _InPlaceOfWords(argparse.Action):
    """Option that replaces all positional arguments of its command."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: Options, values: Any, _name: Any = None
    ) -> None:
        setattr(namespace, self.dest, values)
        for action in actions_of(parser):
            if not action.option_strings:
                action.required = False


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of items.")
    return int(text)


def _past(commands: _Commands) -> None:
    made = _add(
        commands,
        "history",
        "history:history",
        "list what was deleted from this machine, or export a backup",
        "history\nhistory --json\nhistory export last ./restored",
    )
    made.description = (
        f"{made.description}\n\nexport RUN DIR: writes the contents of a run's backup to files,"
        " and manifest.json,\nwhich lists each file's ID, path, title and import. DIR is created,"
        " or is an empty folder;\nelse the command ends with code 2. Files are readable by you"
        " alone. Names that no\nfile system takes are changed, equal names get a number. Neptun is"
        " not asked, and the\nbackup stays."
    )
    made.add_argument(
        "action", nargs="?", choices=("export",), metavar="export", help="write a backup to files"
    )
    made.add_argument(
        "run", nargs="?", metavar="RUN", help="the run's ID, how it begins, or 'last'"
    )
    made.add_argument("folder", nargs="?", metavar="DIR", help="a new folder, or an empty one")
    _json(made, "one JSON document (the manifest of an export)")
    made = _add(
        commands,
        "settle",
        "settle:settle",
        "look again at results that are unknown",
        "settle\nsettle --wait",
    )
    made.description = (
        f"{made.description}\n\nA request without an answer may still be carried out minutes\n"
        "later. Its item is unknown until it is gone, or still listed 15 minutes later."
    )
    made.add_argument("--wait", action="store_true", help="until no result is open")
    _json(made)
    made = _add(
        commands,
        "restore",
        "restore:restore",
        "restore what a run deleted, from its backup",
        "restore last --dry-run\nrestore 20261121-101500042-3f2a1c --only f1203 i101\n"
        "restore last --into-project 2",
    )
    made.add_argument(
        "run",
        metavar="RUN",
        help="the run's ID as history shows it, how it begins, or 'last'",
    )
    made.add_argument(
        "--only", nargs="+", metavar="ID", help="only these; i101 is an import, f1203 a file"
    )
    made.add_argument(
        "--into-project",
        metavar="ID",
        help="into this project; default: its own, re-created if it no longer exists",
    )
    made.add_argument(
        "--into-import", metavar="ID", help="restore only files, all of them into this import"
    )
    made.add_argument(
        "--dry-run", action="store_true", help="show what would be restored, and send nothing"
    )
    _json(made, _JSON_LINES)


def _about(commands: _Commands) -> None:
    made = _add(
        commands,
        "schema",
        "meta:schema",
        "print the JSON Schema of what a command prints with --json",
        "schema files",
    )
    made.add_argument("name", choices=SCHEMAS, metavar="NAME", help=", ".join(SCHEMAS))
    made.set_defaults(offline=True)
    made = _add(
        commands,
        "completion",
        "meta:completion",
        "print a completion script for a shell",
        "completion bash > neptun-tui.bash",
    )
    made.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))
    made.set_defaults(offline=True)
    made = _add(
        commands,
        "manual",
        "meta:manual",
        "print the manual page, made from this help",
        "manual | man -l -",
    )
    made.set_defaults(offline=True)
