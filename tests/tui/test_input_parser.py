"""Parser of terminal input: exact, or nothing."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neptun_tui.tui.input_parser import (
    CUT_SECONDS,
    LONGEST_PASTE,
    PASTE_END,
    STALLED_SECONDS,
    UNENDED_SECONDS,
    Focus,
    InputParser,
    ModeReport,
    Paste,
    PasteProblem,
    Press,
    SizeReport,
    Token,
)

from ..builders import examples

START = "\x1b[200~"


def parse(*chunks: str | bytes, quiet: int = 0) -> list[Token]:
    """Return the tokens of these chunks, and of a number of silences after them."""
    parser = InputParser()
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    tokens: list[Token] = []
    for chunk in chunks:
        tokens += parser.feed(decode(chunk) if isinstance(chunk, bytes) else chunk)
    for _ in range(quiet):
        tokens += parser.quiet()
    return tokens


def keys(tokens: Iterable[Token]) -> list[str]:
    return [token.key for token in tokens if isinstance(token, Press)]


def assert_open_for_keys(parser: InputParser) -> None:
    """Nothing is left open, once nothing more comes, but a paste, which ctrl+c leaves."""
    for _ in range(2):
        parser.quiet()
    assert parser.patience is None
    if parser._pasted is not None:
        assert parser.feed("\x03") == [PasteProblem.LEFT, Press("ctrl+c", "\x03")]
    assert parser.feed("y") == [Press("y", "y")]


# Keys ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "key", "character"),
    [
        ("y", "y", "y"), ("Y", "Y", "Y"), ("7", "7", "7"), (" ", "space", " "), ("/", "slash", "/"),
        ("é", "é", "é"), ("日", "日", "日"), (":", "colon", ":"),
        ("\r", "enter", "\r"), ("\t", "tab", "\t"), ("\n", "ctrl+j", "\n"),
        ("\x7f", "backspace", "\x7f"), ("\x08", "backspace", "\x08"),
        ("\x11", "ctrl+q", "\x11"), ("\x03", "ctrl+c", "\x03"), ("\x00", "ctrl+@", "\x00"),
        ("\x1b[A", "up", None), ("\x1bOA", "up", None), ("\x1b[Z", "shift+tab", None),
        ("\x1b[3~", "delete", None), ("\x1b[5~", "pageup", None), ("\x1b[6~", "pagedown", None),
        ("\x1b[1;5C", "ctrl+right", None), ("\x1b[3;5~", "ctrl+delete", None),
        ("\x1b[1;3A", "alt+up", None), ("\x1b\x1b[A", "alt+up", None),
        ("\x1bOP", "f1", None), ("\x1b[[A", "f1", None), ("\x1b[11~", "f1", None),
        ("\x1b[25~", "f13", None), ("\x1b[1;2R", "shift+f3", None), ("\x1bOR", "f3", None),
        ("\x1bx", "alt+x", None), ("\x1bX"[:1] + "Q", "alt+shift+q", None),
        ("\x1b\r", "alt+enter", None), ("\x1b\x7f", "ctrl+w", None),
        # The kitty keyboard protocol: press, repeat, text, other layouts.
        ("\x1b[97u", "a", "a"), ("\x1b[97;;97u", "a", "a"), ("\x1b[97;1:1u", "a", "a"),
        ("\x1b[97;1:2u", "a", "a"), ("\x1b[97;2;65u", "A", "A"), ("\x1b[97:65;2u", "A", "A"),
        ("\x1b[97;2u", "A", "A"), ("\x1b[97;65u", "A", "A"), ("\x1b[97;66u", "a", "a"),
        ("\x1b[49;2;33u", "exclamation_mark", "!"), ("\x1b[49;2u", "shift+1", None),
        ("\x1b[113;5u", "ctrl+q", None), ("\x1b[113;69u", "ctrl+q", None),
        ("\x1b[113;133u", "ctrl+q", None), ("\x1b[113;6u", "ctrl+shift+q", None),
        ("\x1b[81;5u", "ctrl+q", None), ("\x1b[1081::113;5u", "ctrl+q", None),
        ("\x1b[1079::112;5u", "ctrl+p", None), ("\x1b[1081:1049:113;5:1u", "ctrl+q", None),
        ("\x1b[27u", "escape", None), ("\x1b[13u", "enter", "\r"), ("\x1b[9;2u", "shift+tab", None),
        ("\x1b[13;;13u", "enter", "\r"), ("\x1b[127u", "backspace", "\x7f"),
        ("\x1b[127;5u", "ctrl+backspace", None), ("\x1b[3;5:1~", "ctrl+delete", None),
        ("\x1b[1;1:1A", "up", None), ("\x1b[1;1:2B", "down", None), ("\x1b[32;;32u", "space", " "),
        ("\x1b[57400u", "1", "1"), ("\x1b[57400;129;49u", "1", "1"), ("\x1b[57414u", "enter", "\r"),
        ("\x1b[57419u", "up", None), ("\x1b[57426u", "delete", None), ("\x1b[57427~", "kp_begin",
        None),
        ("\x1b[64;7;64u", "at", "@"), ("\x1b[113;3;339u", "œ", "œ"), ("\x1b[113;3u", "alt+q", None),
        ("\x1b[113;9u", "super+q", None),
        # As xterm and tmux send keys that have no code of their own.
        ("\x1b[27;5;113~", "ctrl+q", None), ("\x1b[27;2;65~", "A", "A"), ("\x1b[27;5;13~",
        "ctrl+enter", None),
        ("\x1b[27;2;33~", "exclamation_mark", "!"),
    ],
)  # fmt: skip
def test_a_key_is_understood_in_every_chunking(sent: str, key: str, character: str | None) -> None:
    assert parse(sent) == [Press(key, character)]
    assert parse(*sent) == [Press(key, character)]
    assert parse(f"{sent}y{sent}") == [
        Press(key, character),
        Press("y", "y"),
        Press(key, character),
    ]


def test_a_key_of_another_layout_has_the_key_in_its_place() -> None:
    assert parse("\x1b[1081::113;;1081u") == [Press("й", "й", "q")]
    assert parse("\x1b[1081::113;u") == [Press("й", "й", "q")], "kitty 0.27 sends no text"
    assert parse("\x1b[1081:1049:113;2;1049u") == [Press("Й", "Й", "Q")]
    assert parse("\x1b[46::47;;46u") == [Press("full_stop", ".")], "what was typed is Latin"
    assert parse("\x1b[121::122;;121u") == [Press("y", "y")], "a German y is a y"
    assert parse("\x1b[122::121;;122u") == [Press("z", "z")]
    assert parse("\x1b[107::118;5u") == [Press("ctrl+k", None)], "Dvorak"
    assert parse("\x1b[1081::1081;;1081u") == [Press("й", "й")]
    assert parse("\x1b[1081::7;;1081u") == [Press("й", "й")]


def test_text_of_an_input_method_is_data_and_no_key() -> None:
    assert parse("\x1b[0;;26085:26412u") == [Paste("日本")]
    assert parse("\x1b[0;;121u") == [Paste("y")]
    assert parse("\x1b[98;;1604:1575u") == [Paste("لا")]


def test_the_escape_key_is_known_by_the_quiet_after_it() -> None:
    assert parse("\x1b") == []
    assert parse("\x1b", quiet=1) == [Press("escape", "\x1b")]
    assert parse("\x1b\x1b", quiet=1) == [Press("escape", "\x1b")] * 2
    assert keys(parse("\x1b\x1b\x1b[A")) == ["escape", "alt+up"]
    assert keys(parse("\x1b\x1by")) == ["escape", "alt+y"]
    assert keys(parse("\x1b\x11")) == ["escape", "ctrl+q"]
    assert keys(parse("\x1b\x03")) == ["escape", "ctrl+c"]


# Reports -------------------------------------------------------------------------------------


def test_reports_are_no_keys() -> None:
    assert parse("\x1b[I\x1b[O") == [Focus(gained=True), Focus(gained=False)]
    assert parse("\x1b[?2026;2$y") == [ModeReport(2026, 2)]
    assert parse("\x1b[48;24;80;480;800t") == [SizeReport()]
    assert parse("\x1b[48;5000;5000;1;1t") == [SizeReport()]
    assert parse("\x1b[48;99999999999999;1;1;1t") == []
    assert (
        parse("\x1b[48;1;1t\x1b[48;-1;1;1;1t\x1b[48;1;1;1;1;1t\x1b[48;;;;t\x1b[47;1;1;1;1t") == []
    )


WRONG = [
    "\x1b[97;1:3u", "\x1b[97;1:3;97u", "\x1b[1;1:3A", "\x1b[3;1:3~", "\x1b[121;1:3u",  # let go
    "\x1b[1114112u", "\x1b[55296u", "\x1b[57343u", "\x1b[9999999u", "\x1b[97;;1114112u",
    "\x1b[97;;55296u", "\x1b[97;;13u", "\x1b[97;;27u", "\x1b[97;;97:13u", "\x1b[97;257u",
    "\x1b[97;0u", "\x1b[97;999u", "\x1b[97;1:4u", "\x1b[97;1:0u", "\x1b[97;1:11u", "\x1b[u",
    "\x1b[;u", "\x1b[;;121u", "\x1b[0u", "\x1b[0;;u", "\x1b[97:98:99:100u", "\x1b[97;1;97;97u",
    "\x1b[97;1:1:1u", "\x1b[::121u", "\x1b[1u", "\x1b[3u", "\x1b[17u", "\x1b[31u", "\x1b[128u",
    "\x1b[57441u", "\x1b[57358u", "\x1b[57442;5u", "\x1b[60000u", "\x1b[97 u", "\x1b[?97u",
    "\x1b[>97u", "\x1b[<97u", "\x1b[=97u", "\x1b[9?7u", "\x1b[97;;121;;;u", "\x1b[-97u",
    "\x1b[2A", "\x1b[121A", "\x1b[1:2A", "\x1b[1;1;121A", "\x1b[1R", "\x1b[24;80R", "\x1b[1;1R",
    "\x1b[201~", "\x1b[202~", "\x1b[200;1~", "\x1b[0~", "\x1b[99~", "\x1b[3;1;121~", "\x1b[27;5~",
    "\x1b[27;1:3;121~", "\x1b[200u"[:4] + "$~", "\x1b[200 ~", "\x1b[?200~", "\x1b[:200~",
    "\x1b[?1;2c", "\x1b[>0;276;0c", "\x1b[0n", "\x1b[?0u", "\x1b[?31u", "\x1b[8;24;80t",
    "\x1b[<0;10;10M", "\x1b[<0;10;10m", "\x1b[32;10;10M", "\x1b[Myyy", "\x1b[M !!",
    "\x1b]11;rgb:ffff/ffff/ffff\x07", "\x1b]52;c;eXl5\x1b\\", "\x1bP1$r0m\x1b\\",
    "\x1b_Gi=1;OK\x1b\\",
    "\x1b^yyy\x1b\\", "\x1bXyyy\x1b\\", "\x9d11;yyy\x9c", "\x9b97;1:3u", "\x90yyy\x9c",
    "\x9byyy"[:2],
    "\x1b\\", "\x1b(B", "\x1b)0", "\x1b#8", "\x1b F", "\x1b%G", "\x1b[!p", "\x1b[1 q", "\x1b['|",
    "\x1b[\x7fy", "\x1b[1\ry", "\x1b[\x00y", "\x1b[ééy", "\x1b[[y", "\x1b[[5y"[:4], "\x1bO2y",
    "\x1bOY",
    "\x80", "\x84\x85\x9a", "\ufffd", "\u200b", "\u202e", "\x1b[\x18", "\x1b]yyy\x18",
    "\x1bPyyy\x1a",
    "\x1b[" + "1" * 2000 + "u", "\x1b[" + ";" * 2000 + "u",
    "\x1b[97;;" + ":".join(["121"] * 500) + "u",
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=ascii)
def test_what_is_no_key_is_dropped_whole(wrong: str) -> None:
    assert parse(wrong, quiet=1) == []
    assert parse(*wrong, quiet=1) == []
    assert parse(f"{wrong}\x1b[A") == [Press("up")], "what comes after it is understood"


WHOLE = [*WRONG, "\x1b[121;1:1u", "\x1b[1;5A", "\x1b[200~", "\x1bOA"]


@pytest.mark.parametrize("whole", WHOLE, ids=ascii)
def test_what_is_cut_is_dropped(whole: str) -> None:
    for length in range(2, min(len(whole), 60)):
        cut = whole[:length]
        parser = InputParser()
        tokens = parser.feed(cut)
        if parser.patience is not None:
            assert [t for t in tokens + parser.quiet() if t != Press("escape", "\x1b")] == [], (
                ascii(cut)
            )
            assert_open_for_keys(parser)


# Pastes --------------------------------------------------------------------------------------

POISON = [
    "y", "y" * 40, "\x1b" + "y" * 40, "\x1b" + "\x7f" * 25 + "101\r\r\r",
    "\x1b[31merror\x1b[0m y y y",
    "\x1b", "\x1b\x1b\x1b", "\x1b[", "\x1b[2", "\x1b[20", "\x1b[201", "\x1b[2010~",
    "\x1b[201~"[:-1] + "y",
    "\x1b[0201~", "\x1b[201;1~", "\x1b[201 ~", "\x1b\x1b[20", "\x9b201~", "\x1b\ufffd[201~",
    "\x1b[200~",
    "\x1b[200~y\x1b[200~", "\x1b[121u", "\x1b[121;1:1u", "\x1b[3~d", "\x1b[A\x1b[B\r", "\x1bOP",
    "\x1b[I\x1b[O",
    "\x1b[48;5000;5000;1;1t", "\x1b]0;y\x07", "\x1b]52;c;eQ==\x1b\\", "\x1bPy\x1b\\",
    "\x1b[?2026;2$y",
    "\x11", "\x03", "\x04\x1a\x1c", "".join(map(chr, range(32))), "\x7f" * 40, "".join(map(chr,
    range(128, 160))),
    "\r\n\t y\r\n", "😀日本語", "\u202ey", "\x1bO", "\x1b[M yy", "\x1b[27;5;113~", "\x1b[113;5u",
    "\x18\x1a",
]  # fmt: skip


def chunkings(text: str) -> Iterable[Sequence[str]]:
    for size in (1, 2, 3, 5, 7, 33, len(text) or 1):
        yield [text[at : at + size] for at in range(0, len(text), size)]


@pytest.mark.parametrize("poison", POISON, ids=ascii)
def test_between_the_marks_nothing_but_the_end_mark_means_anything(poison: str) -> None:
    for chunks in chunkings(f"{START}{poison}{PASTE_END}\x1b[A"):
        tokens = parse(*chunks)
        pasted = [token.text for token in tokens if isinstance(token, Paste)]
        assert len(pasted) <= 1
        assert [token for token in tokens if not isinstance(token, Paste)] == [Press("up")]
        kept = [c for c in poison if c in "\t\r\n" or not (c < " " or "\x7f" <= c <= "\x9f")]
        assert "".join(pasted) == "".join(kept)


def test_a_mark_that_is_all_but_the_end_mark_is_followed_by_the_true_one() -> None:
    half = [PASTE_END[:n] for n in range(1, len(PASTE_END))]
    for before in half:
        tokens = parse(*f"{START}{before}{PASTE_END}y")
        assert keys(tokens) == ["y"], ascii(before)


def test_a_long_paste_is_dropped_and_keys_work_after_it() -> None:
    longest = "y" * LONGEST_PASTE
    assert parse(START, longest, PASTE_END) == [Paste(longest)]
    tokens = parse(START, longest, "y", longest, PASTE_END, "\x1b[A")
    assert tokens == [PasteProblem.TOO_LONG, Press("up")]


def test_a_paste_whose_end_does_not_come_is_told_once_and_is_never_keys() -> None:
    parser = InputParser()
    assert parser.feed(f"{START}yyy\r") == []
    assert parser.patience == STALLED_SECONDS
    assert parser.quiet() == []
    assert parser.patience == UNENDED_SECONDS
    assert parser.feed("y") == []
    assert parser.quiet() == []
    assert parser.quiet() == [PasteProblem.UNENDED]
    assert parser.patience is None
    for _ in range(3):  # its rest comes after minutes
        assert parser.feed("dy\r\x1b[A1") == []
        assert parser.quiet() == []
        assert parser.patience is None
    assert parser.feed(f"y{PASTE_END}\x1b[A")[1:] == [Press("up")]
    assert parser.feed(f"{START}y{PASTE_END}") == [Paste("y")]


@pytest.mark.parametrize(
    "urgent", ["\x11", "\x03", "\x1b[113;5u", "\x1b[1081::113;5u", "\x1b[27;5;99~"]
)
def test_quit_leaves_a_paste_that_has_stalled(urgent: str) -> None:
    parser = InputParser()
    parser.feed(f"{START}yyy")
    assert parser.feed(urgent) == [], "not while it is coming"
    parser.quiet()
    assert parser.feed("y\x11") == [], "not beside anything else"
    parser.quiet()
    dropped, press = parser.feed(urgent)
    assert dropped is PasteProblem.LEFT
    assert isinstance(press, Press)
    assert press.key in ("ctrl+q", "ctrl+c")
    assert_open_for_keys(parser)


def test_bytes_that_are_no_utf_8_are_no_keys() -> None:
    assert keys(parse(b"a\xfcb\xc3\xbc\xff")) == ["a", "b", "ü"]
    assert keys(parse(b"\xe4\x1b[A\x80\xfe")) == ["up"]
    assert parse(b"\x1b[200~a\xff\x1b\xff[201~\xe4\x1b[201~") == [Paste("a\ufffd\ufffd[201~\ufffd")]


# Anything at all -----------------------------------------------------------------------------

BITS = st.sampled_from([
    "\x1b", "[", "O", "]", "P", "M", "~", "u", "A", "R", "t", "y", "1", "27", "97", "113", "121",
    "200", "201",
    "48", ";", ":", ":3", "?", "<", "$", " ", "\x07", "\x18", "\x9b", "\x9c", "\x00", "\x7f", "\r",
    START,
    PASTE_END, "\x1b\\", "\ufffd", "é", "日", "😀", "\ud800", "\x1b[97;1:1u", "\x1b[1114112u",
    "9999999999",
])  # fmt: skip
INPUT = st.lists(BITS | st.characters(), max_size=30).map("".join)
SIZES = st.lists(st.integers(1, 6), min_size=1, max_size=6)


def cut(text: str, sizes: Sequence[int]) -> list[str]:
    chunks, at, turn = [], 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        chunks.append(text[at : at + size])
        at, turn = at + size, turn + 1
    return chunks


@settings(max_examples=examples(300), deadline=None)
@given(INPUT, SIZES)
def test_the_chunks_make_no_difference(text: str, sizes: Sequence[int]) -> None:
    assert parse(*cut(text, sizes)) == parse(text)


@settings(max_examples=examples(300), deadline=None)
@given(INPUT)
def test_anything_leaves_the_parser_open_for_keys(text: str) -> None:
    parser = InputParser()
    parser.feed(text)
    assert_open_for_keys(parser)


@settings(max_examples=examples(300), deadline=None)
@given(INPUT, SIZES, INPUT)
def test_a_paste_of_anything_is_one_paste(text: str, sizes: Sequence[int], after: str) -> None:
    text = text.replace(PASTE_END, "")
    while PASTE_END in text:
        text = text.replace(PASTE_END, "")
    tokens = parse(*cut(f"{START}{text}{PASTE_END}", sizes))
    assert all(isinstance(token, Paste) for token in tokens)
    assert len(tokens) <= 1
    whole = parse(*cut(f"{START}{text}{PASTE_END}{after}", sizes))
    assert whole == tokens + parse(after)


PARAMETERS = st.text("0123456789:;<=>?", max_size=12)
BETWEEN = st.text("".join(map(chr, range(0x20, 0x30))), max_size=2)
FINAL = st.sampled_from([chr(n) for n in range(0x40, 0x7F)])


@settings(max_examples=examples(500), deadline=None)
@given(PARAMETERS, BETWEEN, FINAL)
def test_a_control_sequence_is_at_most_one_token(parameters: str, between: str, final: str) -> None:
    """And types nothing, unless it is one that says which character was typed."""
    tokens = parse(f"\x1b[{parameters}{between}{final}", quiet=2)
    assert len(tokens) <= 1
    typed = [
        t for t in tokens if isinstance(t, Press) and t.character and t.character.isprintable()
    ]
    assert not typed or (not between and final in "u~" and parameters[:1].isdecimal())


@pytest.mark.parametrize("opening", ["\x1b[", "\x1b]", "\x1bP", "\x1bO", START])
def test_what_is_kept_is_bounded(opening: str) -> None:
    parser = InputParser()
    tokens = parser.feed(opening)
    for _ in range(LONGEST_PASTE // 10_000 + 1 if opening == START else 1):
        tokens += parser.feed("1" * 10_000)
    assert tokens == []
    kept = [value for value in vars(parser).values() if isinstance(value, str | list)]
    assert all(len(value) < 1000 for value in kept)
    assert_open_for_keys(parser)


def test_a_link_that_stalls_does_not_end_a_paste_before_a_sequence() -> None:
    assert CUT_SECONDS < STALLED_SECONDS < UNENDED_SECONDS
