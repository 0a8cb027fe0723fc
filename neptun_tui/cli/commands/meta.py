"""``schema``, ``completion`` and ``manual``: describe the program, offline."""

from __future__ import annotations

from neptun_tui.cli.args import Options, parser
from neptun_tui.cli.exit_codes import ExitCode
from neptun_tui.cli.manpage import manual_page
from neptun_tui.cli.output import print_text


def schema(options: Options) -> ExitCode:
    """Print a JSON Schema."""
    from neptun_tui.cli.models import schema_text  # 40 ms, and only documents need it

    print_text(schema_text(options.name))
    return ExitCode.OK


def completion(options: Options) -> ExitCode:
    """Print a completion script."""
    import shtab  # 30 ms, only needed here

    script = shtab.complete(parser(), options.shell)
    if options.shell == "zsh":
        script = _sourceable(script)
    print_text(script + "\n")
    return ExitCode.OK


def _sourceable(script: str) -> str:
    """Make the zsh script work with ``source <(…)`` as well as from a folder of ``fpath``.

    shtab 1.13 takes everything but ``eval`` for an ``fpath`` load, and then calls the completion.
    """
    beginning, found, _ = script.rpartition("if [[ $zsh_eval_context[-1] == eval ]]; then")
    return f"{beginning}{_ZSH_ENDING}" if found else script


_ZSH_ENDING = """\
if [[ $funcstack[1] == _neptun-tui ]]; then
  # autoload from fpath, call function directly
  _shtab_neptun_tui "$@"
else
  # eval, source or ., register function for later
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
  compdef _shtab_neptun_tui neptun-tui
fi
"""


def manual(_options: Options) -> ExitCode:
    """Print the manual page."""
    print_text(manual_page(parser()))
    return ExitCode.OK
