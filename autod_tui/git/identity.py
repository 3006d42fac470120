"""Who autod's commits and tags are by."""

from __future__ import annotations

import os
import re
import time

from autod_tui.git.config import LocalConfig


def signature(config: LocalConfig, at: float) -> str:
    """Return `Name <mail> seconds zone`: the user's name from environment or configuration, else autod's own."""
    name, email = identity(config)
    offset = time.localtime(at).tm_gmtoff // 60
    zone = f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02}{abs(offset) % 60:02}"
    return f"{name} <{email}> {int(at)} {zone}"


def identity(config: LocalConfig) -> tuple[str, str]:
    """Return (name, mail) of the committer, free of what would break an object's header."""
    name = os.environ.get("GIT_COMMITTER_NAME") or config.name or "autod"
    email = os.environ.get("GIT_COMMITTER_EMAIL") or config.email or "autod@localhost"
    return _plain(name) or "autod", _plain(email) or "autod@localhost"


def _plain(text: str) -> str:
    return re.sub(r"[<>\x00-\x1f]", "", text).strip()
