"""States as people see them: word, glyph and role of every state in one table each."""

from __future__ import annotations

import locale
import os
from typing import NamedTuple

from autod_tui.core.checkpoint import CheckpointState, GateState
from autod_tui.core.workstream import WorkstreamState


class Look(NamedTuple):
    """How a state is drawn."""

    glyph: str
    ascii: str
    word: str
    role: str

    @property
    def mark(self) -> str:
        """The glyph that this terminal can show."""
        return self.ascii if ASCII_ONLY else self.glyph


def _ascii_only() -> bool:
    """Say whether the terminal can't be trusted with more than ASCII, or the user says so by AUTOD_ASCII."""
    if os.environ.get("AUTOD_ASCII"):
        return True
    return os.environ.get("TERM") == "linux" or "utf" not in locale.getpreferredencoding(False).lower()


ASCII_ONLY = _ascii_only()

WORKSTREAM: dict[WorkstreamState, Look] = {
    WorkstreamState.PLANNED: Look("○", "o", "planned", "dim"),
    WorkstreamState.STARTING: Look("◔", "^", "starting", "info"),
    WorkstreamState.WORKING: Look("●", "*", "working", "ok"),
    WorkstreamState.WAITING: Look("▲", "!", "waiting", "loud"),
    WorkstreamState.IDLE: Look("◦", ".", "idle", "info"),
    WorkstreamState.RATE_LIMITED: Look("◷", "%", "limited", "warn"),
    WorkstreamState.DONE: Look("✓", "+", "done", "accent"),
    WorkstreamState.FAILED: Look("✗", "x", "failed", "alarm"),
    WorkstreamState.EXITED: Look("◇", "-", "exited", "warn"),
    WorkstreamState.STOPPED: Look("■", "#", "stopped", "dim"),
    WorkstreamState.LOST: Look("?", "?", "lost", "alarm"),
}

CHECKPOINT: dict[CheckpointState, Look] = {
    CheckpointState.OPEN: Look("○", "o", "open", "dim"),
    CheckpointState.READY: Look("◉", "@", "ready", "ok"),
    CheckpointState.MERGING: Look("◐", "~", "merging", "info"),
    CheckpointState.BLOCKED: Look("✗", "x", "blocked", "alarm"),
    CheckpointState.MERGED: Look("✓", "+", "merged", "accent"),
    CheckpointState.ROLLED_BACK: Look("↶", "<", "rolled back", "warn"),
}

OLDER_HEADS = "of older heads"
"""Said of a gate that judged heads which have moved since."""

GATE: dict[GateState, Look] = {
    GateState.OPEN: Look("○", "o", "not run", "dim"),
    GateState.RUNNING: Look("◐", "~", "running", "info"),
    GateState.GREEN: Look("✓", "+", "green", "ok"),
    GateState.RED: Look("✗", "x", "red", "alarm"),
}

HEALTH: dict[str, str] = {"on track": "ok", "at risk": "warn", "blocked": "bad"}

_GLYPHS: dict[str, tuple[str, str]] = {
    "conflict": ("⚠", "!"),
    "ahead": ("↑", "+"),
    "behind": ("↓", "-"),
    "bar": ("━", "="),
    "track": ("─", "-"),
    "line": ("│", "|"),
    "arrow": ("→", "->"),
    "dot": ("·", "."),
    "planned": ("◇", "v"),
    "pointer": ("❯", ">"),
    "on": ("[x]", "[x]"),
    "off": ("[ ]", "[ ]"),
}


def glyph(name: str) -> str:
    """Return a decoration by name, in the form this terminal can show."""
    return _GLYPHS[name][ASCII_ONLY]


def bar(percent: float, width: int) -> tuple[str, str]:
    """Return the filled and the empty part of a progress bar of `width` cells."""
    filled = round(max(0.0, min(percent, 100.0)) / 100 * width)
    return glyph("bar") * filled, glyph("track") * (width - filled)
