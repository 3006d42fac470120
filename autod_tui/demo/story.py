"""What happens in the demo, as data: for the run without a terminal, and for tests."""

from __future__ import annotations

from autod_tui.demo.material import RESOLUTIONS, WORKSTREAMS, kept_at

CHECKPOINTS = ("foundation", "retry", "final")
"""In the order in which they are merged."""

INTO = "integration/week1-foundation"
TAGS = {
    "foundation": "week1-day3-foundation-integrated",
    "retry": "week1-day5-retry-integrated",
    "final": "week1-complete",
}

ASKING = "database-pipeline"
"""The workstream whose agent asks a question once."""
QUESTION = "Use generic JSON instead of JSONB? [y/n]"
ANSWER = "y"

CONFLICT_CHECKPOINT = "foundation"
CONFLICT_WORKSTREAM = "database-pipeline"
"""The merge step that conflicts: `testing`, merged before it, changed the same line."""
CONFLICT_FILES = ("src/paperflow/settings.py",)

RED_CHECKPOINT = "retry"
RED_GATE = "success-rate"
RED_WORKSTREAM = "retry-error-handling"
"""The gate that is red at first, and the workstream whose agent mends it when it is told."""
FIX_SUBJECT = "Allow five attempts before giving a document up"
"""Subject of the commit that mends it."""

UNCOMMITTED_WORKSTREAM = "token-tracking"
UNCOMMITTED_FILES = ("src/paperflow/report.py", "tests/test_report.py")
"""Finished work that the agent leaves for the checkpoint to commit."""

THRESHOLDS = {
    "foundation": {"coverage": 60.0},
    "retry": {"coverage": 70.0, "success-rate": 95.0},
    "final": {"coverage": 75.0, "success-rate": 95.0, "documents": 100.0},
}
"""Gates with a number, by checkpoint; the gate `tests` has none."""

__all__ = [
    "ANSWER",
    "ASKING",
    "CHECKPOINTS",
    "CONFLICT_CHECKPOINT",
    "CONFLICT_FILES",
    "CONFLICT_WORKSTREAM",
    "FIX_SUBJECT",
    "INTO",
    "QUESTION",
    "RED_CHECKPOINT",
    "RED_GATE",
    "RED_WORKSTREAM",
    "TAGS",
    "THRESHOLDS",
    "UNCOMMITTED_FILES",
    "UNCOMMITTED_WORKSTREAM",
    "WORKSTREAMS",
    "resolution",
]


def resolution(path: str) -> bytes:
    """Return the content that settles the conflict in `path`; KeyError when the demo expects none there."""
    if path not in CONFLICT_FILES:
        raise KeyError(path)
    return kept_at(RESOLUTIONS, path).read_bytes()
