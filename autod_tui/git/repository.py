"""The repository as the engine sees it (GitPort): each promise is kept by a part of its own."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from autod_tui import process
from autod_tui.core.checkpoint import Conflict
from autod_tui.core.errors import EnvironmentUnfitError
from autod_tui.core.git_ports import Backup, GitPort, MergedTree, Removal, WorktreeEntry
from autod_tui.core.workstream import Changes
from autod_tui.git.attributes import AttributeFiles
from autod_tui.git.browse import recent_branches
from autod_tui.git.command import Git
from autod_tui.git.config import FIXED, environment
from autod_tui.git.conflicts import ConflictRoom
from autod_tui.git.follow import Follow
from autod_tui.git.forecast import Forecaster
from autod_tui.git.lock import RepositoryLock
from autod_tui.git.measure import Measure
from autod_tui.git.merge import Bench
from autod_tui.git.objects import Durable, ObjectWriter
from autod_tui.git.place import find_place
from autod_tui.git.refs import Refs
from autod_tui.git.removal import look_at_removal
from autod_tui.git.repair import mend
from autod_tui.git.scratch import sweep
from autod_tui.git.slots import Slots, sizes
from autod_tui.git.snapshot import Snapshots
from autod_tui.git.status import read_status
from autod_tui.git.task_diff import diff_of
from autod_tui.git.worktree import Worktrees

OLDEST_GIT = (2, 38)
"""The first git with `merge-tree --write-tree`."""


class Repository(GitPort):
    """One repository; safe to use from one event loop, and beside other processes."""

    def __init__(
        self, root: Path, common_dir: Path, algorithm: str = "sha1", *, clock: Callable[[], float] = time.time
    ) -> None:
        """Serve the repository with main worktree `root`; `algorithm` is its object format."""
        self.root = root
        self.common_dir = common_dir
        self._algorithm = algorithm
        self._clock = clock
        self._git = Git(common_dir, root)
        self._lock = RepositoryLock(common_dir)
        self._attributes = AttributeFiles()
        writer = ObjectWriter(common_dir / "objects", algorithm, Durable.AT_ONCE)
        self._refs = Refs(self._git, self._lock, writer, clock)
        self._worktrees = Worktrees(self._git, self._lock)
        self._measure = Measure(self._git, self._refs)
        self._snapshots = Snapshots(self._git, writer, self._lock)
        self._follow = Follow(self._git, self._lock)
        self._room = ConflictRoom(self._git, self._lock, self._worktrees)
        as_git_does = ObjectWriter(common_dir / "objects", algorithm, Durable.NOT)
        self._slots = Slots(self._git, self._lock, self._worktrees, as_git_does, clock)

    async def resolve(self, ref: str) -> str | None:
        """Return the commit that `ref` names, or None."""
        return await self._refs.resolve(ref)

    async def refs(self, *patterns: str) -> dict[str, str]:
        """Return full ref name to object id (tags peeled) for all refs that match, in one call."""
        return await self._refs.all(*patterns)

    async def recent_branches(self) -> list[str]:
        """Return the local branches, the one with the newest commit first."""
        return await recent_branches(self.root)

    async def worktrees(self) -> list[WorktreeEntry]:
        """Return all worktrees, the main one first."""
        return await self._worktrees.all()

    async def checked_out(self, refs: Sequence[str]) -> dict[str, str]:
        """Return those of the full branch refs that some worktree has checked out, and which worktree."""
        return await self._worktrees.checked_out(refs)

    async def add_worktree(self, path: str, branch: str, base: str, *, detach: bool = False) -> bool:
        """Add a worktree for `branch`, made at `base` when missing; see `Worktrees.add`."""
        return await self._worktrees.add(path, branch, base, detach=detach)

    async def finish_worktree(self, path: str) -> bool:
        """Lay out what a worktree that was cut short in the making still lacks; see `Checkouts.finish`."""
        return await self._worktrees.finish(path)

    async def remove_worktree(self, path: str) -> None:
        """Remove a worktree, its ignored files included; the branch stays."""
        await self._worktrees.remove(path)

    async def repair(self) -> list[str]:
        """Mend what a killed git of ours left; one sentence per mend."""
        async with self._lock.held():
            intent = self._lock.pending()
            found = await mend(self._git, intent) if intent else []
            self._lock.done()
            sweep()
            return found

    async def exclude(self, *patterns: str) -> None:
        """Make sure that the repository's info/exclude holds `patterns`."""
        await self._worktrees.exclude(*patterns)

    async def changes(self, worktree: str, target: str) -> Changes:
        """Measure a worktree against `target`; one git status when nothing moved."""
        return await self._measure.changes(worktree, target)

    async def uncommitted(self, worktree: str) -> tuple[str, ...]:
        """Return the uncommitted paths, STARTUP.md and progress.md left out."""
        return (await read_status(self._git, self._git.place_of(worktree))).paths

    async def commit_all(self, worktree: str, message: str) -> str | None:
        """Commit everything uncommitted but STARTUP.md and progress.md; None when there is nothing."""
        return await self._snapshots.commit_all(worktree, message)

    async def snapshot(self, worktree: str, *, ignored: bool = False) -> str:
        """Write the worktree's present files as a commit on top of its HEAD; see `Snapshots.take`."""
        return await self._snapshots.take(worktree, ignored=ignored)

    async def restore_files(self, worktree: str, snapshot: str) -> None:
        """Write the files of a snapshot back as uncommitted work; see `Snapshots.restore`."""
        await self._snapshots.restore(worktree, snapshot)

    async def blob_text(self, oid: str) -> str | None:
        """Return a blob as text; None for an empty id or binary content."""
        if not oid:
            return None
        data = (await self._git.run("cat-file", "blob", oid)).checked(f"reading {oid!r}").stdout
        return None if b"\0" in data else data.decode("utf-8", "replace")

    async def hide(self, worktree: str, name: str) -> None:
        """Keep a file at the worktree's root out of `git status` there even where the branch tracks it."""
        await self._worktrees.hide(worktree, name)

    async def removal(self, worktree: str, branch: str, targets: Sequence[str], copied: Sequence[str]) -> Removal:
        """Look at what removing a worktree would lose against the refs in `targets`."""
        await self._worktrees.finish(worktree)  # or files that were never laid out would count as deleted
        return await look_at_removal(self._git, self._scratch, worktree, branch, targets, copied)

    async def diff(self, worktree: str, target: str) -> str:
        """Return the unified diff of a worktree (uncommitted and untracked included) from its merge base."""
        return await self._measure.diff(worktree, target, await self.snapshot(worktree))

    async def diff_of(self, head: str, into: str, base: str = "") -> str:
        """Return the unified diff from `base` to `head`; without one, from where `head` left `into`."""
        return await diff_of(self._git, head, into, base)

    def bench(self, *, scratch: bool, at_once: bool = True) -> Bench:
        """Open a merge bench as an async context manager; see `GitPort.bench`."""
        return Bench(self._git, self._algorithm, self._attributes, self._clock, scratch=scratch, at_once=at_once)

    def _scratch(self) -> Bench:
        return self.bench(scratch=True)

    def forecaster(self) -> Forecaster:
        """Return a forecaster over this repository, with a cache of its own."""
        return Forecaster(self._scratch)

    async def contains(self, ancestor: str, descendant: str) -> bool:
        """Tell whether `ancestor` is an ancestor of, or equal to, `descendant`."""
        done = await self._git.run("merge-base", "--is-ancestor", ancestor, descendant)
        if done.returncode not in (0, 1):
            done.checked(f"comparing {ancestor!r} with {descendant!r}")
        return done.ok

    async def missing(self, commits: Sequence[str], descendant: str) -> frozenset[str]:
        """Return those of `commits` that are not ancestors of, or equal to, `descendant`, in one call."""
        if not commits:
            return frozenset()
        listing = "".join(f"{commit}\n" for commit in (*commits, f"^{descendant}")).encode()
        text = await self._git.text("rev-list", "--stdin", step="comparing commits", stdin=listing)
        return frozenset(text.split()) & frozenset(commits)

    async def count(self, include: str, exclude: str) -> int:
        """Count commits reachable from `include` and not from `exclude`."""
        step = f"counting the commits of {include!r}"
        return int(await self._git.text("rev-list", "--count", include, f"^{exclude}", "--", step=step))

    async def first_parent_messages(self, include: str, exclude: str) -> list[str]:
        """Return the messages of the commits on the first-parent line from `include` back to `exclude`.

        The newest comes first.
        """
        words = ("log", "-z", "--first-parent", "--format=%B", f"{exclude}..{include}", "--")
        text = await self._git.text(*words, step=f"reading the history of {include!r}")
        return [message.strip("\n") for message in text.split("\0") if message.strip()]

    async def changed_paths(self, old: str, new: str) -> frozenset[str]:
        """Return the paths that differ between two commits or trees."""
        done = await self._git.run("diff-tree", "-r", "-z", "--no-renames", "--name-only", old, new, "--")
        paths = os.fsdecode(done.checked(f"comparing {old!r} with {new!r}").stdout).split("\0")
        return frozenset(filter(None, paths))

    async def move_refs(self, moves: Sequence[tuple[str, str, str]]) -> None:
        """Move (full ref, old, new) all or none by compare-and-swap; see `Refs.move`."""
        await self._refs.move(moves)

    async def follow(self, worktree: str, old: str, new: str) -> None:
        """Move the branch checked out in `worktree` with its files; see `Follow.move`."""
        await self._follow.move(worktree, old, new)

    async def follow_problem(self, worktree: str, old: str, new: str) -> str | None:
        """Say why `follow` would refuse, changing nothing; None when it would not."""
        return await self._follow.problem(worktree, old, new)

    async def backup(self, label: str, oid: str, what: str, restores: str) -> Backup:
        """Keep `oid` under refs/autod/backup/ with its story."""
        return await self._refs.backup(label, oid, what, restores)

    async def backups(self) -> list[Backup]:
        """Return all backups, newest first."""
        return await self._refs.backups()

    async def checkout_at(self, worktree: str, commit: str) -> None:
        """Lay `commit` out in a worktree of autod's own; see `ConflictRoom.checkout_at`."""
        await self._room.checkout_at(worktree, commit)

    async def take_slot(self, worktree: str, branch: str, start: str) -> None:
        """Put a worktree of autod's own (made when missing) on `branch`, set to `start`; see `Slots.take`."""
        await self._slots.take(worktree, branch, start)

    async def close_slot(self, worktree: str, branch: str, message: str) -> str:
        """Commit what a session left uncommitted and return its last commit; see `Slots.close`."""
        return await self._slots.close(worktree, branch, message)

    async def sizes(self, commit: str, paths: Sequence[str]) -> dict[str, int]:
        """Return the bytes of those of `paths` that `commit` holds; a directory counts all its files."""
        return await sizes(self._git, commit, paths)

    async def lay_out_conflict(self, worktree: str, ours: str, theirs: str, merged: MergedTree) -> tuple[str, ...]:
        """Lay a conflict out in a worktree of autod's own; returns the paths still open."""
        return await self._room.lay_out(worktree, ours, theirs, merged)

    async def keep_conflict(self, worktree: str, ours: str, theirs: str, merged: MergedTree) -> tuple[str, ...]:
        """Lay a conflict out unless exactly this one lies there already: what was edited in it stays."""
        return await self._room.keep_or_lay_out(worktree, ours, theirs, merged)

    async def clear_conflict(self, worktree: str) -> tuple[str, ...]:
        """Remove a conflict's worktree unless something in it was edited and never taken; see `ConflictRoom.clear`."""
        return await self._room.clear(worktree)

    async def forget(
        self, worktree: str, ours: str, theirs: str, merged: MergedTree, conflicts: Sequence[Conflict]
    ) -> None:
        """Forget how `conflicts` were resolved; rerere forgets in `worktree`."""
        await self._room.forget(worktree, ours, theirs, merged, [conflict.path for conflict in conflicts])
        await self._refs.forget(conflicts)

    async def resolved_blobs(self, worktree: str, paths: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Take the resolution of `paths` from the conflict worktree; see `ConflictRoom.resolved`."""
        return await self._room.resolved(worktree, paths)

    async def remember(self, conflict: Conflict, mode: str, blob: str) -> None:
        """Keep a resolution by the conflict's key under refs/autod/resolved/."""
        await self._refs.remember(conflict, mode, blob)

    async def remembered(self, conflicts: Sequence[Conflict]) -> dict[str, tuple[str, str]]:
        """Return path to (mode, blob id) for the conflicts that were resolved before."""
        return await self._refs.remembered(conflicts)

    async def last_change(self, commit: str, path: str) -> int:
        """Return the commit time (Unix seconds) of the last change of `path` in `commit`'s history; 0 if none."""
        literal = {"GIT_LITERAL_PATHSPECS": "1"}
        step = f"reading the history of {path!r}"
        text = await self._git.text("log", "-1", "--format=%ct", commit, "--", path, step=step, env=literal)
        return int(text or 0)


def open_repository(start: Path, *, clock: Callable[[], float] = time.time) -> Repository:
    """Return the repository that `start` stands in, also from within one of its worktrees.

    Raises EnvironmentUnfitError when there is none, it is bare, or git is too old.
    """
    _check_version()
    place = find_place(start)
    return Repository(place.root, place.common_dir, place.algorithm, clock=clock)


def _check_version() -> None:
    done = process.run_sync(["git", "--version"], env=environment(FIXED))
    found = re.search(r"(\d+)\.(\d+)", done.checked("asking git for its version").text)
    if found is None or (int(found[1]), int(found[2])) < OLDEST_GIT:
        raise EnvironmentUnfitError(
            f"{done.text} is too old: autod needs git {OLDEST_GIT[0]}.{OLDEST_GIT[1]} or newer",
            hint="Debian and Ubuntu: sudo apt install git",
        )
