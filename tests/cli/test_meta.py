"""Help, version, completions and the manual, all of them offline."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import neptun_tui
from neptun_tui.cli.args import SHELLS, parser
from neptun_tui.cli.parser import every_parser, options_of

from .conftest import Ran, Run

COMMANDS = sorted(set(every_parser(parser())) - {""})


def test_the_version_is_printed(run: Run) -> None:
    assert run("--version").stdout == f"neptun-tui {neptun_tui.__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples_and_exit_codes(command: str) -> None:
    made = every_parser(parser())[command]
    shown = made.format_help()
    assert f"\n  neptun-tui {command}" in shown
    assert "exit codes:" in shown
    assert made.description


def test_the_help_of_a_command_is_printed(run: Run) -> None:
    ran = run("files", "--help")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("usage: neptun-tui files")


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("porjects",), "'projects'"),
        (("file", "1"), "'files'"),
        (("projects", "--jsn"), "--json"),
        (("files", "1", "--sort", "sise"), "'size'"),
        (("completion", "fsh"), "'fish'"),
        (("schema", "project"), "'projects'"),
    ],
)
def test_a_mistyped_word_is_answered_with_the_one_that_was_meant(
    run: Run, arguments: tuple[str, ...], meant: str
) -> None:
    ran = run(*arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert f"Did you mean {meant}?" in ran.stderr


def test_a_word_like_no_other_is_answered_with_all_there_are(run: Run) -> None:
    assert "There are: bash, zsh, fish." in run("completion", "xyzzy").stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_a_completion_script_is_one_its_shell_reads(run: Run, tmp_path: Path, shell: str) -> None:
    ran = run("completion", shell)
    assert (ran.returncode, ran.stderr) == (0, "")
    if not (program := shutil.which(shell)):
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / "script"
    script.write_text(ran.stdout)
    checked = subprocess.run([program, "-n", str(script)], capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")


def complete_in_bash(script: Path, *words: str) -> set[str]:
    """Return bash's completions of the last of these words."""
    code = (
        'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
        'f=$(complete -p neptun-tui | sed "s/.*-F //; s/ .*//"); '
        '"$f" neptun-tui "${COMP_WORDS[COMP_CWORD]}" x; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    arguments = ["bash", "--norc", "-c", code, "bash", str(script), "neptun-tui", *words]
    ran = subprocess.run(arguments, capture_output=True, text=True, check=True)
    return {word.strip() for word in ran.stdout.split()}


def test_bash_completes_commands_options_and_choices(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(run("completion", "bash").stdout)
    assert complete_in_bash(script, "pro") == {"projects"}
    assert complete_in_bash(script, "whoami", "--js") == {"--json"}
    assert complete_in_bash(script, "completion", "z") == {"zsh"}


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
@pytest.mark.parametrize(
    "load",
    [
        "source <(cat $1)",
        ". $1",
        'eval "$(cat $1)"',
        "autoload -Uz compinit; compinit -D; source <(cat $1)",
        "fpath=(${1:h} $fpath); autoload -Uz compinit; compinit -D",
    ],
)
def test_zsh_completes_however_the_script_is_loaded(run: Run, tmp_path: Path, load: str) -> None:
    script = tmp_path / "_neptun-tui"
    script.write_text(run("completion", "zsh").stdout)
    code = f"{load}; print $_comps[neptun-tui]; (( $+functions[$_comps[neptun-tui]] )) && print ok"
    environ = {**os.environ, "HOME": str(tmp_path), "ZDOTDIR": str(tmp_path)}
    ran = subprocess.run(
        ["zsh", "-fc", code, "zsh", str(script)], capture_output=True, text=True, env=environ
    )
    assert ran.stderr == ""
    assert ran.stdout.split()[-1] == "ok"


@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed")
def test_fish_completes_commands_and_options(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "neptun-tui.fish"
    script.write_text(run("completion", "fish").stdout)

    def complete(line: str) -> set[str]:
        code = f"source {script}; complete -C {line!r}"
        environ = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
        ran = subprocess.run(
            ["fish", "--no-config", "-c", code], capture_output=True, text=True, env=environ
        )
        return {row.partition("\t")[0] for row in ran.stdout.splitlines()}

    assert "projects" in complete("neptun-tui pro")
    assert "--json" in complete("neptun-tui projects --js")


def test_the_manual_tells_of_every_command_and_option(run: Run) -> None:
    page = run("manual").stdout.replace("\\-", "-")
    for name, made in every_parser(parser()).items():
        assert not name or f'.SS "{name}"' in page
        assert all(option in page for option in options_of(made))


def test_the_manual_writes_choices_as_they_are_typed(run: Run) -> None:
    page = run("manual").stdout.replace("\\-", "-")
    for typed in ("import or file", "bash, zsh, fish", "doctor, export, files", "[--only ID...]"):
        assert typed in page


@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not installed")
def test_the_manual_is_a_page_that_groff_sets_without_a_word(run: Run) -> None:
    def set_page(page: str) -> Ran:
        command = ["groff", "-man", "-ww", "-Tascii", "-P-cbou"]
        return subprocess.run(command, input=page, capture_output=True, text=True)

    ran = set_page(run("manual").stdout)
    assert (ran.returncode, ran.stderr) == (0, "")
    for title in ("NAME", "SYNOPSIS", "COMMANDS", "EXIT STATUS", "ENVIRONMENT", "FILES"):
        assert f"\n{title}\n" in ran.stdout
    assert "neptun-tui login --with-cookie < cookie.txt" in ran.stdout


def test_no_option_is_understood_by_its_beginning_alone(run: Run) -> None:
    assert run("projects", "--js").returncode == 2


def test_the_parser_says_itself_which_commands_work_offline() -> None:
    made = parser()
    for name, given in (("manual", []), ("schema", ["files"]), ("completion", ["bash"])):
        options: argparse.Namespace = made.parse_args([name, *given])
        assert options.offline
    assert not made.parse_args(["projects"]).offline


def test_completion_lines_of_the_docs_install_every_file(
    run: Run, home: Path, env: dict[str, str]
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "scripting.md").read_text(encoding="utf-8")
    block = next(b for b in page.split("```sh\n") if "completion bash" in b).partition("```")[0]
    program = f'neptun-tui() {{ "{sys.executable}" -m neptun_tui "$@"; }}\n'
    subprocess.run(["bash", "-euc", program + block], env=env, check=True, timeout=60)
    for name in (
        ".local/share/bash-completion/completions/neptun-tui",
        ".zfunc/_neptun-tui",
        ".config/fish/completions/neptun-tui.fish",
        ".local/share/man/man1/neptun-tui.1",
    ):
        assert (home / name).stat().st_size > 1000


def test_an_option_of_another_command_says_whose_it_is(run: Run) -> None:
    ran = run("whoami", "--yes")
    assert ran.returncode == 2
    assert "argument '--yes' goes with delete, not here." in ran.stderr
