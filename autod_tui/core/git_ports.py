"""Ports to git: what the engine asks of a repository, without knowing how it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from autod_tui.core.checkpoint import Conflict
from autod_tui.core.workstream import Changes


class WorktreeEntry(Struct, frozen=True, kw_only=True):
    """One line of `git worktree list`."""

    path: str
    head: str = ""
    branch: str = ""
    """Short branch name; empty when detached."""
    bare: bool = False
    locked: bool = False
    prunable: bool = False
    unfinished: bool = False
    """True while its files are being laid out, or when that was cut short."""


class MergedTree(Struct, frozen=True, kw_only=True):
    """The outcome of merging two commits without a work tree."""

    tree: str
    """Object id; with conflicts it holds files with conflict markers."""
    conflicts: tuple[Conflict, ...] = ()


class Removal(Struct, frozen=True, kw_only=True):
    """What removing a worktree would lose, looked at just now."""

    worktree: str
    uncommitted: tuple[str, ...] = ()
    unmerged_commits: int = 0
    """Commits of the branch whose content is not in the target."""
    ignored: tuple[str, ...] = ()
    """Ignored files that no backup would hold (too large), caches and copied files left out."""

    @property
    def safe(self) -> bool:
        """True when everything is committed, in the target, or can be made again."""
        return not (self.uncommitted or self.unmerged_commits or self.ignored)


class Backup(Struct, frozen=True, kw_only=True):
    """One ref under refs/autod/backup/."""

    ref: str
    oid: str
    at: float
    what: str
    restores: str


class MergeBench(Protocol):
    """Merges commits without a work tree; one short-lived helper process serves many merges.

    Objects land in the repository, or, for forecasts, in a scratch directory that vanishes on exit.
    """

    async def merge(self, ours: str, theirs: str) -> MergedTree:
        """Merge two commits; root STARTUP.md and progress.md stay as in `ours` and never conflict."""
        ...

    async def commit(self, tree: str, parents: Sequence[str], message: str) -> str:
        """Write a commit by autod's committer identity (the user's name, now) and return its object id."""
        ...

    async def resolve(self, tree: str, choices: Mapping[str, tuple[str, str]]) -> str:
        """Return `tree` with each path set to (mode, blob object id), or removed when the id is empty."""
        ...

    async def tree_of(self, commit: str) -> str:
        """Return the tree object id of `commit`."""
        ...

    async def sync(self) -> None:
        """Have all that was written safe on the disk, before a ref names it; leaving the bench does so, too."""
        ...


class AbstractBench(Protocol):
    """A merge bench not yet opened."""

    async def __aenter__(self) -> MergeBench:
        """Start the helper process."""
        ...

    async def __aexit__(self, *exc: object) -> None:
        """End the helper process; drop the scratch directory if there is one."""
        ...


class GitPort(Protocol):
    """The repository: needs no work tree, never runs hooks, drivers or monitors that the repository configures."""

    root: Path
    common_dir: Path

    async def resolve(self, ref: str) -> str | None:
        """Return the commit that `ref` names, or None."""
        ...

    async def refs(self, *patterns: str) -> dict[str, str]:
        """Return full ref name to object id (tags peeled) for all refs that match, in one call."""
        ...

    async def recent_branches(self) -> list[str]:
        """Return the local branches, the one with the newest commit first."""
        ...

    async def worktrees(self) -> list[WorktreeEntry]:
        """Return all worktrees, the main one first."""
        ...

    async def checked_out(self, refs: Sequence[str]) -> dict[str, str]:
        """Return those of the full branch refs that some worktree has checked out, and which worktree."""
        ...

    async def add_worktree(self, path: str, branch: str, base: str, *, detach: bool = False) -> bool:
        """Add a worktree for `branch`, made at `base` when missing; clean up fully on failure.

        Returns True when the branch was made. Raises RefusedError when the path is taken or the branch is
        checked out elsewhere, naming where.
        """
        ...

    async def finish_worktree(self, path: str) -> bool:
        """Lay out what a worktree that was cut short in the making still lacks; False when it is whole.

        Nothing that stands there is overwritten, but files that git itself had half written.
        """
        ...

    async def remove_worktree(self, path: str) -> None:
        """Remove a worktree, its ignored files included; the branch stays."""
        ...

    async def repair(self) -> list[str]:
        """Mend what a killed git of ours left (half-made worktrees, stale locks); one sentence per mend."""
        ...

    async def exclude(self, *patterns: str) -> None:
        """Make sure that the repository's info/exclude holds `patterns`."""
        ...

    async def changes(self, worktree: str, target: str) -> Changes:
        """Measure a worktree against `target` (one status call plus cached ahead/behind and numstat)."""
        ...

    async def uncommitted(self, worktree: str) -> tuple[str, ...]:
        """Return the paths with staged, unstaged or untracked changes, STARTUP.md and progress.md left out."""
        ...

    async def commit_all(self, worktree: str, message: str) -> str | None:
        """Commit everything uncommitted but STARTUP.md and progress.md; None when there is nothing."""
        ...

    async def snapshot(self, worktree: str, *, ignored: bool = False) -> str:
        """Write the worktree's present files as a commit on top of its HEAD (shadow index); return its id."""
        ...

    async def restore_files(self, worktree: str, snapshot: str) -> None:
        """Write the files of a snapshot back as uncommitted work; the index and the branch stay as they are."""
        ...

    async def blob_text(self, oid: str) -> str | None:
        """Return a blob as text; None for an empty id or binary content."""
        ...

    async def hide(self, worktree: str, name: str) -> None:
        """Keep a file at the worktree's root out of `git status` there even where the branch tracks it."""
        ...

    async def removal(self, worktree: str, branch: str, targets: Sequence[str], copied: Sequence[str]) -> Removal:
        """Look at what removing a worktree would lose against the refs in `targets`."""
        ...

    async def diff(self, worktree: str, target: str) -> str:
        """Return the unified diff of a worktree (uncommitted and untracked included) from its merge base."""
        ...

    async def diff_of(self, head: str, into: str, base: str = "") -> str:
        """Return the unified diff from `base` to `head`; without one, from where `head` left `into`."""
        ...

    def bench(self, *, scratch: bool, at_once: bool = True) -> AbstractBench:
        """Open a merge bench as an async context manager.

        What it writes is safe on the disk object by object, or, without `at_once`, when the bench is left.
        """
        ...

    async def contains(self, ancestor: str, descendant: str) -> bool:
        """True when `ancestor` is an ancestor of, or equal to, `descendant`."""
        ...

    async def missing(self, commits: Sequence[str], descendant: str) -> frozenset[str]:
        """Return those of `commits` that are not ancestors of, or equal to, `descendant`, in one call."""
        ...

    async def count(self, include: str, exclude: str) -> int:
        """Count commits reachable from `include` and not from `exclude`."""
        ...

    async def first_parent_messages(self, include: str, exclude: str) -> list[str]:
        """Return the messages of the commits on the first-parent line from `include` back to `exclude`."""
        ...

    async def changed_paths(self, old: str, new: str) -> frozenset[str]:
        """Return the paths that differ between two commits or trees."""
        ...

    async def move_refs(self, moves: Sequence[tuple[str, str, str]]) -> None:
        """Move (full ref, old, new) all or none by compare-and-swap; empty old: create, empty new: delete.

        Raises RefusedError naming the ref that was not at `old`.
        """
        ...

    async def follow(self, worktree: str, old: str, new: str) -> None:
        """Move the branch checked out in `worktree` from `old` to `new`, taking its files along.

        Forward by fast-forward, back keeping uncommitted work, staged or not; refuses (RefusedError) when work
        or ignored files stand in the way.
        """
        ...

    async def follow_problem(self, worktree: str, old: str, new: str) -> str | None:
        """Say why `follow` would refuse, changing nothing; None when it would not."""
        ...

    async def backup(self, label: str, oid: str, what: str, restores: str) -> Backup:
        """Keep `oid` under refs/autod/backup/ with its story."""
        ...

    async def backups(self) -> list[Backup]:
        """Return all backups, newest first."""
        ...

    async def checkout_at(self, worktree: str, commit: str) -> None:
        """Lay `commit` out in a worktree of autod's own (made when missing): reset and clean, ignored files stay."""
        ...

    async def take_slot(self, worktree: str, branch: str, start: str) -> None:
        """Put a worktree of autod's own (made when missing) on `branch`, set to `start`; ignored files stay.

        Whatever is not committed there is overwritten: `close_slot` comes first.
        """
        ...

    async def close_slot(self, worktree: str, branch: str, message: str) -> str:
        """Commit what is uncommitted in a slot (STARTUP.md and progress.md stay out) and return its last commit."""
        ...

    async def sizes(self, commit: str, paths: Sequence[str]) -> dict[str, int]:
        """Return the bytes of those of `paths` that `commit` holds; a directory counts all its files."""
        ...

    async def lay_out_conflict(self, worktree: str, ours: str, theirs: str, merged: MergedTree) -> tuple[str, ...]:
        """Lay a conflict out in a worktree of autod's own as git would (markers, index stages, rerere on).

        Returns the paths still open after rerere replayed what it remembers.
        """
        ...

    async def keep_conflict(self, worktree: str, ours: str, theirs: str, merged: MergedTree) -> tuple[str, ...]:
        """Lay a conflict out as `lay_out_conflict` does, unless exactly this one lies there already.

        What a person or an agent edited in it stays. Returns the paths still open.
        """
        ...

    async def clear_conflict(self, worktree: str) -> tuple[str, ...]:
        """Remove the worktree of a conflict, if there is one, unless something was edited in it and never taken.

        Returns those paths; the worktree stays then.
        """
        ...

    async def resolved_blobs(self, worktree: str, paths: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Stage `paths` as they are in the conflict worktree, and let rerere learn from them.

        Returns path to (mode, blob id), the id empty where the file is gone. Raises RefusedError where markers
        are left.
        """
        ...

    async def remember(self, conflict: Conflict, mode: str, blob: str) -> None:
        """Keep a resolution by the conflict's key under refs/autod/resolved/."""
        ...

    async def remembered(self, conflicts: Sequence[Conflict]) -> dict[str, tuple[str, str]]:
        """Return path to (mode, blob id) for the conflicts that were resolved before."""
        ...

    async def forget(
        self, worktree: str, ours: str, theirs: str, merged: MergedTree, conflicts: Sequence[Conflict]
    ) -> None:
        """Forget how `conflicts` of merging `theirs` into `ours` were resolved; rerere forgets in `worktree`."""
        ...

    async def last_change(self, commit: str, path: str) -> int:
        """Return the commit time (Unix seconds) of the last change of `path` in `commit`'s history; 0 if none."""
        ...
