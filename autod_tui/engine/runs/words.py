"""What was printed, in a few words."""

from __future__ import annotations

from autod_tui.engine.runs.verdicts import plain

SHOWN_LINES = 20
SHOWN_CHARACTERS = 4000


def with_tail(reason: str, output: str) -> str:
    """Return a reason followed by the last lines of what was printed."""
    lines = [line.rstrip() for line in plain(output).replace("\r\n", "\n").splitlines() if line.strip()]
    tail = "\n".join(lines[-SHOWN_LINES:])[-SHOWN_CHARACTERS:]
    return f"{reason}\n{tail}" if tail else reason
