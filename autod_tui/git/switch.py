"""Moving a worktree's branch without a git: to a new branch where it stands, or on to a commit of what it holds."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from autod_tui.git.command import Place
from autod_tui.git.refs import QuickRefs

HEADS = "refs/heads/"


class Standing(Struct, frozen=True):
    """How a worktree was left: all that is tracked is as in `head`."""

    head: str
    """Commit that it stands at."""
    index: tuple[int, int, int]
    """Change time, size and inode of its index."""
    reference: bytes
    """What its HEAD file holds."""


def standing_at(place: Place, head: str) -> Standing | None:
    """Remember a worktree without changes as it stands now; None when it can't be told."""
    try:
        stat = Path(place.git_dir, "index").stat()
        return Standing(head, (stat.st_mtime_ns, stat.st_size, stat.st_ino), Path(place.git_dir, "HEAD").read_bytes())
    except OSError:
        return None


def switch(place: Place, common_dir: Path, quick: QuickRefs, branch: str, standing: Standing) -> bool:
    """Make `branch` where the worktree stands and check it out there; False, nothing done, where git itself has to.

    That is where anything is not as it was left, the branch or one in its way exists, or git keeps no plain files.
    """
    ref = HEADS + branch
    if standing_at(place, standing.head) != standing or not _is_free(common_dir, quick, ref):
        return False
    try:
        _create(common_dir / ref, f"{standing.head}\n")
        _create(Path(place.git_dir, "HEAD"), f"ref: {ref}\n")
    except OSError:  # somebody holds a lock, or is tidying up: git waits, or says what is wrong
        return False
    return True


def advance(place: Place, common_dir: Path, quick: QuickRefs, branch: str, old: str, new: str) -> bool:
    """Move the branch that is checked out from `old` to `new`, which is what index and files hold already.

    False, nothing done, where git itself has to: the worktree or the branch is elsewhere, or git keeps no plain files.
    """
    ref = HEADS + branch
    try:
        if (common_dir / "reftable").exists() or not is_on(place, branch):
            return False
        return _create(common_dir / ref, f"{new}\n", lambda: quick.read(ref) == old)
    except OSError:  # somebody holds the lock
        return False


def is_on(place: Place, branch: str) -> bool:
    """Tell whether a worktree has `branch` checked out, by the file that says so."""
    try:
        return Path(place.git_dir, "HEAD").read_bytes() == f"ref: {HEADS}{branch}\n".encode(errors="surrogateescape")
    except OSError:
        return False


def _is_free(common_dir: Path, quick: QuickRefs, ref: str) -> bool:
    """Tell whether a branch can be made as a file; its name has been checked, for git has used others like it."""
    if (common_dir / "reftable").exists() or ".." in ref or (common_dir / ref).exists():
        return False
    parts = ref.split("/")
    return all(quick.read("/".join(parts[:number])) is None for number in range(3, len(parts) + 1))


def _create(path: Path, text: str, still: Callable[[], bool] = lambda: True) -> bool:
    """Write a file as git does by default: whole and under its lock, without waiting for the disk.

    False, nothing written, where `still`, asked under the lock, says no.
    """
    lock = Path(f"{path}.lock")
    try:
        handle = _locked(lock)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = _locked(lock)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        if still():
            lock.rename(path)
            return True
        lock.unlink()
        return False
    except BaseException:
        lock.unlink(missing_ok=True)
        raise


def _locked(lock: Path) -> int:
    return os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
