"""Worktrees: listed, added one at a time, removed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from autod_tui.core.errors import RefusedError
from autod_tui.core.git_ports import WorktreeEntry
from autod_tui.git.checkouts import PATIENCE, Checkouts
from autod_tui.git.command import Git, Place, recorded_path
from autod_tui.git.half import strangers
from autod_tui.git.lock import Intent, RepositoryLock
from autod_tui.git.marks import HeldMark, set_mark, unfinished_records
from autod_tui.git.refs import QuickRefs
from autod_tui.git.repair import mend

_OID = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_SURELY_GOOD = re.compile(r"[A-Za-z0-9_]+([-.][A-Za-z0-9_]+)*(/[A-Za-z0-9_]+([-.][A-Za-z0-9_]+)*)*")
"""Names of branches that git takes without being asked; of the others it is asked."""


class _New(Struct, frozen=True):
    """A worktree to be made."""

    path: str
    branch: str
    """Branch that is made with it; empty when none is."""
    start: str

    @property
    def step(self) -> str:
        """What is done, for messages."""
        return f"adding the worktree {self.path!r}"


class Worktrees:
    """The worktrees of one repository."""

    def __init__(self, git: Git, lock: RepositoryLock) -> None:
        """Work on the worktrees that `git` sees."""
        self._git = git
        self._lock = lock
        self._checkouts = Checkouts(git, lock)
        self._quick = QuickRefs(git.common_dir)

    async def all(self) -> list[WorktreeEntry]:
        """Return all worktrees, the main one first."""
        text = await self._git.text("worktree", "list", "--porcelain", "-z", step="listing the worktrees")
        blocks = [block for block in text.split("\0\0") if block]
        marked = {recorded_path(record) for record in unfinished_records(self._git.common_dir)}
        entries = [_entry(block.strip("\0").split("\0"), marked) for block in blocks]
        # With a separate git directory git names that instead of the main worktree.
        return [msgspec.structs.replace(entries[0], path=str(self._git.root)), *entries[1:]]

    async def checked_out(self, refs: Sequence[str]) -> dict[str, str]:
        """Return those of the full branch refs that a worktree has checked out, and which; asks git only of such."""
        likely = {ref for ref in refs if self._quick.may_be_checked_out(ref)}
        found = {f"refs/heads/{entry.branch}": entry.path for entry in await self.all()} if likely else {}
        return {ref: path for ref, path in found.items() if ref in likely}

    async def add(self, path: str, branch: str, base: str, *, detach: bool = False) -> bool:
        """Add a worktree for `branch`, made at `base` when missing; clean up fully on failure.

        Only its record is made under the repository's lock; files are laid out beside those of other worktrees, and
        the worktree is marked until they are whole. What a kill leaves marked, `finish` finishes.
        Returns True when the branch was made. Raises RefusedError when the path is taken, leads out of the
        repository by a link, or the branch is checked out elsewhere, naming where.
        """
        async with self._lock.held():
            await self._mend_leftovers()
            self._check_path(path)
            start = await self._start(branch, base, detach=detach)
            made = not detach and await self._is_new(branch)
            new = _New(path, branch if made else "", start)
            if detach:  # a worktree of autod's own: nobody waits for it beside others
                held = await self._record(new, "--detach", "--", path, start)
                held.clear()
                held.release()
                return False
            words = ("--no-track", "-b", branch, "--", path, start) if made else ("--", path, branch)
            held = await self._record(new, "--no-checkout", *words)
        try:
            await self._lay_out(new, held)
        finally:
            held.release()
        return made

    def _announce(self, new: _New) -> Intent:
        ref = f"refs/heads/{new.branch}" if new.branch else ""
        return self._lock.announce(
            new.step,
            worktree=os.path.realpath(new.path),
            made_worktree=True,
            branch=ref,
            base=new.start,
            refs=(ref,) if ref else (),
        )

    async def _record(self, new: _New, *words: str) -> HeldMark:
        """Have git make a worktree, or nothing of it (the lock is held); return the mark that it is not whole yet."""
        intent = self._announce(new)
        done = await self._git.run("worktree", "add", "--quiet", *words, env=intent.env, timeout=PATIENCE)
        if not done.ok:
            await mend(self._git, intent)
            self._lock.done()
            done.checked(new.step)
        held = set_mark(self._git.place_of(new.path).git_dir)
        self._lock.done()  # from here on the mark tells what is left to be done
        return held

    async def _lay_out(self, new: _New, held: HeldMark) -> None:
        """Lay a recorded worktree out; on failure take it away again, but for one in which somebody wrote."""
        place = self._git.place_of(new.path)
        done = await self._checkouts.lay_out(place, held)
        if done.ok:
            return
        async with self._lock.held():
            if not await strangers(self._git, place, held.mark.env):
                await mend(self._git, self._announce(new))
                self._lock.done()
        done.checked(new.step)

    async def finish(self, path: str) -> bool:
        """Finish a worktree whose making was cut short, see `Checkouts.finish`; False when it is whole."""
        return await self._checkouts.finish(path)

    async def _mend_leftovers(self) -> None:
        if intent := self._lock.pending():
            await mend(self._git, intent)
            self._lock.done()

    def _check_path(self, path: str) -> None:
        place = Path(path)
        if place.is_symlink() or (place.exists() and (not place.is_dir() or any(place.iterdir()))):
            raise RefusedError(f"{path!r} is there already", hint="move it away, or choose another place for worktrees")
        root = os.path.normpath(self._git.root)
        inside = os.path.normpath(path).startswith(f"{root}/")
        if inside and not os.path.realpath(path).startswith(f"{os.path.realpath(root)}/"):
            raise RefusedError(
                f"{path!r} leads out of the repository by a link, to {os.path.realpath(path)!r}",
                hint="remove the link, or name the other place itself",
            )

    async def _start(self, branch: str, base: str, *, detach: bool) -> str:
        if not detach:
            await self._refuse_name(branch)
            await self._refuse_elsewhere(branch)
        if _OID.fullmatch(base):
            return base  # git looks for itself whether there is such a commit
        done = await self._git.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{base}^{{commit}}")
        if done.ok:
            return done.text
        if not (await self._git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")).ok:
            raise RefusedError(
                "the repository has no commit yet: a worktree needs one to start from", hint="git commit"
            )
        raise RefusedError(f"there is no commit {base!r} to start from", hint="`git branch -a` lists the branches")

    async def _refuse_name(self, branch: str) -> None:
        if _SURELY_GOOD.fullmatch(branch) and not branch.endswith(".lock") and branch != "HEAD":
            return
        good = (await self._git.run("check-ref-format", f"refs/heads/{branch}")).ok
        if not good or branch.startswith("-") or branch == "HEAD":
            raise RefusedError(f"{branch!r} can't be the name of a branch", hint="use letters, digits and '/-_.'")

    async def _refuse_elsewhere(self, branch: str) -> None:
        if not self._quick.may_be_checked_out(f"refs/heads/{branch}"):
            return
        for entry in await self.all():
            if entry.branch == branch and not entry.prunable:
                raise RefusedError(
                    f"the branch {branch!r} is checked out in {entry.path!r}",
                    hint="switch that worktree to another branch, or give the workstream a branch of its own",
                )

    async def _is_new(self, branch: str) -> bool:
        ref = f"refs/heads/{branch}"
        if self._quick.read(ref):
            return False
        if self._quick.surely_missing(ref):
            return True
        return not (await self._git.run("show-ref", "--verify", "--quiet", ref)).ok

    async def remove(self, path: str) -> None:
        """Remove a worktree, its ignored files included; the branch stays."""
        async with self._lock.held():
            await self._mend_leftovers()
            real = os.path.realpath(path)
            admin = self._git.admin_dir(real)
            if admin is None:
                raise RefusedError(f"{path!r} is no worktree of this repository", hint="`git worktree list` shows them")
            await self._checkouts.give_up(Place(str(admin), real))
            # The work tree first: as long as it stands, the record stands, and removal can be tried again.
            if os.path.lexists(real):
                shutil.rmtree(real, onerror=_make_writable)
            shutil.rmtree(admin)
            if not any(admin.parent.iterdir()):
                admin.parent.rmdir()

    async def hide(self, worktree: str, name: str) -> None:
        """Keep a file at the worktree's root out of `git status` there even where the branch tracks it."""
        await self.exclude(f"/{name}")
        place = self._git.place_of(worktree)
        step = f"hiding {name!r} in {worktree!r}"
        if await self._git.text("ls-files", "--", f":(top,literal){name}", step=step, place=place):
            async with self._lock.held():
                intent = self._lock.announce(step, worktree=place.work_tree, git_dir=place.git_dir)
                words = ("update-index", "--skip-worktree", "--", name)
                done = await self._git.run(*words, place=place, env=intent.env)
                self._lock.done()
            done.checked(step)

    async def exclude(self, *patterns: str) -> None:
        """Make sure that the repository's info/exclude holds `patterns`."""
        async with self._lock.held():
            path = self._git.common_dir / "info" / "exclude"
            path.parent.mkdir(exist_ok=True)
            text = path.read_text(errors="surrogateescape") if path.exists() else ""
            missing = [pattern for pattern in dict.fromkeys(patterns) if pattern not in text.splitlines()]
            if missing:
                draft = path.with_name("exclude.autod")
                joint = "" if not text or text.endswith("\n") else "\n"
                draft.write_text(f"{text}{joint}" + "".join(f"{one}\n" for one in missing), errors="surrogateescape")
                draft.replace(path)


def _make_writable(_function: object, path: str, _error: object) -> None:
    parent = Path(path).parent
    parent.chmod(0o700)
    if Path(path).is_dir() and not Path(path).is_symlink():
        Path(path).chmod(0o700)
        shutil.rmtree(path)
    else:
        Path(path).unlink()


def _entry(lines: list[str], unfinished: set[str]) -> WorktreeEntry:
    facts = {key: value for key, _, value in (line.partition(" ") for line in lines)}
    return WorktreeEntry(
        path=facts.get("worktree", ""),
        head=facts.get("HEAD", ""),
        branch=facts.get("branch", "").removeprefix("refs/heads/"),
        bare="bare" in facts,
        locked="locked" in facts,
        prunable="prunable" in facts,
        unfinished=bool(unfinished) and os.path.realpath(facts.get("worktree", "")) in unfinished,
    )
