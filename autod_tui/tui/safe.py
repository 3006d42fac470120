"""Text from agents, repositories and people, made harmless before it reaches a terminal."""

from __future__ import annotations

import re

from textual.content import Content

_SEQUENCES = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC, ended by BEL or ST
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\)?"  # DCS, SOS, PM, APC
    r"|[\x1b\x9b]\[?[0-?]*[ -/]*[@-~]"  # CSI and the two-character sequences
)
_CONTROLS = dict.fromkeys((*range(32), *range(127, 160)))
_DIRECTIONS = dict.fromkeys((1564, 8206, 8207, *range(8234, 8239), *range(8294, 8298), 65279))
_SURROGATES = dict.fromkeys(range(55296, 57344), "�")
_DROP = {**_CONTROLS, **_DIRECTIONS, **_SURROGATES, 0x0A: " ", 0x09: "    ", 0x2028: " ", 0x2029: " "}


def clean(text: str) -> str:
    """Return `text` as one line without escape sequences, control characters or direction overrides."""
    if text.isascii() and text.isprintable():
        return text
    return _SEQUENCES.sub("", text).translate(_DROP)


def clean_lines(text: str) -> list[str]:
    """Split `text` at its newlines only and clean each line."""
    return [clean(line) for line in text.replace("\r\n", "\n").split("\n")]


def clean_block(text: str) -> str:
    """Return `text` cleaned line by line, newlines kept."""
    return "\n".join(clean_lines(text))


def plain(text: str) -> Content:
    """Return cleaned `text` as content that is never read as markup."""
    return Content(clean(text))
