"""Terminal rows with SGR sequences turned into strips; every other sequence and control character is dropped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from autod_tui.tui.safe import clean

CACHED_ROWS = 4096
_TOKEN = re.compile(
    r"\x1b\[(?P<params>[0-9;:]*)m"
    r"|\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\)?"
    r"|\x1b[ -/]*[0-~]?"
)


class Pen(NamedTuple):
    """What SGR has switched on so far."""

    fg: str = ""
    """Empty for the default, `0`..`255`, or `#rrggbb`."""
    bg: str = ""
    flags: frozenset[str] = frozenset()


PLAIN = Pen()
_ON = {
    1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 8: "conceal", 9: "strike",
    21: "underline2", 53: "overline",
}  # fmt: skip
_OFF = {
    22: {"bold", "dim"}, 23: {"italic"}, 24: {"underline", "underline2"}, 27: {"reverse"}, 28: {"conceal"},
    29: {"strike"}, 55: {"overline"},
}  # fmt: skip


def parse_rows(lines: Iterable[str]) -> list[tuple[Segment, ...]]:
    """Turn rows into segments; a colour left on at the end of a row goes on in the next."""
    pen = PLAIN
    rows: list[tuple[Segment, ...]] = []
    for line in lines:
        segments, pen = parse_row(line, pen)
        rows.append(segments)
    return rows


@lru_cache(maxsize=CACHED_ROWS)
def parse_row(line: str, pen: Pen) -> tuple[tuple[Segment, ...], Pen]:
    """Turn one row into segments, starting with `pen`; return the pen it ends with."""
    segments: list[Segment] = []
    at = 0
    for match in _TOKEN.finditer(line):
        _add(segments, line[at : match.start()], pen)
        at = match.end()
        if match["params"] is not None:
            pen = apply_sgr(pen, match["params"])
    _add(segments, line[at:], pen)
    return tuple(segments), pen


def _add(segments: list[Segment], text: str, pen: Pen) -> None:
    if text and (text := clean(text)):
        segments.append(Segment(text, style_of(pen)))


def apply_sgr(pen: Pen, params: str) -> Pen:
    """Return the pen after `CSI params m`; what is unknown changes nothing."""
    fields = params.split(";")
    index = 0
    while index < len(fields):
        if ":" in fields[index]:
            pen = _apply_colons(pen, fields[index].split(":"))
            index += 1
            continue
        code = _number(fields[index])
        if code in (38, 48, 58):
            colour, used = _extended(fields[index + 1 :])
            pen = _coloured(pen, code, colour)
            index += 1 + used
            continue
        pen = _apply_code(pen, code)
        index += 1
    return pen


def _number(field: str) -> int:
    return int(field) if field.isdigit() and len(field) < 6 else (0 if not field else -1)


def _apply_code(pen: Pen, code: int) -> Pen:
    if code == 0:
        return PLAIN
    if code in _ON:
        return pen._replace(flags=pen.flags | {_ON[code]})
    if code in _OFF:
        return pen._replace(flags=pen.flags - _OFF[code])
    if 30 <= code <= 37 or 90 <= code <= 97:
        return pen._replace(fg=str(code - 30 if code < 90 else code - 82))
    if 40 <= code <= 47 or 100 <= code <= 107:
        return pen._replace(bg=str(code - 40 if code < 100 else code - 92))
    if code in (39, 49):
        return pen._replace(fg="") if code == 39 else pen._replace(bg="")
    return pen


def _apply_colons(pen: Pen, parts: Sequence[str]) -> Pen:
    """One parameter with sub-parameters: `4:3` is an underline, `38:2::r:g:b` a colour."""
    code = _number(parts[0])
    if code == 4:
        flags = pen.flags - {"underline", "underline2"}
        return pen._replace(flags=flags if _number(parts[1]) == 0 else flags | {"underline"})
    if code in (38, 48):
        rest = list(parts[1:])
        if rest and rest[0] == "2" and len(rest) >= 5:
            rest = ["2", *rest[2:5]]
        return _coloured(pen, code, _extended(rest)[0])
    return pen


def _extended(fields: Sequence[str]) -> tuple[str, int]:
    """Read `5;n` or `2;r;g;b` and return the colour (empty when malformed) and the fields used."""
    kind = _number(fields[0]) if fields else -1
    if kind == 5 and len(fields) >= 2:
        index = _number(fields[1])
        return (str(index) if 0 <= index <= 255 else "", 2)
    if kind == 2 and len(fields) >= 4:
        channels = [_number(field) for field in fields[1:4]]
        good = all(0 <= channel <= 255 for channel in channels)
        return ("#{:02x}{:02x}{:02x}".format(*channels) if good else "", 4)
    return "", len(fields)


def _coloured(pen: Pen, code: int, colour: str) -> Pen:
    if not colour or code == 58:
        return pen
    return pen._replace(fg=colour) if code == 38 else pen._replace(bg=colour)


@lru_cache(maxsize=CACHED_ROWS)
def style_of(pen: Pen) -> Style:
    """Return the style that draws with `pen`."""
    flags: dict[str, Any] = dict.fromkeys(pen.flags, True)
    return Style(color=_colour(pen.fg), bgcolor=_colour(pen.bg), **flags)


def _colour(name: str) -> Color | None:
    if not name:
        return None
    return Color.parse(name) if name.startswith("#") else Color.from_ansi(int(name))


def with_cursor(strip: Strip, column: int) -> Strip:
    """Return `strip` with the cell at `column` shown as the cursor."""
    strip = strip.adjust_cell_length(max(strip.cell_length, column + 1))
    before, at, after = strip.crop(0, column), strip.crop(column, column + 1), strip.crop(column + 1)
    block = Strip([Segment(segment.text, (segment.style or Style()) + Style(reverse=True)) for segment in at])
    return Strip.join([before, block, after])
