"""Every option by example, and accidental files."""

import os
from dataclasses import fields

import pytest

from neptun_tui.domain.account import DEFAULT_HOST
from neptun_tui.storage import config as settings_module
from neptun_tui.storage.config import Settings, load


@pytest.fixture
def file(tmp_path):
    return tmp_path / "config.toml"


def problems(file, text):
    file.write_text(text, encoding="utf-8")
    loaded = load(file)
    return loaded.settings, [said.removeprefix(f"{file}") for said in loaded.problems]


def test_every_option_is_checked():
    assert {option.name for option in fields(Settings)} == settings_module._CHECKS.keys()


def test_no_file_is_no_problem(file):
    loaded = load(file)
    assert (loaded.settings, loaded.problems) == (Settings(), ())
    assert loaded.settings.host == DEFAULT_HOST


def test_everything_set(file):
    settings, said = problems(
        file,
        """
        host = "Neptun.example.com"
        session_storage = "kernel"
        read_only = true
        in_flight = 16
        keep_backups_days = 0
        theme = "nord"
        [keys]
        delete = ["x", "delete"]
        "browser.quit" = "ctrl+q"
        """,
    )
    assert said == []
    assert settings.host.casefold() == "https://neptun.example.com"
    assert settings.session_storage == "kernel"
    assert (settings.read_only, settings.in_flight) == (True, 16)
    assert (settings.keep_backups_days, settings.theme) == (0, "nord")
    assert settings.keys == {"delete": ("x", "delete"), "browser.quit": ("ctrl+q",)}
    with pytest.raises(TypeError):
        settings.keys["delete"] = ("y",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", ", line 1: x is not a setting; it is ignored."),
        ("\n\nin_flight = 0", ", line 3: in_flight must be a whole number from 1 to 16"),
        ("in_flight = 17", ", line 1: in_flight must be a whole number from 1 to 16"),
        ("in_flight = true", ", line 1: in_flight must be a whole number from 1 to 16"),
        ("in_flight = 2.0", ", line 1: in_flight must be a whole number from 1 to 16"),
        ("keep_backups_days = -1", ", line 1: keep_backups_days must be a whole number"),
        ('read_only = "yes"', ", line 1: read_only must be true or false"),
        ("read_only = 1", ", line 1: read_only must be true or false"),
        ('session_storage = "disk"', ', line 1: session_storage must be one of "auto", "keyring"'),
        ("session_storage = []", ", line 1: session_storage must be one of"),
        ("theme = 1", ", line 1: theme must be a name in quotes"),
        ("host = 1", ", line 1: host must be an address in quotes"),
        (
            'host = "http://neptun.example.com"',
            ", line 1: host is not a usable address (Plain http",
        ),
        ("keys = 1", ", line 1: keys must be a table"),
        ("[keys]\ndelete = 1", ", line 1: keys must give delete a key's name in quotes"),
        ('[keys]\ndelete = ["x", 1]', ", line 1: keys must give delete a key's name in quotes"),
        ('[keys]\n"a\\u001b[2J" = 1', r", line 1: keys must give a\x1b[2J a key's name"),
        ('"a\\u202e" = 1', r": a\u202e is not a setting"),
        ("[host]\nx = 1", ", line 1: host must be an address in quotes"),
        ("keys.delete = 1", ", line 1: keys must give delete"),
    ],
)
def test_one_bad_value_costs_only_itself(file, text, said):
    settings, (problem,) = problems(file, f"{text}\n")
    assert problem.startswith(said)
    careful = {
        key: value
        for key, value in {"read_only": True, "session_storage": "memory"}.items()
        if text.startswith(key)
    }
    assert settings == Settings(**careful)


def test_one_bad_key_costs_only_its_action(file):
    settings, said = problems(
        file, '[keys]\nmark = 1\nsort = "o"\nflat = {}\nquit = [["q"]]\nhelp = []\ndelete = true\n'
    )
    assert settings == Settings(keys={"sort": ("o",), "help": ()})
    assert [each.split("give ")[1].split(" ")[0] for each in said] == [
        *("mark", "flat", "quit", "delete")
    ]
    assert all(each.endswith("or a list of them; the default is used.") for each in said)


def test_the_others_still_hold(file):
    settings, said = problems(file, 'in_flight = "many"\nread_only = true\nnonsense = 1\n')
    assert settings == Settings(read_only=True)
    assert said == [
        ", line 1: in_flight must be a whole number from 1 to 16; the default is used.",
        ", line 3: nonsense is not a setting; it is ignored.",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("read_only = true\n= 3\n", ", line 2: this is not TOML"),
        ("host = ", ", line 1: this is not TOML"),
        ("read_only = true\nread_only = false\n", ", line 2: this is not TOML"),
        ('\ntheme = """', ", line 2: this is not TOML"),
        ("\x00", ", line 1: this is not TOML"),
        ("x = " + "[" * 50_000, " cannot be understood"),
        ("x = " + "9" * 5_000, " cannot be understood"),
    ],
)
def test_what_is_no_toml_gives_one_sentence_and_the_defaults(file, text, said):
    settings, (problem,) = problems(file, text)
    assert problem.startswith(said)
    assert problem.isprintable()
    if "read_only" in text:  # the user tried to set a safety option
        assert problem.endswith("The default settings are used, but nothing can be deleted.")
        assert settings == Settings(read_only=True)
    else:
        assert problem.endswith("The default settings are used.")
        assert settings == Settings()


def test_what_is_no_text(file):
    file.write_bytes(b"read_only = true\ntheme = '\xff'\n")
    loaded = load(file)
    assert loaded.problems[0].startswith(f"{file}, line 2: this is not UTF-8 text.")
    assert loaded.settings == Settings(read_only=True)


def test_a_byte_order_mark_and_windows_line_ends(file):
    file.write_bytes(b"\xef\xbb\xbfread_only = true\r\nin_flight = 3\r\n")
    assert load(file).settings == Settings(read_only=True, in_flight=3)


def test_what_cannot_be_read(file):
    file.mkdir()
    (problem,) = load(file).problems
    assert problem.startswith(f"{file} cannot be read (")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root reads everything")
def test_what_may_not_be_read(file):
    file.write_text("read_only = true")
    file.chmod(0)
    assert "Permission denied" in load(file).problems[0]


def test_a_path_through_a_file(file):
    file.write_text("")
    assert "cannot be read" in load(file / "config.toml").problems[0]
