"""Text from agents, repositories and people, made harmless before it reaches a terminal."""

from __future__ import annotations

import re

from rich.segment import Segment
from textual.color import Color
from textual.content import Content
from textual.filter import LineFilter

_SEQUENCES = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC, ended by BEL or ST
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\)?"  # DCS, SOS, PM, APC
    r"|[\x1b\x9b]\[?[0-?]*[ -/]*[@-~]"  # CSI and the two-character sequences
)
_CONTROLS = dict.fromkeys((*range(32), *range(127, 160)))
_DIRECTIONS = dict.fromkeys((1564, 8206, 8207, *range(8234, 8239), *range(8294, 8298), 65279))
_SURROGATES = dict.fromkeys(range(55296, 57344), "�")
_DROP_ALL = {**_CONTROLS, **_DIRECTIONS}
_DROP = {**_CONTROLS, **_DIRECTIONS, **_SURROGATES, 0x0A: " ", 0x09: "    ", 0x2028: " ", 0x2029: " "}


def clean(text: str) -> str:
    """Return `text` as one line without escape sequences, control characters or direction overrides."""
    if text.isascii() and text.isprintable():
        return text
    return _SEQUENCES.sub("", text).translate(_DROP)


class ControlFilter(LineFilter):
    """The last door before the terminal: no widget's segment passes with a control character in it."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments, those with control characters without them (they have no width)."""
        if all(text.isprintable() for text, _, _ in segments):
            return segments
        return [
            segment if segment.control else Segment(segment.text.translate(_DROP_ALL), segment.style)
            for segment in segments
        ]


def clean_lines(text: str) -> list[str]:
    """Split `text` at its newlines only and clean each line."""
    return [clean(line) for line in text.replace("\r\n", "\n").split("\n")]


def clean_block(text: str) -> str:
    """Return `text` cleaned line by line, newlines kept."""
    return "\n".join(clean_lines(text))


def plain(text: str) -> Content:
    """Return cleaned `text` as content that is never read as markup."""
    return Content(clean(text))
