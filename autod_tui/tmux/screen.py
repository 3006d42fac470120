"""Reading a pane: from the reply of capture-pane to a Screen that is safe to draw."""

from __future__ import annotations

import re
from collections.abc import Iterator

from autod_tui.core.pane_ports import Screen

FORMAT = "#{pane_width} #{pane_height} #{cursor_x} #{cursor_y} #{cursor_flag} #{history_size}"
"""What display-message is asked for ahead of the capture."""

# Everything but SGR: OSC and other strings with their text, other escape sequences, control characters.
_UNWANTED = re.compile(
    r"\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|\x1b\[(?![0-9;:]*m)[0-?]*[ -/]*[@-~]?"
    r"|\x1b(?!\[)[ -/]*[0-~]?"
    r"|[\x00-\x1a\x1c-\x1f\x7f-\x9f]"
)


# The VT100 line-drawing set, which capture-pane gives as letters between SO and SI.
_LINES = str.maketrans(
    "`afgijklmnopqrstuvwxyz{|}~+,-.0",
    "\u25c6\u2592\u00b0\u00b1\u240b\u2518\u2510\u250c\u2514\u253c\u23ba\u23bb"
    "\u2500\u23bc\u23bd\u251c\u2524\u2534\u252c\u2502\u2264\u2265\u03c0\u2260\u00a3\u00b7\u2192\u2190\u2191\u2193\u2588",
)


def row_count(reply: list[bytes], history: int) -> int:
    """Return how many rows capture-pane will give for a FORMAT reply and up to `history` rows of scrollback."""
    told = reply[0].split() if reply else []
    if not told:
        return 0  # the pane is gone: tmux says so only when it is to be captured
    _, rows, _, _, _, held = map(int, told)
    return rows + min(history, held)


def make_screen(reply: list[bytes], rows: list[bytes], history: int) -> Screen:
    """Make the Screen of a FORMAT reply and the captured rows; the cursor's row counts from the first row given."""
    columns, height, x, y, shown, held = map(int, reply[0].split())
    above = min(history, held)
    return Screen(
        lines=tuple(map(clean_row, _with_drawn_lines(rows))),
        cursor=(x, y + above) if shown else None,
        size=(columns, height),
    )


def clean_row(row: str) -> str:
    """Return a captured row with its SGR sequences and no other control characters."""
    return _UNWANTED.sub("", row)


def _with_drawn_lines(rows: list[bytes]) -> Iterator[str]:
    drawing = False  # carries over from row to row
    for row in rows:
        text = row.decode("utf-8", "replace")
        if drawing or "\x0e" in text:
            text, drawing = _draw_lines(text, drawing)
        yield text


def _draw_lines(text: str, drawing: bool) -> tuple[str, bool]:
    parts = []
    for part in re.split(r"(\x0e|\x0f|\x1b\[[0-9;:]*m)", text):
        if part in ("\x0e", "\x0f"):
            drawing = part == "\x0e"
        else:
            parts.append(part.translate(_LINES) if drawing and not part.startswith("\x1b") else part)
    return "".join(parts), drawing
