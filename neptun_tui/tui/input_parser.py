"""Parser of terminal input: keys, pastes and reports; anything else is dropped.

It replaces Textual's own parser (8.2.8), which re-issues as single keys whatever it does
not understand, even inside a paste. Here a sequence of ECMA-48 or of the kitty keyboard
protocol is parsed exactly or dropped whole, and inside a paste only its end mark has a meaning.
The parser is pure: it reads no clock. Its caller reports silence on the line.

https://sw.kovidgoyal.net/kitty/keyboard-protocol/
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._keyboard_protocol import FUNCTIONAL_KEYS, MODIFIER_FUNCTIONAL_KEYS
from textual.keys import _character_to_key

ESC: Final = "\x1b"
PASTE_END: Final = f"{ESC}[201~"

LONGEST_PASTE: Final = 1_000_000
"""Maximum characters of a paste; no field takes more."""

URGENT: Final = frozenset({"ctrl+q", "ctrl+c"})
"""Keys that overtake all others, because they confirm nothing."""

STALLED_SECONDS: Final = 1.0
"""Silence after which an urgent key that arrives alone leaves a paste."""

UNENDED_SECONDS: Final = 9.0
"""Further silence after which a paste is reported as unended. It stays open: on a link that
stalls for minutes its rest may still arrive, and would be taken for keys."""

CUT_SECONDS: Final = 0.5
"""Silence after which a sequence counts as cut. A slow link splits one for a shorter time."""

_LONGEST_SEQUENCE: Final = 512

# Tokens ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Press:
    """Key pressed or repeated, by Textual's name for it."""

    key: str
    character: str | None = None
    base: str | None = None
    """Key in this position on a Latin keyboard, if the layout is another one."""


@dataclass(frozen=True, slots=True)
class Paste:
    """Pasted text: data for a field, never a key."""

    text: str


class PasteProblem(Enum):
    """Reason why a paste reaches no field."""

    TOO_LONG = auto()
    UNENDED = auto()
    """End mark missing: no other key is accepted except one that leaves the paste."""
    LEFT = auto()


@dataclass(frozen=True, slots=True)
class Focus:
    """Terminal focus gained or lost."""

    gained: bool


@dataclass(frozen=True, slots=True)
class SizeReport:
    """Report of a new terminal size. Its figures are not trusted."""


@dataclass(frozen=True, slots=True)
class ModeReport:
    """Reply of the terminal about a mode."""

    mode: int
    setting: int


Token = Press | Paste | PasteProblem | Focus | SizeReport | ModeReport

# Tables ------------------------------------------------------------------------------------------

_STRINGS: Final = "P]X^_"
_INTRODUCERS: Final = f"[O{_STRINGS}"
_C1: Final = dict(zip("\x9b\x8f\x90\x9d\x98\x9e\x9f", _INTRODUCERS, strict=True))
"""The same introducers as single characters."""

_CANCEL: Final = "\x18\x1a"
_NO_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SEQUENCE: Final = re.compile(r"([<=>?]?)([0-9:;]*)([ -/]*)([@-~])", re.ASCII)
_SIZE: Final = re.compile(r"48(?:;\d{1,5}(?::\d{0,5})*){4}", re.ASCII)
_KEY: Final = re.compile(
    r"(\d{0,7})(?::(\d{0,7}))?(?::(\d{0,7}))?"
    r"(?:;(\d{0,3})(?::(\d))?(?:;(\d{1,7}(?::\d{1,7})*)?)?)?",
    re.ASCII,
)

_FUNCTION_FINALS: Final = frozenset("~ABCDEFHPQRS")
_SHIFT, _ALT, _CTRL, _CAPS_LOCK = 1, 2, 4, 64
_MODIFIERS: Final = ("shift", "alt", "ctrl", "super", "hyper", "meta")
_COMMANDING: Final = 0b111100  # ctrl, super, hyper and meta
_LAST_MODIFIERS: Final = 255

IGNORED: Final = frozenset(MODIFIER_FUNCTIONAL_KEYS) | {"caps_lock", "scroll_lock", "num_lock"}
_SPECIAL: Final = {"enter": "\r", "tab": "\t", "backspace": "\x7f"}
_XTERM_OTHER: Final = 27
"""Number of CSI 27 ; modifiers ; code ~, which xterm and tmux send for keys without a code."""


def _plain_keys() -> dict[str, str]:
    """Return the legacy sequences of single keys, from Textual's table."""
    single = {
        sequence: keys[0].value
        for sequence, keys in ANSI_SEQUENCES_KEYS.items()
        if isinstance(keys, tuple) and len(keys) == 1
    }
    return {sequence: key for sequence, key in single.items() if not key.startswith("<")}


