"""Reading a pane: from the reply of capture-pane to a Screen that is safe to draw."""

from __future__ import annotations

import re

from autod_tui.core.ports import Screen

FORMAT = "#{pane_width} #{pane_height} #{cursor_x} #{cursor_y} #{cursor_flag} #{history_size}"
"""What display-message is asked for ahead of the capture."""

# Everything but SGR: OSC and other strings with their text, other escape sequences, control characters.
_UNWANTED = re.compile(
    r"\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|\x1b\[(?![0-9;:]*m)[0-?]*[ -/]*[@-~]?"
    r"|\x1b(?!\[)[ -/]*[0-~]?"
    r"|[\x00-\x1a\x1c-\x1f\x7f-\x9f]"
)


def row_count(reply: list[bytes], history: int) -> int:
    """Return how many rows capture-pane will give for a FORMAT reply and up to `history` rows of scrollback."""
    _, rows, _, _, _, held = map(int, reply[0].split())
    return rows + min(history, held)


def make_screen(reply: list[bytes], rows: list[bytes], history: int) -> Screen:
    """Make the Screen of a FORMAT reply and the captured rows; the cursor's row counts from the first row given."""
    columns, height, x, y, shown, held = map(int, reply[0].split())
    above = min(history, held)
    return Screen(
        lines=tuple(clean_row(row) for row in rows),
        cursor=(x, y + above) if shown else None,
        size=(columns, height),
    )


def clean_row(row: bytes) -> str:
    """Return a captured row with its SGR sequences and no other control characters."""
    return _UNWANTED.sub("", row.decode("utf-8", "replace"))
