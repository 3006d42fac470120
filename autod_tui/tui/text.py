"""Rows of styled text, and the small shapes they are built of; pure functions of their arguments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from autod_tui.tui.safe import clean

Span = tuple[str, str]
"""(text, role); roles stand in theme.ROLES."""


class Row(NamedTuple):
    """One line of a view; a row with a key can be selected."""

    spans: tuple[Span, ...]
    key: str = ""


ELLIPSIS = "…"


def row(*spans: Span | str, key: str = "") -> Row:
    """Build a row; a bare string has the plain role."""
    return Row(tuple((span, "") if isinstance(span, str) else span for span in spans), key)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Return cleaned `text` at exactly `width` cells, with an ellipsis where it had to be cut."""
    text = clean(text)
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + ELLIPSIS if width > 0 else ""
    return " " * (width - length) + text if right else text + " " * (width - length)


def shorten(text: str, width: int) -> str:
    """Return cleaned `text` at no more than `width` cells, with an ellipsis where it had to be cut."""
    text = clean(text)
    return text if cell_len(text) <= width else fit(text, width)


def ending(path: str, width: int) -> str:
    """Return cleaned `path` at no more than `width` cells, its beginning cut: the end tells more."""
    text = clean(path)
    while cell_len(text) > width and len(text) > 1:
        text = ELLIPSIS + text[2:]
    return text


def wrap(text: str, width: int) -> list[str]:
    """Break `text` at spaces into lines of at most `width` cells; newlines stay, long words are split."""
    width = max(width, 1)
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines.extend(_wrap_line(clean(paragraph), width))
    return lines


def _wrap_line(text: str, width: int) -> list[str]:
    if cell_len(text) <= width:
        return [text]
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        while cell_len(word) > width:
            head = set_cell_size(word, width - cell_len(line) - 1) if line else set_cell_size(word, width)
            if line:
                lines.append(line)
                line = ""
                continue
            lines.append(head)
            word = word[len(head.rstrip()) :]
        if line and cell_len(line) + 1 + cell_len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def paragraph(text: str, width: int, role: str = "", indent: int = 0) -> list[Row]:
    """Return `text` wrapped to `width` as rows, indented by `indent` cells."""
    pad = " " * indent
    return [row((pad + line, role)) for line in wrap(text, max(width - indent, 8))]


def labelled(label: str, text: str, width: int, role: str = "", label_width: int = 11) -> list[Row]:
    """Return `label` in dim beside `text`, wrapped under itself."""
    lines = wrap(text, max(width - label_width, 8))
    heads = [fit(label, label_width), *([" " * label_width] * (len(lines) - 1))]
    return [row((head, "dim"), (line, role)) for head, line in zip(heads, lines, strict=True)]


def duration(seconds: float) -> str:
    """Return a length of time in its largest fitting unit, such as `3m`, `2h05`, `4d`."""
    minutes = int(max(seconds, 0) // 60)
    if minutes < 1:
        return "now" if seconds < 10 else "<1m"
    if minutes < 60:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}" if hours < 48 else f"{hours // 24}d"


def seconds_text(seconds: float) -> str:
    """Return a measured time, such as `3.4 s` or `2 min 5 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def short(oid: str) -> str:
    """Return an object id as people read it; `-` for none."""
    return oid[:8] or "-"


def joined(names: Iterable[str], empty: str = "none") -> str:
    """Return names with commas between them."""
    return ", ".join(names) or empty


def width_of(spans: Iterable[Span]) -> int:
    """Return the cells that `spans` take once cleaned."""
    return sum(cell_len(clean(text)) for text, _ in spans)
