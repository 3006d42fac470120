"""What a person writes into an agent's screen before they send it: no word of the agent's, and no sign of work."""

from __future__ import annotations

import re
from collections.abc import Iterable

from autod_tui.core.pane_ports import Screen

_COLOURS = re.compile(r"\x1b\[[0-9;:]*m")
_PROMPTS = re.compile(r"^[\s│┃]*(?:[a-z-]+)?[>❯›](?=\s)|^.*[\])?]:?(?=\s)")
"""A prompt, or the end of a question in one line; the last one in a row counts."""


def uncoloured(line: str) -> str:
    """Return a row of a screen without its colours."""
    return _COLOURS.sub("", line)


def plain_rows(lines: Iterable[str]) -> tuple[str, ...]:
    """Return rows of a screen without their colours and the blanks at their ends."""
    return tuple(uncoloured(line).rstrip() for line in lines)


def unwritten(screen: Screen) -> tuple[str, ...] | None:
    """Return a screen's rows without what stands between the last prompt and the cursor, and all below.

    None when the cursor is hidden, or nothing is written: it may stand in the row of a prompt, or in one into which
    that row runs on.
    """
    if screen.cursor is None or screen.cursor[1] >= len(screen.lines):
        return None
    rows = list(plain_rows(screen.lines[: screen.cursor[1] + 1]))
    at = len(rows) - 1
    while at > 0 and not _PROMPTS.match(rows[at] + " ") and len(rows[at - 1]) >= screen.size[0] - 1:
        at -= 1
    found = _PROMPTS.match(rows[at] + " ")
    if found is None or (at == len(rows) - 1 and screen.cursor[0] <= found.end()):
        return None
    return (*rows[:at], f"{found[0]} ")
