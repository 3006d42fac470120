"""What a worktree holds that is not committed, from one `git status`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from autod_tui.core.errors import RefusedError
from autod_tui.git.command import Git, Place
from autod_tui.git.marks import refuse_unfinished
from autod_tui.git.merge_tree import takes_part

_UNBORN = "(initial)"


class Status(Struct, frozen=True):
    """One reading of `git status`."""

    head: str
    """Object id of HEAD; empty when it is unborn."""
    branch: str
    """Short name of the checked-out branch; empty when detached."""
    tracked: tuple[str, ...]
    """Tracked paths with staged or unstaged changes, both names of a rename."""
    untracked: tuple[str, ...]
    unmerged: tuple[str, ...]
    modules: tuple[str, ...]
    """Those of `tracked` that are submodules with nothing staged: git moves none of them and minds none."""
    raw: bytes

    @property
    def paths(self) -> tuple[str, ...]:
        """All uncommitted paths that take part in merges, each once."""
        every = dict.fromkeys((*self.unmerged, *self.tracked, *self.untracked))
        return tuple(path for path in every if takes_part(path))


async def read_status(git: Git, place: Place, *, env: Mapping[str, str] | None = None) -> Status:
    """Read a worktree's state without writing to it; `env` may name a copy of its index.

    Raises RefusedError where files are still being laid out: they would look as if somebody had deleted them.
    """
    refuse_unfinished(place)
    words = ("status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--ignore-submodules=dirty")
    done = await git.run(*words, place=place, env=env)
    return _parse(done.checked(f"reading the state of {place.work_tree!r}").stdout)


def _parse(raw: bytes) -> Status:
    head = branch = ""
    tracked: list[str] = []
    untracked: list[str] = []
    unmerged: list[str] = []
    modules: list[str] = []
    fields = iter(raw.decode("utf-8", "surrogateescape").split("\0"))
    for field in fields:
        if field.startswith("# branch.oid "):
            head = field[13:] if field[13:] != _UNBORN else ""
        elif field.startswith("# branch.head "):
            branch = field[14:] if field[14:] != "(detached)" else ""
        elif field.startswith("1 "):
            tracked.append(field.split(" ", 8)[8])
            if field.startswith("1 .") and field[5] == "S":
                modules.append(tracked[-1])
        elif field.startswith("2 "):
            tracked += [field.split(" ", 9)[9], next(fields)]
        elif field.startswith("u "):
            unmerged.append(field.split(" ", 10)[10])
        elif field.startswith("? "):
            untracked.append(field[2:])
    return Status(head, branch, tuple(tracked), tuple(untracked), tuple(unmerged), tuple(modules), raw)


_OPERATIONS = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "BISECT_LOG": "a bisect",
}


def operation_under_way(place: Place) -> str | None:
    """Say which git operation is half done in a worktree, or None."""
    found = (word for name, word in _OPERATIONS.items() if (Path(place.git_dir) / name).exists())
    return next(found, None)


def refuse_operation(place: Place, wish: str) -> None:
    """Raise RefusedError when a git operation is half done in the worktree."""
    if operation := operation_under_way(place):
        raise RefusedError(
            f"{operation} is under way in {place.work_tree!r}: {wish} would spoil it",
            hint="finish or abort it there first",
        )
