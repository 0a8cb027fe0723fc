"""The IDs that a command was given: on its line, or on standard input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

from neptun_tui.cli.terminal import standard_input
from neptun_tui.domain import display
from neptun_tui.domain.errors import InputError, InvalidId
from neptun_tui.domain.resources import parse_id

MOST: Final = 10_000
"""IDs that one command takes, repeats included."""

STDIN: Final = "-"
"""Stands for the IDs on standard input."""

_LONGEST_LINE: Final = 1_000_000
"""Bytes of a line of standard input; the longest that the lists print are far shorter."""


def read_ids(words: Sequence[str]) -> tuple[int, ...]:
    """Read and check every ID, in the order given; one that is given twice counts once.

    Args:
        words: the arguments; ``-`` stands for standard input, where IDs stand one a line, between
            blanks, or in the first column of tab-separated lines.

    Raises:
        InvalidId: one of them is no ID.
        InputError: there are too many, or standard input cannot be read.
    """
    found: dict[int, None] = {}
    for number, (place, word) in enumerate(_words(words), 1):
        if number > MOST:
            raise InputError(f"More than {MOST:,} IDs at once. Nothing was sent.")
        try:
            found[parse_id(word)] = None
        except InvalidId as error:
            said = f"{place}{display.clean(word, 40)!r} is no ID. {error} Nothing was sent."
            raise InvalidId(said) from None
    return tuple(found)


def _words(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each word with a phrase for where it stands."""
    read = False
    for word in words:
        if word != STDIN:
            yield "", word
        elif not read:
            read = True
            yield from _input_words()


def _input_words() -> Iterator[tuple[str, str]]:
    with standard_input() as stream:
        for number, line in enumerate(_lines(stream), 1):
            for word in line.partition(b"\t")[0].split():
                yield f"Line {number} of standard input: ", word.decode(errors="replace")


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    while line := stream.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise InputError("A line of standard input is too long for one with an ID in front.")
        yield line
