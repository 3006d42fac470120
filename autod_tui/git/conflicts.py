"""The conflict worktree: commits laid out to be tested, conflicts laid out to be solved, rerere on."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from autod_tui.core.errors import RefusedError
from autod_tui.core.git_ports import MergedTree
from autod_tui.git.command import Git, Place
from autod_tui.git.lock import RepositoryLock
from autod_tui.git.worktree import Worktrees

_RERERE = ("-c", "rerere.enabled=true", "-c", "rerere.autoUpdate=true")
_MARKED = re.compile(rb"^(<{7}|>{7}|\|{7})( |$)", re.MULTILINE)


class Lying(msgspec.Struct, frozen=True):
    """What lies in a worktree of autod's own."""

    key: str
    """Names the conflict by its content."""
    tree: str
    """The merge, as far as git came."""
    marks: dict[str, str] = {}
    """Conflicting path to the mark of its content that was laid out or taken last."""

    def known(self, worktree: Path, paths: Sequence[str]) -> Lying:
        """Return this with the present content of `paths` as known."""
        marks = {path: _mark(worktree / path) for path in paths}
        return msgspec.structs.replace(self, marks={**self.marks, **marks})


class ConflictRoom:
    """Worktrees of autod's own, detached, for its use alone."""

    def __init__(self, git: Git, lock: RepositoryLock, worktrees: Worktrees) -> None:
        """Lay out what the repository that `git` serves holds."""
        self._git = git
        self._lock = lock
        self._worktrees = worktrees

    async def checkout_at(self, worktree: str, commit: str) -> None:
        """Lay `commit` out in a worktree of autod's own (made when missing): reset and clean, ignored files stay."""
        if self._git.admin_dir(os.path.realpath(worktree)) is None or not Path(worktree).is_dir():
            await self._make(worktree, commit)
        place = self._own(worktree)
        async with self._lock.held():
            # We hold the lock and nobody else works here: a lock file can only be a dead git's.
            for name in ("index.lock", "HEAD.lock"):
                (Path(place.git_dir) / name).unlink(missing_ok=True)
            _laid_out(place).unlink(missing_ok=True)
            step = f"laying {commit[:12]} out in {worktree!r}"
            await self._git.text(
                "checkout", "--quiet", "--force", "--detach", commit, step=step, place=place, timeout=600.0
            )
            await self._git.text("clean", "-ffdq", step=step, place=place, timeout=600.0)

    async def _make(self, worktree: str, commit: str) -> None:
        if self._git.admin_dir(os.path.realpath(worktree)) is not None:
            await self._worktrees.remove(worktree)
        Path(worktree).parent.mkdir(parents=True, exist_ok=True)
        await self._worktrees.add(worktree, "", commit, detach=True)

    def _own(self, worktree: str) -> Place:
        place = self._git.place_of(worktree)
        if (Path(place.git_dir) / "HEAD").read_text().startswith("ref:"):
            raise RefusedError(
                f"{worktree!r} has a branch checked out: it is not autod's own", hint="choose another path"
            )
        return place

    async def lay_out(self, worktree: str, ours: str, theirs: str, merged: MergedTree) -> tuple[str, ...]:
        """Lay a conflict out as git would: markers, index stages, and what rerere remembers replayed.

        Returns the paths still open.
        """
        await self.checkout_at(worktree, ours)
        place = self._own(worktree)
        step = f"laying the conflict out in {worktree!r}"
        await self._git.text("read-tree", "--reset", "-u", merged.tree, step=step, place=place, timeout=600.0)
        await self._label(place, ours, theirs, merged)
        await self._git.text("update-index", "-z", "--index-info", step=step, place=place, stdin=_stages(merged))
        await self._git.text(*_RERERE, "rerere", step=step, place=place)
        paths = [conflict.path for conflict in merged.conflicts]
        lying = Lying(await self._key(ours, theirs, merged), merged.tree).known(Path(worktree), paths)
        _laid_out(place).write_bytes(msgspec.json.encode(lying))
        return await self._open(place)

    async def keep_or_lay_out(self, worktree: str, ours: str, theirs: str, merged: MergedTree) -> tuple[str, ...]:
        """Do as `lay_out`, but where exactly this conflict lies there already leave the files as they were edited."""
        if self._git.admin_dir(os.path.realpath(worktree)) is not None and Path(worktree).is_dir():
            place = self._own(worktree)
            lying = _read(place)
            if lying is not None and lying.key == await self._key(ours, theirs, merged):
                return await self._open(place)
        return await self.lay_out(worktree, ours, theirs, merged)

    async def _key(self, ours: str, theirs: str, merged: MergedTree) -> str:
        """Name a conflict by its content: merge commits of the same trees differ by their time."""
        tree = await self._git.text("rev-parse", "--verify", f"{ours}^{{tree}}", step="naming a conflict")
        sides = (f"{c.path}\0{c.base}\0{c.ours}\0{c.theirs}" for c in merged.conflicts)
        return hashlib.sha256(os.fsencode("\0".join([tree.strip(), theirs, *sides]))).hexdigest()

    async def _label(self, place: Place, ours: str, theirs: str, merged: MergedTree) -> None:
        names = {oid: await self._name(oid) for oid in (ours, theirs)}
        for conflict in merged.conflicts:
            path = Path(place.work_tree, conflict.path)
            if path.is_symlink() or not path.is_file():
                continue
            data = old = path.read_bytes()
            for oid, name in names.items():
                for mark in (b"<<<<<<< ", b">>>>>>> "):
                    data = data.replace(mark + oid.encode(), mark + name.encode("utf-8", "surrogateescape"))
            if data != old:
                path.write_bytes(data)

    async def _name(self, oid: str) -> str:
        words = (
            "for-each-ref",
            "--format=%(refname:short)",
            f"--points-at={oid}",
            "--sort=-committerdate",
            "refs/heads/",
        )
        found = (await self._git.text(*words, step="naming a commit")).splitlines()
        if found:
            return found[0]
        return (await self._git.text("log", "-1", "--format=%h (%s)", oid, step="naming a commit"))[:72]

    async def _open(self, place: Place) -> tuple[str, ...]:
        done = (await self._git.run("ls-files", "--unmerged", "-z", place=place)).checked("listing the open conflicts")
        rows = (row.split("\t", 1) for row in os.fsdecode(done.stdout).split("\0") if row)
        return tuple(dict.fromkeys(row[1] for row in rows))

    async def forget(self, worktree: str, ours: str, theirs: str, merged: MergedTree, paths: Sequence[str]) -> None:
        """Have rerere forget how `paths` were resolved, in a worktree where their conflict is laid out for it."""
        await self.lay_out(worktree, ours, theirs, merged)
        words = (*_RERERE, "rerere", "forget", "--", *paths)
        place, literal = self._own(worktree), {"GIT_LITERAL_PATHSPECS": "1"}
        await self._git.text(*words, step="forgetting a resolution", place=place, env=literal)

    async def resolved(self, worktree: str, paths: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Stage `paths` as they are, let rerere learn, and return path to (mode, blob id).

        The id is empty where the file is gone. Raises RefusedError where markers are left.
        """
        place = self._own(worktree)
        marked = [path for path in paths if _has_markers(Path(worktree, path))]
        if marked:
            raise RefusedError(
                f"conflict markers are left in {', '.join(map(repr, marked))} in {worktree!r}",
                hint="edit until no line begins with <<<<<<< or >>>>>>>",
            )
        if not paths:
            return {}
        step = f"taking the resolution from {worktree!r}"
        literal = {"GIT_LITERAL_PATHSPECS": "1"}
        gone = [path for path in paths if not os.path.lexists(Path(worktree, path))]
        there = [path for path in paths if path not in gone]
        if there:
            await self._git.text("add", "--force", "--", *there, step=step, place=place, env=literal)
        if gone:
            await self._git.text(
                "rm", "--quiet", "--cached", "--ignore-unmatch", "--", *gone, step=step, place=place, env=literal
            )
        await self._git.text(*_RERERE, "rerere", step=step, place=place)
        if lying := _read(place):
            _laid_out(place).write_bytes(msgspec.json.encode(lying.known(Path(worktree), paths)))
        return {**dict.fromkeys(paths, ("", "")), **await self._staged(place, paths)}

    async def clear(self, worktree: str) -> tuple[str, ...]:
        """Remove a conflict's worktree, if there is one, unless something in it was edited and never taken.

        Returns those paths; the worktree stays then.
        """
        if self._git.admin_dir(os.path.realpath(worktree)) is None:
            return ()
        edited = await self._edited(self._own(worktree)) if Path(worktree).is_dir() else ()
        if not edited:
            await self._worktrees.remove(worktree)
        return edited

    async def _edited(self, place: Place) -> tuple[str, ...]:
        """Return the paths that are neither as the merge made them nor as they were laid out or taken."""
        lying, step = _read(place) or Lying("", "HEAD"), f"looking for edits in {place.work_tree!r}"
        listings = (
            ("diff", "--no-ext-diff", "--no-renames", "--name-only", "-z", lying.tree, "--"),
            ("ls-files", "--others", "--exclude-standard", "-z"),
        )
        found: set[str] = set()
        for words in listings:
            done = (await self._git.run(*words, place=place)).checked(step)
            found.update(filter(None, os.fsdecode(done.stdout).split("\0")))
        marks = lying.marks
        return tuple(sorted(one for one in found if marks.get(one) != _mark(Path(place.work_tree, one))))

    async def _staged(self, place: Place, paths: Sequence[str]) -> dict[str, tuple[str, str]]:
        words = ("ls-files", "--stage", "-z", "--", *paths)
        done = (await self._git.run(*words, place=place, env={"GIT_LITERAL_PATHSPECS": "1"})).checked(
            "reading the index"
        )
        staged = {}
        for row in filter(None, os.fsdecode(done.stdout).split("\0")):
            facts, _, path = row.partition("\t")
            mode, oid, _ = facts.split(" ")
            staged[path] = (mode, oid)
        return {path: staged[path] for path in paths if path in staged}


def _laid_out(place: Place) -> Path:
    """Return the file that names the conflict which lies in a worktree of autod's own."""
    return Path(place.git_dir) / "autod-conflict"


def _read(place: Place) -> Lying | None:
    """Return what lies in a worktree; None where nothing does, or nobody knows any more."""
    try:
        return msgspec.json.decode(_laid_out(place).read_bytes(), type=Lying)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _mark(path: Path) -> str:
    """Return a mark of a file's content or a link's target; empty where there is none."""
    if path.is_symlink():
        return f"link {path.readlink()}"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _has_markers(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    found = {match[1][:1] for match in _MARKED.finditer(path.read_bytes())}
    return bool(found & {b"<", b">"})


def _stages(merged: MergedTree) -> bytes:
    lines = []
    for conflict in merged.conflicts:
        sides = ((1, conflict.base), (2, conflict.ours), (3, conflict.theirs))
        lines.append(f"0 {'0' * len(merged.tree)}\t{conflict.path}")
        lines += [f"{conflict.mode} {oid} {stage}\t{conflict.path}" for stage, oid in sides if oid]
    return os.fsencode("".join(f"{line}\0" for line in lines))
