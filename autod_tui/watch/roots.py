"""Which directories a key needs watched, and which of their paths count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct

IGNORED = frozenset(
    {
        ".git",
        ".hypothesis",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".ruff_cache",
        ".tox",
        ".venv",
        "__pycache__",
        "node_modules",
    }
)
"""Directories in a worktree whose content never counts; its own `.git` file neither."""
GIT_FILES = frozenset({"HEAD", "MERGE_HEAD", "index", "packed-refs"})
GIT_DIRECTORIES = ("refs", "worktrees")
_WORKTREE_LOGS = frozenset({"logs", "modules"})


class Spot(Struct, frozen=True):
    """One directory to watch."""

    path: str
    deep: bool
    """True: with everything below. False: its own entries only."""


class Roots:
    """The watched keys, sorted into worktrees and git directories as they are on disk at this moment."""

    def __init__(self, paths: Mapping[str, str]) -> None:
        """Look at `paths` (key to absolute path); missing ones are waited for at their nearest ancestor."""
        self._keys: dict[str, frozenset[str]] = {}
        for key, path in paths.items():
            clean = path.rstrip("/") or "/"
            self._keys[clean] = self._keys.get(clean, frozenset()) | {key}
        self._git = frozenset(path for path in self._keys if is_git_directory(Path(path)))
        self.awaited = frozenset(path for path in self._wanted() if not Path(path).is_dir())
        """Directories that are not there yet."""
        self.spots = frozenset(self._spots())
        """What to watch now."""

    def _wanted(self) -> Iterable[str]:
        for path in self._keys:
            yield path
            if path in self._git:
                yield from (f"{path}/{name}" for name in GIT_DIRECTORIES)

    def _spots(self) -> Iterable[Spot]:
        for path in self._wanted():
            if path in self.awaited:
                yield Spot(str(_nearest_directory(Path(path))), deep=False)
            else:
                yield Spot(path, deep=path not in self._git)

    def keys(self, paths: Iterable[str]) -> frozenset[str]:
        """Return the keys that a change of any of `paths` concerns."""
        found: set[str] = set()
        for path in paths:
            root = self._root(path)
            if root and self._counts(root, path):
                found |= self._keys[root]
        return frozenset(found)

    def arrived(self, paths: Iterable[str]) -> bool:
        """Tell whether one of `paths` is an awaited directory or an ancestor of one."""
        return any(f"{awaited}/".startswith(f"{path}/") for path in paths for awaited in self.awaited)

    def _root(self, path: str) -> str:
        """Return the innermost watched path that holds `path`, empty when none does."""
        while path not in self._keys:
            path, slash, _ = path.rpartition("/")
            if not slash:
                return ""
        return path

    def _counts(self, root: str, path: str) -> bool:
        parts = path[len(root) :].strip("/").split("/")
        return _counts_in_git(parts) if root in self._git else IGNORED.isdisjoint(parts)


def _counts_in_git(parts: list[str]) -> bool:
    if parts[-1].endswith(".lock"):
        return False
    if parts[0] == "worktrees":
        return _WORKTREE_LOGS.isdisjoint(parts)
    return parts[0] == "refs" or (len(parts) == 1 and parts[0] in GIT_FILES)


def is_git_directory(path: Path) -> bool:
    """Tell whether `path` is a repository's git directory or a worktree's part of one."""
    return (path / "HEAD").is_file() and ((path / "objects").is_dir() or (path / "commondir").is_file())


def _nearest_directory(path: Path) -> Path:
    return next(parent for parent in path.parents if parent.is_dir())
