"""Slots: worktrees of autod's own in which one session after another works, each on a branch of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from autod_tui.core.errors import RefusedError
from autod_tui.core.workstream import UNMERGED_FILES
from autod_tui.git.clean import Clean
from autod_tui.git.command import Git, Place
from autod_tui.git.identity import identity, signature
from autod_tui.git.index_tree import Listed, is_plain, listed_in, listing_of, read_index, tree_of_index
from autod_tui.git.lock import RepositoryLock
from autod_tui.git.marks import refuse_unfinished
from autod_tui.git.merge_tree import takes_part
from autod_tui.git.objects import ObjectWriter, commit_data, tree_of_loose
from autod_tui.git.refs import QuickRefs
from autod_tui.git.status import Status, operation_under_way, read_status
from autod_tui.git.switch import HEADS, Standing, advance, is_on, standing_at, switch
from autod_tui.git.touched import Touched
from autod_tui.git.worktree import Worktrees

_LOCKS = ("index.lock", "HEAD.lock")
_LEFT_OUT = tuple(f":(top,exclude,literal){name}" for name in sorted(UNMERGED_FILES))


class _Memory(Struct):
    """What is known of a slot, in which nobody works but its sessions."""

    start: str = ""
    """Commit that its session began at."""
    taken: Standing | None = None
    """How it was taken, where its files are known."""
    closed: Standing | None = None
    """How it was closed, where every tracked file was as in its last commit."""
    known: dict[bytes, Listed] | None = None
    """What its index listed, and its files were like, when it was closed."""
    touched: frozenset[bytes] | None = None
    """Files touched since then; None where that can't be told."""


