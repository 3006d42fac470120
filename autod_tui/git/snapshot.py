"""A worktree's present files as a commit, through an index of our own: the agent's is never touched."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from autod_tui.core.errors import RefusedError
from autod_tui.core.workstream import UNMERGED_FILES
from autod_tui.git.command import Git, Place
from autod_tui.git.identity import identity
from autod_tui.git.ignored import backup_choice
from autod_tui.git.lock import Intent, RepositoryLock
from autod_tui.git.measure import Fingerprint, fingerprint
from autod_tui.git.objects import ObjectWriter, commit_data
from autod_tui.git.scratch import ScratchDirectory
from autod_tui.git.status import read_status, refuse_operation

_ROOT_FILES = tuple(sorted(UNMERGED_FILES))
_ATTEMPTS = 8
_EMPTY = re.compile(r"'([^'\n]+?)/?' does not have a commit checked out")
_SOME_LEFT = 1
"""Exit status of a `git add --ignore-errors` that staged all but some."""


class Snapshots:
    """Writes the uncommitted work of worktrees as commits."""

    def __init__(self, git: Git, writer: ObjectWriter, lock: RepositoryLock) -> None:
        """Write objects through `writer`; commits are announced to `lock`."""
        self._git = git
        self._lock = lock
        self._writer = writer
        self._known: dict[str, tuple[Fingerprint, str]] = {}

    async def take(self, worktree: str, *, ignored: bool = False) -> str:
        """Write the worktree's present files as a commit on top of its HEAD and return its id.

        Without `ignored`, it is for forecasts: root STARTUP.md and progress.md stay as in HEAD, and with nothing
        uncommitted it is HEAD itself. With `ignored`, it is for backups: those two and all ignored files that
        are no caches are held, up to 5 MB each and 50 MB in all. The same files on the same HEAD give the same id.
        """
        place = self._git.place_of(worktree)
        status = await read_status(self._git, place)
        if not status.head:
            raise RefusedError(f"{worktree!r} has no commit yet", hint="commit something there first")
        if not ignored and not status.paths:
            return status.head
        key = fingerprint(place, status)
        known = self._known.get(place.work_tree)
        if not ignored and known and known[0] == key:
            return known[1]
        oid = await self._write(place, status.head, ignored=ignored)
        if not ignored:
            self._known[place.work_tree] = (key, oid)
        return oid

    async def _write(self, place: Place, head: str, *, ignored: bool) -> str:
        text = await self._git.text("log", "-1", "--format=%T %ct", head, step=f"reading {head!r}")
        head_tree, at = text.split()
        async with shadow_index(place) as env:
            tree = await self._tree(place, env, head, ignored=ignored)
        if tree == head_tree:
            return head
        name, email = identity(await self._git.config())
        by = f"{name} <{email}> {at} +0000"  # HEAD's own date, so that equal files give an equal id
        return self._writer.write("commit", commit_data(tree, [head], by, by, "Uncommitted work"))

    async def _tree(self, place: Place, env: dict[str, str], head: str, *, ignored: bool) -> str:
        step = f"writing the files of {place.work_tree!r}"
        await self._add_all(place, env, step, strict=ignored)
        if ignored:
            paths = (await backup_choice(self._git, place)).kept
            if paths:
                listing = os.fsencode("\0".join(paths))
                literal = {**env, "GIT_LITERAL_PATHSPECS": "1"}
                words = ("add", "--force", "--pathspec-from-file=-", "--pathspec-file-nul")
                await self._git.text(*words, step=step, place=place, env=literal, stdin=listing)
        else:
            await self._git.text("reset", "--quiet", head, "--", *_ROOT_FILES, step=step, place=place, env=env)
        return await self._git.text("write-tree", step=step, place=place, env=env)

    async def _add_all(self, place: Place, env: dict[str, str], step: str, *, strict: bool) -> None:
        """Stage everything; git gives up on files that vanish as it reads them, so it is asked again.

        What can't be read or never rests is an error if `strict`; else it stays as the index has it.
        """
        words = ("add", "--all", *(() if strict else ("--ignore-errors",)), "--", ".")
        for _ in range(_ATTEMPTS):
            done = await self._git.run(*words, place=place, env=env)
            if done.ok:
                return
        if strict:
            _refuse_empty_repositories(place, done.stderr)
            done.checked(step)
        if done.returncode != _SOME_LEFT:
            await self._git.run("add", "--update", "--ignore-errors", "--", ".", place=place, env=env)

    async def commit_all(self, worktree: str, message: str) -> str | None:
        """Commit everything uncommitted but STARTUP.md and progress.md; None when there is nothing."""
        place = self._git.place_of(worktree)
        refuse_operation(place, "a commit")
        status = await read_status(self._git, place)
        if not status.paths:
            return None
        async with self._lock.held():
            intent = self._lock.announce(
                f"committing the work in {worktree!r}",
                worktree=place.work_tree,
                git_dir=place.git_dir,
                refs=(f"refs/heads/{status.branch}",) if status.branch else (),
            )
            try:
                return await self._commit(place, message, intent)
            finally:
                self._lock.done()

    async def _commit(self, place: Place, message: str, intent: Intent) -> str | None:
        step = intent.what
        await self._git.text("add", "--all", "--", ".", step=step, place=place, env=intent.env)
        await self._git.text("reset", "--quiet", "--", *_ROOT_FILES, step=step, place=place, env=intent.env)
        name, email = identity(await self._git.config())
        env = {
            **intent.env,
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": email,
            "GIT_COMMITTER_NAME": name,
            "GIT_COMMITTER_EMAIL": email,
        }
        done = await self._git.run(
            "commit", "--quiet", "--no-verify", "-F", "-", place=place, env=env, stdin=message.encode()
        )
        if not done.ok and not (await read_status(self._git, place)).paths:
            return None
        done.checked(step)
        return await self._git.text("rev-parse", "HEAD", step=step, place=place)

    async def restore(self, worktree: str, snapshot: str) -> None:
        """Write the files of a snapshot back as uncommitted work; the index and the branch stay as they are.

        Raises RefusedError when uncommitted work would be overwritten.
        """
        place = self._git.place_of(worktree)
        status = await read_status(self._git, place)
        step = f"restoring files in {worktree!r}"
        done = await self._git.run("diff-tree", "-r", "-z", "--no-renames", "--name-status", status.head, snapshot)
        fields = os.fsdecode(done.checked(step).stdout).split("\0")
        kinds = dict(zip(fields[1::2], fields[::2], strict=False))
        if clash := sorted(kinds.keys() & set(status.paths)):
            raise RefusedError(
                f"{clash[0]!r} in {worktree!r} has uncommitted changes", hint="commit or move them first"
            )
        await self._check_out(place, snapshot, [path for path, kind in kinds.items() if kind != "D"])
        for path in (path for path, kind in kinds.items() if kind == "D"):
            Path(place.work_tree, path).unlink(missing_ok=True)

    async def _check_out(self, place: Place, snapshot: str, paths: list[str]) -> None:
        step = f"restoring files in {place.work_tree!r}"
        async with shadow_index(place) as env:
            await self._git.text("read-tree", snapshot, step=step, place=place, env=env)
            listing = os.fsencode("".join(f"{path}\0" for path in paths))
            await self._git.text(
                "checkout-index", "--force", "-z", "--stdin", step=step, place=place, env=env, stdin=listing
            )


def _refuse_empty_repositories(place: Place, errors: bytes) -> None:
    """Say what git can't hold: a repository inside the worktree that has no commit yet."""
    if empty := _EMPTY.findall(os.fsdecode(errors)):
        raise RefusedError(
            f"{place.work_tree!r} holds a repository without a commit: {', '.join(map(repr, empty))}",
            hint="commit in it, or delete it or its .git, then try again",
        )


@contextlib.asynccontextmanager
async def shadow_index(place: Place) -> AsyncIterator[dict[str, str]]:
    """Yield the environment for a git that works on a copy of the worktree's index."""
    directory = ScratchDirectory()
    try:
        copy = directory.path / "index"
        with contextlib.suppress(FileNotFoundError):
            shutil.copy2(Path(place.git_dir) / "index", copy)  # its time too, or racy entries would look clean
        yield {"GIT_INDEX_FILE": str(copy)}
    finally:
        directory.close()
