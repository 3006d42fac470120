"""Measuring a worktree against a target: counts, paths and diffs."""

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path

from autod_tui.core.errors import RefusedError
from autod_tui.core.workstream import UNMERGED_FILES, Changes
from autod_tui.git.command import Git, Place
from autod_tui.git.merge_tree import takes_part
from autod_tui.git.refs import QuickRefs, Refs
from autod_tui.git.settled import SettledIndexes
from autod_tui.git.status import Status, read_status

_LEFT_OUT = tuple(f":(top,exclude){name}" for name in sorted(UNMERGED_FILES))
_LARGEST_COUNTED = 2**20
_ATTEMPTS = 5
_RESTLESS = (b"No such file", b"short read")
"""What git says of a file that vanished, or shrank, as it read it."""

Fingerprint = tuple[bytes, tuple[tuple[int, int, int], ...]]
_Numbers = tuple[int, int, int]


class Measure:
    """Counts changes; what did not move since the last call costs one `git status`."""

    def __init__(self, git: Git, refs: Refs) -> None:
        """Measure worktrees of the repository that `git` serves."""
        self._git = git
        self._refs = refs
        self._quick = QuickRefs(git.common_dir)
        self._settled = SettledIndexes(git)
        self._counts: dict[str, tuple[tuple[str, str], tuple[int, int, str]]] = {}
        self._numbers: dict[str, tuple[tuple[str, Fingerprint], _Numbers]] = {}

    async def changes(self, worktree: str, target: str) -> Changes:
        """Measure a worktree against `target`: STARTUP.md and progress.md left out."""
        place = self._git.place_of(worktree)
        status = await read_status(self._git, place, env=await self._settled.env(place))
        goal = await self.target(target)
        if not status.head or not goal:
            return Changes(uncommitted=len(status.paths))
        ahead, behind, base = await self._distance(worktree, status.head, goal)
        files, insertions, deletions = await self._numstat(place, status, base)
        return Changes(
            ahead=ahead,
            behind=behind,
            files=files,
            insertions=insertions,
            deletions=deletions,
            uncommitted=len(status.paths),
        )

    async def target(self, name: str) -> str | None:
        """Return the commit that `name` (a branch, or anything that names a commit) stands for."""
        quick = self._quick.read(name if name.startswith("refs/") else f"refs/heads/{name}")
        return quick or await self._refs.resolve(name)

    async def _distance(self, worktree: str, head: str, goal: str) -> tuple[int, int, str]:
        key = (head, goal)
        known = self._counts.get(worktree)
        if known and known[0] == key:
            return known[1]
        text = await self._git.text("rev-list", "--left-right", "--count", f"{head}...{goal}", step="counting commits")
        ahead, behind = (int(number) for number in text.split())
        base = (await self._git.run("merge-base", head, goal)).text or goal
        self._counts[worktree] = (key, (ahead, behind, base))
        return ahead, behind, base

    async def _numstat(self, place: Place, status: Status, base: str) -> _Numbers:
        key = (base, fingerprint(place, status))
        known = self._numbers.get(place.work_tree)
        if known and known[0] == key:
            return known[1]
        output = await self._diff_numbers(place, base)
        if output is None:  # it did not rest for a moment: the last reading stands until it changes again
            return known[1] if known else (len(status.paths), 0, 0)
        rows = [row.split(b"\t", 2) for row in output.split(b"\0") if row]
        added = [path for path in status.untracked if takes_part(path)]
        lines = sum(_lines(Path(place.work_tree, path)) for path in added)
        numbers = (len(rows) + len(added), sum(_int(row[0]) for row in rows) + lines, sum(_int(row[1]) for row in rows))
        self._numbers[place.work_tree] = (key, numbers)
        return numbers

    async def _diff_numbers(self, place: Place, base: str) -> bytes | None:
        """Return git's numbers; None when files vanished, or were cut short, each time as git read them."""
        words = ("diff", "--no-ext-diff", "--no-textconv", "--numstat", "-z", "--no-renames", base, "--", ".")
        done = await self._git.run(*words, *_LEFT_OUT, place=place)
        for _ in range(_ATTEMPTS):
            restless = done.returncode == -signal.SIGBUS or any(words in done.stderr for words in _RESTLESS)
            if done.ok or not restless:
                return done.checked(f"measuring {place.work_tree!r}").stdout
            done = await self._git.run(*words, *_LEFT_OUT, place=place)
        return None

    async def diff(self, worktree: str, target: str, snapshot: str) -> str:
        """Return the unified diff from the merge base of `snapshot` and `target` to `snapshot`."""
        goal = await self.target(target)
        if not goal:
            raise RefusedError(
                f"there is no commit {target!r} to compare {worktree!r} with", hint="`git branch -a` lists branches"
            )
        base = (await self._git.run("merge-base", snapshot, goal)).text or goal
        words = ("diff", "--no-ext-diff", "--no-textconv", "--no-color", base, snapshot, "--", ".", *_LEFT_OUT)
        return (await self._git.run(*words)).checked(f"comparing {worktree!r}").stdout.decode("utf-8", "replace")


def fingerprint(place: Place, status: Status) -> Fingerprint:
    """Return what changes whenever the content of a worktree may have changed."""
    paths = (*status.tracked, *status.untracked, *status.unmerged)
    return status.raw, tuple(_stat(os.path.join(place.work_tree, path)) for path in paths)  # noqa: PTH118


def _stat(path: str) -> tuple[int, int, int]:
    try:
        found = os.lstat(path)
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def _int(text: bytes) -> int:
    return 0 if text == b"-" else int(text)


def _lines(path: Path) -> int:
    """Count the lines of an untracked file as numstat would; 0 for what is binary, huge or no file."""
    try:
        facts = path.lstat()
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > _LARGEST_COUNTED:
            return 0
        data = path.read_bytes()
    except OSError:
        return 0
    if b"\0" in data[:8000]:
        return 0
    return data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
