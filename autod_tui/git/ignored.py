"""Ignored files: which of them are worth keeping when a worktree goes."""

from __future__ import annotations

import os
from collections.abc import Iterator

from msgspec import Struct

from autod_tui.git.command import Git, Place

CACHES = frozenset(
    {
        "node_modules",
        ".venv",
        "venv",
        "__pycache__",
        ".pytest_cache",
        ".mypy_cache",
        ".ruff_cache",
        ".tox",
        "target",
        "dist",
        "build",
    }
)
"""Directories whose content can be made again."""
LARGEST = 5 * 10**6
"""Bytes of the largest ignored file that a backup holds."""
LARGEST_SUM = 50 * 10**6
"""Bytes of all ignored files that a backup holds."""


class BackupChoice(Struct, frozen=True):
    """Ignored files of a worktree, caches left out, paths relative to it."""

    kept: tuple[str, ...]
    too_large: tuple[str, ...]


async def backup_choice(git: Git, place: Place) -> BackupChoice:
    """Sort the ignored files into those that a backup holds and those it can't (size, foreign repositories)."""
    words = ("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")
    done = (await git.run(*words, place=place)).checked(f"listing the ignored files of {place.work_tree!r}")
    kept: list[str] = []
    too_large: list[str] = []
    room = LARGEST_SUM
    for path, size in _files(place.work_tree, os.fsdecode(done.stdout).split("\0")):
        if size > LARGEST or size > room:
            too_large.append(path)
        else:
            kept.append(path)
            room -= size
    return BackupChoice(tuple(kept), tuple(too_large))


def _files(root: str, entries: list[str]) -> Iterator[tuple[str, int]]:
    for entry in sorted(filter(None, entries)):
        if CACHES.intersection(entry.rstrip("/").split("/")):
            continue
        if entry.endswith("/"):
            yield from _below(root, entry.rstrip("/"))
        else:
            yield entry, _size(os.path.join(root, entry))  # noqa: PTH118 - many files


def _below(root: str, directory: str) -> Iterator[tuple[str, int]]:
    for where, directories, names in os.walk(os.path.join(root, directory)):  # noqa: PTH118 - many files
        relative = os.path.relpath(where, root)
        if ".git" in directories or ".git" in names:
            yield f"{relative}/", LARGEST + 1  # a repository of its own: no commit of ours can hold it
            directories.clear()
            continue
        linked = [name for name in directories if os.path.islink(f"{where}/{name}")]  # noqa: PTH114 - many files
        directories[:] = sorted(set(directories) - CACHES - set(linked))
        for name in sorted([*names, *linked]):
            yield f"{relative}/{name}", _size(f"{where}/{name}")


def _size(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0
