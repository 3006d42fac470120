"""Where autod keeps what is a user's and no repository's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def state_directory(environ: Mapping[str, str]) -> Path:
    """Return autod's directory below the user's state directory ($XDG_STATE_HOME, else ~/.local/state)."""
    return Path(environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "autod"
