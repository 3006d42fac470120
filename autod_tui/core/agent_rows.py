"""The list of agents as people see it, on the command line and on the screen alike."""

from __future__ import annotations

from autod_tui.core.agent_ports import InstalledAgent

HEAD = ["AGENT", "VERSION", "MODES", "MODELS", "HOW TO GET IT"]
VERSION, MODES = 1, 2
"""Columns that are coloured."""
NOTE = "The mode in [brackets] is taken where none is named. What the modes mean:"


def agent_row(found: InstalledAgent) -> list[str]:
    """Return the cells of one agent."""
    profile = found.profile
    family = f" ({profile.family})" if profile.family not in ("", profile.name) else ""
    modes = [f"[{mode}]" if mode == profile.permission else mode for mode in profile.permissions]
    return [
        profile.name + family,
        found.version or ("installed" if found.path else "not installed"),
        " ".join(modes) or "-",
        " ".join(profile.models) or "-",
        "" if found.path else profile.install or f"install {profile.command[0]!r}",
    ]