_PLAIN: Final = _plain_keys()


class InputParser:
    """Parser from characters to tokens; keeps an incomplete sequence between calls.

    Args:
        escape_delay: seconds after which an escape character counts as the escape key.
    """

    def __init__(self, escape_delay: float = 0.1) -> None:
        self._escape_delay = escape_delay
        self._tokens: list[Token] = []
        self._state: Callable[[str], None] = self._ground
        self._escapes = 0
        self._alt = False
        self._sequence = ""
        self._to_skip = 0
        self._pasted: list[str] | None = None
        self._pasted_length = 0
        self._half_mark = ""
        self._stalled = False
        self._unended = False

    @property
    def patience(self) -> float | None:
        """Seconds of silence after which :meth:`quiet` is due; None when nothing is open."""
        if self._pasted is not None:
            if self._stalled:
                return None if self._unended else UNENDED_SECONDS
            return STALLED_SECONDS
        if self._state == self._ground:
            return None
        return self._escape_delay if self._state == self._escape else CUT_SECONDS

    def feed(self, text: str) -> list[Token]:
        """Parse input; return the complete tokens."""
        self._tokens = []
        if self._stalled:
            self._stalled = False
            alone = InputParser().feed(text)
            if len(alone) == 1 and isinstance(alone[0], Press) and alone[0].key in URGENT:
                self._drop_paste(PasteProblem.LEFT)
                self._tokens += alone
                return self._tokens
        at = 0
        while at < len(text):
            if self._pasted is None:
                self._take(text[at])
                at += 1
            else:
                at = self._take_pasted(text, at)
        return self._tokens

    def quiet(self) -> list[Token]:
        """Complete or drop what is open, after :attr:`patience` has passed."""
        self._tokens = []
        if self._pasted is not None:
            if self._stalled and not self._unended:
                self._unended = True
                self._tokens.append(PasteProblem.UNENDED)
            self._stalled = True
        elif self._state == self._escape:
            self._tokens += [Press("escape", ESC)] * self._escapes
        self._state = self._ground
        return self._tokens

    # Between the marks of a paste ------------------------------------------------------------

    def _take_pasted(self, text: str, at: int) -> int:
        """Take text up to the end mark, if present; return the position after it."""
        data = self._half_mark + text[at:]
        end = data.find(PASTE_END)
        if end < 0:
            self._half_mark = _half_of_mark(data)
            self._keep(data[: len(data) - len(self._half_mark)])
            return len(text)
        self._keep(data[:end])
        if self._pasted_length > LONGEST_PASTE:
            self._drop_paste(PasteProblem.TOO_LONG)
        else:
            pasted = _NO_TEXT.sub("", "".join(self._pasted or ()))
            self._pasted = None
            self._tokens.append(Paste(pasted))  # an empty one, too: the input guard hears of it
        return len(text) - (len(data) - end - len(PASTE_END))

    def _keep(self, text: str) -> None:
        self._pasted_length += len(text)
        if self._pasted_length > LONGEST_PASTE:
            self._pasted = []
        elif self._pasted is not None:
            self._pasted.append(text)

    def _drop_paste(self, problem: PasteProblem) -> None:
        self._pasted = None
        self._tokens.append(problem)

    # One character at a time -----------------------------------------------------------------

    def _take(self, character: str) -> None:
        if self._state != self._ground:
            if character in _CANCEL:
                self._state = self._ground
                return
            if character == ESC and self._state != self._escape:
                self._state = self._ground
        if character in _C1:
            self._begin(_C1[character], alt=False)
        else:
            self._state(character)

    def _ground(self, character: str) -> None:
        if character == ESC:
            self._escapes = 1
            self._state = self._escape
        elif key := _PLAIN.get(character):
            if character < "\x80":
                self._tokens.append(Press(key, character))
        elif _is_text(character):
            self._tokens.append(Press(_character_to_key(character), character))

    def _escape(self, character: str) -> None:
        """Handle the character after an escape: the escape key, alt, or the start of a sequence."""
        if character == ESC:
            if self._escapes > 1:  # alt with a sequence takes two
                self._tokens.append(Press("escape", ESC))
            self._escapes = 2
            return
        if character in _INTRODUCERS:
            self._begin(character, alt=self._escapes > 1)
            return
        self._state = self._ground
        if self._escapes > 1:
            self._tokens.append(Press("escape", ESC))
        if " " <= character <= "/":
            self._state = self._designation
        elif character != "\\":  # ESC \ ends a string
            self._with_alt(character)

    def _with_alt(self, character: str) -> None:
        plain = _PLAIN.get(character, "")
        if plain in URGENT:
            self._tokens += [Press("escape", ESC), Press(plain, character)]
        elif key := _PLAIN.get(ESC + character):
            self._tokens.append(Press(key))
        elif plain and character < "\x80":
            self._tokens.append(Press(f"alt+{plain}"))
        elif _is_text(character):
            held = "alt+shift" if character.isupper() else "alt"
            self._tokens.append(Press(f"{held}+{_character_to_key(character.lower()[0])}"))

    def _begin(self, introducer: str, *, alt: bool) -> None:
        self._alt = alt
        self._sequence = ""
        states = {"[": self._control, "O": self._single_shift}
        self._state = states.get(introducer, self._string)

    def _designation(self, character: str) -> None:
        """Skip the choice of a character set: ESC, intermediate characters, a final one."""
        if not " " <= character <= "/":
            self._state = self._ground

    def _string(self, character: str) -> None:
        if character in "\x07\x9c":
            self._state = self._ground

    def _ignore(self, character: str) -> None:
        """Skip up to the final character of an invalid control sequence."""
        if "@" <= character <= "~":
            self._state = self._ground

    def _skip(self, _character: str) -> None:
        self._to_skip -= 1
        if not self._to_skip:
            self._state = self._ground

    def _single_shift(self, character: str) -> None:
        if character.isdecimal():
            self._sequence = (self._sequence + character)[:_LONGEST_SEQUENCE]
            return
        self._state = self._ground
        known = ANSI_SEQUENCES_KEYS.get(f"{ESC}O{self._sequence}{character}")
        if isinstance(known, str):  # the keypad
            self._tokens.append(Press(_character_to_key(known), known))
        else:
            self._old_key(f"O{self._sequence}{character}")

    def _console(self, character: str) -> None:
        """Handle CSI [ and one letter: a function key of the Linux console."""
        self._state = self._ground
        self._old_key(f"[[{character}")

    def _old_key(self, sequence: str) -> None:
        if key := _PLAIN.get(ESC + sequence):
            self._tokens.append(Press(f"alt+{key}" if self._alt else key))

    def _control(self, character: str) -> None:
        """Collect a control sequence."""
        if "@" <= character <= "~":
            self._state = self._ground
            self._complete(character)
        elif " " <= character <= "?" and len(self._sequence) < _LONGEST_SEQUENCE:
            self._sequence += character
        else:
            self._state = self._ignore

    # Control sequences -----------------------------------------------------------------------

    def _complete(self, final: str) -> None:
        parts = _SEQUENCE.fullmatch(self._sequence + final)
        if parts is None:
            return
        private, parameters, between, _ = parts.groups()
        name = private + between + final
        if name in _FUNCTION_FINALS:
            self._function_key(parameters, final)
        elif name == "u":
            self._character_key(parameters)
        elif name == "?$y":
            self._report_mode(parameters)
        elif name == "t" and _SIZE.fullmatch(parameters):
            self._tokens.append(SizeReport())
        elif not parameters and name in ("I", "O"):
            self._tokens.append(Focus(final == "I"))
        elif not parameters and name == "[":
            self._state = self._console
        elif not parameters and name == "M":  # legacy mouse report
            self._to_skip, self._state = 3, self._skip
        elif not private:
            self._old_key(f"[{parameters}{between}{final}")

    def _report_mode(self, parameters: str) -> None:
        mode, _, setting = parameters.partition(";")
        if len(mode) <= 4 and mode.isdecimal() and setting in tuple("01234"):
            self._tokens.append(ModeReport(int(mode), int(setting)))

    def _function_key(self, parameters: str, final: str) -> None:
        if final == "~" and parameters == "200":
            self._pasted, self._pasted_length, self._half_mark = [], 0, ""
            self._stalled = self._unended = False
            return
        fields = _fields(parameters)
        if fields is None or fields.shifted or fields.base:
            return
        number = fields.number or ("1" if final != "~" else "")
        if final == "~" and number == str(_XTERM_OTHER):
            if len(fields.text) == 1 and not self._alt:
                typed = fields.text if fields.modifiers in (0, _SHIFT) else ""
                self._press(ord(fields.text), fields.modifiers, typed)
            return
        key = FUNCTIONAL_KEYS.get(f"{number}{final}")
        if final == "~" and not key and not fields.modifiers:
            key = _PLAIN.get(f"{ESC}[{number}~")
        if key and not fields.text and (final != "R" or fields.modifiers):
            self._named(key, fields.modifiers)

    def _named(self, key: str, modifiers: int) -> None:
        held = [name for bit, name in enumerate(_MODIFIERS) if modifiers >> bit & 1]
        if self._alt and "alt" not in held:
            held.append("alt")
        character = None if held else _SPECIAL.get(key, key if len(key) == 1 else None)
        self._tokens.append(Press("+".join([*sorted(held), key]), character))

    def _character_key(self, parameters: str) -> None:
        fields = _fields(parameters)
        if fields is None or not fields.number or self._alt:
            return
        number, text = int(fields.number), fields.text
        name = FUNCTIONAL_KEYS.get(f"{number}u", "")
        if not all(map(_is_text, text)):
            if not name:
                return
            text = ""
        if name in IGNORED:
            return
        if len(text) > 1 or (text and number == 0):  # input method, or a two-letter key
            self._tokens.append(Paste(text))
        elif name and text and not fields.modifiers & _COMMANDING:  # the keypad
            self._tokens.append(Press(_character_to_key(text), text))
        elif name:
            self._named(name, fields.modifiers)
        elif _character(number):
            base = _character(int(fields.base or 0))
            shifted = _character(int(fields.shifted or 0))
            self._press(number, fields.modifiers, text, shifted, base)

    def _press(
        self, number: int, modifiers: int, text: str = "",
        shifted: str | None = None, base: str | None = None,
    ) -> None:  # fmt: skip
        """Emit a key that types a character, with its modifiers."""
        character = chr(number)
        if FUNCTIONAL_KEYS.get(f"{number}u"):  # as xterm sends it
            self._named(FUNCTIONAL_KEYS[f"{number}u"], modifiers)
            return
        if not _is_text(character):
            return
        foreign = not character.isascii()
        latin = base if foreign and base and base.isascii() and _is_text(base) else None
        by_alt_gr = text and modifiers & _CTRL and modifiers & _ALT
        if (modifiers & _COMMANDING and not by_alt_gr) or (modifiers & _ALT and not text):
            plain = latin or (character.lower() if character.isascii() else character)
            self._named(_character_to_key(plain), modifiers)
            return
        if not text:
            text = _as_typed(character, shifted, modifiers)
        if not text:
            self._named(_character_to_key(character), modifiers)
            return
        if latin is not None and not text.isascii():
            latin = latin.upper() if modifiers & _SHIFT else latin
            self._tokens.append(Press(_character_to_key(text), text, _character_to_key(latin)))
        else:
            self._tokens.append(Press(_character_to_key(text), text))