class Slots:
    """Takes slots up and closes them; the caller sees to it that no program works in one meanwhile."""

    def __init__(
        self, git: Git, lock: RepositoryLock, worktrees: Worktrees, writer: ObjectWriter, clock: Callable[[], float]
    ) -> None:
        """Work on the worktrees of the repository that `git` serves; commits are written by `writer`."""
        self._git = git
        self._lock = lock
        self._worktrees = worktrees
        self._writer = writer
        self._clock = clock
        self._quick = QuickRefs(git.common_dir)
        self._touched = Touched()
        self._memories: dict[str, _Memory] = {}
        """Git directory of a slot to what is known of it."""

    async def take(self, worktree: str, branch: str, start: str) -> None:
        """Put a slot (made when missing) on `branch`, set to `start`: tracked files as in `start`, ignored ones stay.

        Whatever is not committed there is overwritten: `close` comes first.
        """
        admin = self._git.admin_dir(os.path.realpath(worktree))
        if admin is None or not Path(worktree).is_dir():
            if admin is not None:
                await self._worktrees.remove(worktree)
            Path(worktree).parent.mkdir(parents=True, exist_ok=True)
            await self._worktrees.add(worktree, "", start, detach=True)
        place = self._unlocked(worktree)
        memory = self._memories.pop(place.git_dir, _Memory())
        if memory.closed is not None and memory.closed.head == start and self._switch(place, branch, memory.closed):
            taken = standing_at(place, start) if memory.known is not None else None
            self._memories[place.git_dir] = _Memory(start=start, taken=taken, known=memory.known)
            return
        self._memories[place.git_dir] = _Memory(start=start, known=memory.known)
        words = ("checkout", "--quiet", "--force", "--no-track", "-B", branch, start, "--")
        step = f"laying {start[:12]} out in {worktree!r}"
        await self._git.text(*words, step=step, place=place, timeout=600.0)

    def _switch(self, place: Place, branch: str, standing: Standing) -> bool:
        return switch(place, self._git.common_dir, self._quick, branch, standing)

    async def close(self, worktree: str, branch: str, message: str) -> str:
        """Commit what a session left uncommitted (STARTUP.md and progress.md stay out) and return its last commit.

        `branch`, when given, is moved there too when the session had switched away from it. A git operation that was
        left half done is committed as it stands, conflict markers included: nothing is lost.
        """
        place = self._unlocked(worktree)
        memory = self._memories.pop(place.git_dir, _Memory())
        memory.touched = self._touched.since(place.work_tree)
        if self._is_untouched(place, branch, memory):
            self._memories[place.git_dir] = _Memory(closed=memory.taken, known=memory.known)
            return memory.start
        self._touched.begin(place.work_tree)
        if head := await self._close_plain(place, branch, message, memory):
            return head
        # Nobody else works here: git may write down that files as young as their index are unchanged, instead of
        # reading them all again each time.
        status = await read_status(self._git, place, env={"GIT_OPTIONAL_LOCKS": "1"})
        half_done = operation_under_way(place) is not None
        head = status.head
        if status.paths or half_done:
            head = await self._commit(place, message, "" if half_done else status.branch, head)
        if branch and status.branch != branch:
            step = f"moving {branch!r} to where its session went"
            await self._git.text("update-ref", f"refs/heads/{branch}", head, step=step)
        if _is_whole(status) and not half_done:
            held = read_index(Path(place.git_dir, "index"))
            self._remember(place, head, listed_in(held, self._writer.width) if held else None)
        return head

    def _remember(self, place: Place, head: str, known: dict[bytes, Listed] | None) -> None:
        """Remember a slot whose tracked files are all as in `head`."""
        if standing := standing_at(place, head):
            self._memories[place.git_dir] = _Memory(closed=standing, known=known)

    async def _close_plain(self, place: Place, branch: str, message: str, memory: _Memory) -> str:
        """Close a slot by a look at what was touched, or by one `git add`: the index tells what there is to commit.

        Empty where that can't tell everything: in the midst of a git operation, on another branch, with files that
        stay out, with submodules, or with an index that only git reads. What was added is found by a status then.
        """
        head = self._quick.read(HEADS + branch) if branch else None
        index = Path(place.git_dir, "index")
        if head is None or operation_under_way(place) or not is_on(place, branch):
            return ""
        before = tree_of_loose(self._git.common_dir / "objects", head)
        if before is None or not (held := read_index(index)) or not is_plain(held):
            return ""
        refuse_unfinished(place)
        listing, tree = listing_of(held, before), before
        known = self._seen_clean(place, index, held, memory) if listing else None
        if known is None:
            tree, known = await self._added(place, index, listing, before)
        if tree and tree != before:
            head = await self._commit_tree(place, branch, head, tree, message)
        if tree and head:
            self._remember(place, head, known)
        return head if tree else ""

    def _seen_clean(self, place: Place, index: Path, held: bytes, memory: _Memory) -> dict[bytes, Listed] | None:
        """Return what an index lists where all that is there is just so."""
        root, touched = os.fsencode(place.work_tree) + b"/", memory.touched or ()
        if any(os.path.lexists(root + path) for path in touched if path + b"\0" not in held):
            return None  # it was added
        listed = listed_in(held, self._writer.width)
        if listed is None:
            return None
        looked = Clean(place.work_tree, listed, int(index.stat().st_mtime), self._writer)
        if memory.known is None or memory.touched is None:
            return listed if looked.is_clean() else None
        return listed if looked.is_still_clean(memory.known, memory.touched) else None

    async def _added(
        self, place: Place, index: Path, listing: bytes, before: str
    ) -> tuple[str, dict[bytes, Listed] | None]:
        """Add all there is; return its tree (`before` where `listing` stays, empty: ask git) and files."""
        await self._add(place)
        held = read_index(index)
        if not held:
            return "", None
        known = listed_in(held, self._writer.width)
        if listing and held.startswith(listing):
            return before, known
        return (tree_of_index(held, self._writer) or "" if is_plain(held) else ""), known

    async def _add(self, place: Place) -> None:
        """Add all there is; a repository within that has no commit yet stays as it is, for git can't add it."""
        words = ("--all", "--", ".", *_LEFT_OUT)
        done = await self._git.run("add", *words, place=place)
        if done.ok:
            return
        await self._git.run("add", "--ignore-errors", *words, place=place)
        listing = ("ls-files", "-z", "--others", "--exclude-standard", "--modified", "--deleted")
        left = (await self._git.text(*listing, step=_committing(place), place=place)).split("\0")
        if not all(path.endswith("/") for path in left if path and takes_part(path)):
            done.checked(_committing(place))

    async def _commit_tree(self, place: Place, branch: str, head: str, tree: str, message: str) -> str:
        """Commit `tree`, which the index holds, on the branch that is checked out; empty where only git can."""
        by = signature(await self._git.config(), self._clock())
        oid = self._writer.write("commit", commit_data(tree, [head], by, by, message))
        return oid if advance(place, self._git.common_dir, self._quick, branch, head, oid) else ""

    def _is_untouched(self, place: Place, branch: str, memory: _Memory) -> bool:
        """Tell whether a session has left everything as it was when it took the slot."""
        before = memory.taken
        if (
            before is None
            or memory.touched is None
            or memory.touched
            or not branch
            or operation_under_way(place) is not None
        ):
            return False
        if standing_at(place, before.head) != before or before.reference != f"ref: {HEADS}{branch}\n".encode():
            return False
        return self._quick.read(HEADS + branch) == before.head

    async def _commit(self, place: Place, message: str, branch: str, head: str) -> str:
        """Commit all there is; on a plain `branch` at `head` that takes no more than trees, a commit and a ref."""
        step = _committing(place)
        await self._add(place)
        if branch and head:
            held = read_index(Path(place.git_dir, "index"))
            tree = tree_of_index(held, self._writer) if held else None
            if tree is None:
                tree = await self._git.text("write-tree", step=step, place=place)
            if oid := await self._commit_tree(place, branch, head, tree, message):
                return oid
        return await self._commit_by_git(place, message, step)

    async def _commit_by_git(self, place: Place, message: str, step: str) -> str:
        name, email = identity(await self._git.config())
        env = {
            f"GIT_{who}_{what}": value
            for who in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", name), ("EMAIL", email))
        }
        words = ("commit", "--quiet", "--no-verify", "--allow-empty", "-F", "-")
        await self._git.text(*words, step=step, place=place, env=env, stdin=message.encode())
        head = (Path(place.git_dir) / "HEAD").read_text().strip()
        if oid := self._quick.read(head.removeprefix("ref: ")):
            return oid
        return await self._git.text("rev-parse", "HEAD", step=step, place=place)

    def _unlocked(self, worktree: str) -> Place:
        """Return the slot's place; a lock file there can only be a dead git's, for nobody else works in it."""
        place = self._git.place_of(worktree)
        if place.work_tree == os.path.realpath(self._git.root):
            raise RefusedError(f"{worktree!r} is not autod's own", hint="choose another `worktrees` in autod.toml")
        for name in _LOCKS:
            (Path(place.git_dir) / name).unlink(missing_ok=True)
        return place


def _committing(place: Place) -> str:
    return f"committing the work in {place.work_tree!r}"


def _is_whole(status: Status) -> bool:
    """Tell whether nothing tracked is changed but what a commit takes with it."""
    return not status.modules and all(takes_part(path) for path in (*status.tracked, *status.unmerged))


async def sizes(git: Git, commit: str, paths: Sequence[str]) -> dict[str, int]:
    """Return the bytes of those of `paths` that `commit` holds; a directory counts all its files."""
    wanted = [path.strip("/") for path in paths]
    if not wanted:
        return {}
    words = ("ls-tree", "-r", "-l", "-z", "--full-tree", commit, "--", *wanted)
    env = {"GIT_LITERAL_PATHSPECS": "1"}
    done = (await git.run(*words, env=env)).checked(f"reading the files of {commit[:12]}")
    found: dict[str, int] = {}
    for row in filter(None, os.fsdecode(done.stdout).split("\0")):
        facts, _, name = row.partition("\t")
        size = facts.split()[3]
        for path in wanted:
            if name == path or name.startswith(f"{path}/"):
                found[path] = found.get(path, 0) + (int(size) if size.isdigit() else 0)
    return {path: found[path.strip("/")] for path in paths if path.strip("/") in found}
