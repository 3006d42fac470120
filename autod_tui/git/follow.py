"""Moving a branch that somebody has checked out, together with their files, or saying why not."""

from __future__ import annotations

import os
from pathlib import Path

from autod_tui.core.errors import RefusedError
from autod_tui.git.command import Git, Place
from autod_tui.git.lock import Intent, RepositoryLock
from autod_tui.git.snapshot import shadow_index
from autod_tui.git.status import operation_under_way, read_status
from autod_tui.process import Finished

_SHOWN = 5


class Follow:
    """Lets checkouts follow their branch."""

    def __init__(self, git: Git, lock: RepositoryLock) -> None:
        """Work on the worktrees of the repository that `git` serves."""
        self._git = git
        self._lock = lock

    async def problem(self, worktree: str, old: str, new: str) -> str | None:
        """Say why `move` would refuse, changing nothing; None when it would not."""
        place = self._git.place_of(worktree)
        if operation := operation_under_way(place):
            return f"{operation} is under way in {worktree!r}"
        if (Path(place.git_dir) / "index.lock").exists():
            return f"another git is at work in {worktree!r} (index.lock)"
        status = await read_status(self._git, place)
        if status.head != old:
            return f"{worktree!r} is at {status.head[:12] or 'no commit'}, not at {old[:12]}: it has moved since"
        if not status.branch:
            return f"{worktree!r} has no branch checked out"
        changed = await self._changed(old, new)
        added = await self._changed(old, new, "--diff-filter=A")
        # A submodule stays where it was when the commit that it belongs to moves: that is nobody's work.
        touched = sorted(({*status.tracked, *status.unmerged} - {*status.modules}) & changed)
        if touched:
            return f"uncommitted changes stand in the way in {worktree!r}: {_some(touched)}"
        if blocked := sorted(path for path in added if _blocked(place.work_tree, path, changed)):
            return f"untracked or ignored files stand in the way in {worktree!r}: {_some(blocked)}"
        return await self._in_the_way(place, old, new) or await self._filtered(place, changed)

    async def _changed(self, old: str, new: str, *limit: str) -> frozenset[str]:
        done = await self._git.run("diff-tree", "-r", "-z", "--no-renames", "--name-only", *limit, old, new)
        paths = os.fsdecode(done.checked(f"comparing {old!r} with {new!r}").stdout).split("\0")
        return frozenset(filter(None, paths))

    async def _in_the_way(self, place: Place, old: str, new: str) -> str | None:
        async with shadow_index(place) as env:
            await self._git.run("update-index", "-q", "--refresh", place=place, env=env)
            done = await self._git.run("read-tree", "-n", "-m", "-u", old, new, place=place, env=env)
        if done.ok:
            return None
        words = " ".join(done.stderr.decode("utf-8", "replace").split())
        return f"files stand in the way in {place.work_tree!r}: {words.removeprefix('error: ')}"

    async def _filtered(self, place: Place, changed: frozenset[str]) -> str | None:
        filters = (await self._git.config(place)).filters
        if not filters or not changed:
            return None
        listing = os.fsencode("\0".join(sorted(changed)))
        done = await self._git.run("check-attr", "-z", "--stdin", "filter", place=place, stdin=listing)
        fields = os.fsdecode(done.checked("reading the attributes").stdout).split("\0")
        hit = sorted(path for path, value in zip(fields[::3], fields[2::3], strict=False) if value in filters)
        if not hit:
            return None
        return f"{_some(hit)} in {place.work_tree!r} pass through a filter program that autod does not run"

    async def move(self, worktree: str, old: str, new: str) -> None:
        """Move the branch checked out in `worktree` from `old` on to `new`, files included.

        On by fast-forward, back in such a way that uncommitted work stays, staged or not; raises RefusedError
        when work or ignored files stand in the way.
        """
        place = self._git.place_of(worktree)
        async with self._lock.held():
            if problem := await self.problem(worktree, old, new):
                raise RefusedError(problem, hint="commit, move or stash what is there, then try again")
            if old == new:
                return
            forward = (await self._git.run("merge-base", "--is-ancestor", old, new)).ok
            what = f"moving {worktree!r} to {new[:12]}"
            files = {"worktree": place.work_tree, "git_dir": place.git_dir, "old": old, "new": new}
            intent = self._lock.announce(what, refs=_refs(place), **files)
            done = await (self._on(place, new, intent) if forward else self._back(place, old, new, intent))
            self._lock.done()
            head = await self._git.text("rev-parse", "HEAD", step="reading HEAD", place=place)
        if head != new:
            words_said = done.stderr.decode("utf-8", "replace").strip()
            raise RefusedError(
                f"{worktree!r} did not follow to {new[:12]}: {words_said or 'its branch moved meanwhile'}"
            )

    async def _on(self, place: Place, new: str, intent: Intent) -> Finished:
        words = ("merge", "--quiet", "--ff-only", "--no-overwrite-ignore", "--no-stat")
        return await self._git.run(*words, new, place=place, env=intent.env, timeout=600.0)

    async def _back(self, place: Place, old: str, new: str, intent: Intent) -> Finished:
        # `git reset --keep` would take staged changes back to the worktree alone
        env = intent.env
        await self._git.run("update-index", "-q", "--refresh", place=place, env=env)
        done = await self._git.run("read-tree", "-m", "-u", old, new, place=place, env=env, timeout=600.0)
        if not done.ok:
            return done
        words = ("update-ref", "-m", f"reset: moving to {new}", "HEAD", new, old)
        moved = await self._git.run(*words, place=place, env=env)
        if not moved.ok:
            await self._git.run("read-tree", "-m", "-u", new, old, place=place, env=env, timeout=600.0)
        return moved


def _refs(place: Place) -> tuple[str, ...]:
    """Return the branch that is checked out at `place`: git locks it together with HEAD."""
    head = (Path(place.git_dir) / "HEAD").read_text(errors="surrogateescape").strip()
    return (head.removeprefix("ref: "),) if head.startswith("ref: ") else ()


def _blocked(root: str, added: str, changed: frozenset[str]) -> bool:
    """Tell whether something that git does not track stands where `added` goes; git overwrites ignored files."""
    parts = added.split("/")
    for depth in range(1, len(parts)):
        above = "/".join(parts[:depth])
        path = Path(root, above)
        if not os.path.lexists(path):
            return False
        if path.is_symlink() or not path.is_dir():
            return above not in changed
    path = Path(root, added)
    if path.is_dir() and not path.is_symlink():
        files = (found for found in path.rglob("*") if found.is_symlink() or not found.is_dir())
        return any(str(found.relative_to(root)) not in changed for found in files)
    return os.path.lexists(path)


def _some(paths: list[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(repr(path) for path in paths[:_SHOWN]) + more