@dataclass(frozen=True, slots=True)
class _Fields:
    """Fields of a key press in the kitty keyboard protocol."""

    number: str
    shifted: str
    base: str
    modifiers: int
    text: str


def _fields(parameters: str) -> _Fields | None:
    """Parse the fields of a key; None when they are invalid, or for a key release."""
    found = _KEY.fullmatch(parameters)
    if found is None:
        return None
    number, shifted, base, modifiers, event, codes = found.groups(default="")
    held = int(modifiers or 1) - 1
    text = [_character(int(code)) for code in codes.split(":")] if codes else []
    if not 0 <= held <= _LAST_MODIFIERS or event not in ("", "1", "2") or None in text:
        return None
    return _Fields(
        number.lstrip("0") or number[:1], shifted, base, held, "".join(filter(None, text))
    )


def _character(number: int) -> str | None:
    """Return a character by its code point; None when it is invalid."""
    if 0 < number < 0xD800 or 0xDFFF < number <= 0x10FFFF:
        return chr(number)
    return None


def _is_text(character: str) -> bool:
    """Tell whether a character can be typed; U+FFFD marks undecodable bytes."""
    return character.isprintable() and character != "\ufffd"


def _as_typed(character: str, shifted: str | None, modifiers: int) -> str:
    """Guess the text that a key types when the terminal does not report it; empty if unknown."""
    if modifiers & _SHIFT:
        upper = shifted or character.upper()
        if len(upper) != 1 or upper == character or not _is_text(upper):
            return character if character.isupper() or character == " " else ""
        character = upper
    if modifiers & _CAPS_LOCK and len(character.swapcase()) == 1:
        character = character.swapcase()
    return character


def _half_of_mark(data: str) -> str:
    """Return the end of a text that may be the start of the end mark."""
    for length in range(min(len(PASTE_END) - 1, len(data)), 0, -1):
        if PASTE_END.startswith(data[-length:]):
            return data[-length:]
    return ""
