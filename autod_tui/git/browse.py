"""Browsing refs for people who choose one: read by GitPython, off the event loop, when somebody looks."""

from __future__ import annotations

import asyncio
from pathlib import Path


async def recent_branches(root: Path) -> list[str]:
    """Return the local branches of the repository at `root`, the one with the newest commit first."""
    return await asyncio.to_thread(_recent_branches, root)


def _recent_branches(root: Path) -> list[str]:
    from git import Repo  # over 40 ms: only where somebody chooses a branch

    with Repo(root) as repo:
        dated = [(-head.commit.committed_date, head.name) for head in repo.heads]
    return [name for _, name in sorted(dated)]
