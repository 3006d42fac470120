"""Taking a checkout back whose move from one commit to another was cut short in the middle."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from msgspec import Struct

from autod_tui.git.command import Git, Place

_LINK, _MODULE = "120000", "160000"


class _Entry(Struct, frozen=True):
    mode: str
    oid: str


_NONE = _Entry("", "")
_Entries = dict[str, tuple[_Entry, _Entry]]


async def take_back(git: Git, place: Place, old: str, new: str) -> list[str]:
    """Give index and files what `old` says, as long as HEAD still is there; return one sentence per thing done.

    The move was refused beforehand where uncommitted work stood in its way, so what differs is the move's own doing:
    a file is only written when it is missing or holds what `new` has, whole or in part. Anything else is left alone.
    """
    head = await git.run("rev-parse", "HEAD", place=place)
    if head.text != old:
        return []
    entries = await _entries(git, place, old, new)
    await _reset_index(git, place, entries)
    wrong = [path for path, (before, _) in entries.items() if not await _holds(git, place, path, before)]
    ours = [path for path in wrong if await _made_by_move(git, place, path, entries[path][1])]
    await _restore(git, place, ours, entries)
    kept = sorted(set(wrong) - set(ours))
    found = [f"took {place.work_tree!r} back to {old[:12]}: its move was interrupted"] if ours else []
    return found + [f"{path!r} in {place.work_tree!r} was edited since and is left as it is" for path in kept]


async def _entries(git: Git, place: Place, old: str, new: str) -> _Entries:
    done = await git.run("diff-tree", "-r", "-z", "--no-renames", "--raw", old, new, place=place)
    fields = os.fsdecode(done.checked(f"comparing {old!r} with {new!r}").stdout).split("\0")
    return {path: _sides(facts) for facts, path in zip(fields[::2], fields[1::2], strict=False)}


def _sides(facts: str) -> tuple[_Entry, _Entry]:
    old_mode, new_mode, old_oid, new_oid, _ = facts.removeprefix(":").split(" ")
    before = _Entry(old_mode, old_oid) if old_oid.strip("0") else _NONE
    return before, _Entry(new_mode, new_oid) if new_oid.strip("0") else _NONE


async def _reset_index(git: Git, place: Place, entries: _Entries) -> None:
    gone = [f"0 {'0' * 40}\t{path}\0" for path in entries]
    there = [f"{before.mode} {before.oid}\t{path}\0" for path, (before, _) in entries.items() if before.oid]
    step = f"taking the index of {place.work_tree!r} back"
    listing = os.fsencode("".join([*gone, *there]))
    await git.text("update-index", "-z", "--index-info", step=step, place=place, stdin=listing)
    await git.run("update-index", "-q", "--refresh", place=place)


async def _holds(git: Git, place: Place, path: str, entry: _Entry) -> bool:
    """Tell whether the file at `path` is exactly `entry`."""
    file = Path(place.work_tree, path)
    if entry.mode == _MODULE:
        return True
    if not os.path.lexists(file) or (file.is_dir() and not file.is_symlink()):
        return not entry.oid
    if not entry.oid or file.is_symlink() != (entry.mode == _LINK):
        return False
    if file.is_symlink():
        return await _blob(git, entry) == os.fsencode(file.readlink())
    executable = bool(file.stat().st_mode & stat.S_IXUSR)
    done = await git.run("hash-object", "--", path, place=place)
    return done.ok and done.text == entry.oid and executable == (entry.mode == "100755")


async def _made_by_move(git: Git, place: Place, path: str, entry: _Entry) -> bool:
    file = Path(place.work_tree, path)
    if not os.path.lexists(file) or await _holds(git, place, path, entry):
        return True
    if not entry.oid or not file.is_file() or file.is_symlink():
        return False
    return (await _blob(git, entry)).startswith(file.read_bytes())


async def _blob(git: Git, entry: _Entry) -> bytes:
    return (await git.run("cat-file", "blob", entry.oid)).checked(f"reading {entry.oid!r}").stdout


async def _restore(git: Git, place: Place, paths: list[str], entries: _Entries) -> None:
    for path in paths:
        Path(place.work_tree, path).unlink(missing_ok=True)
        _prune(Path(place.work_tree), Path(path).parent)
    listing = "".join(f"{path}\0" for path in paths if entries[path][0].oid)
    step = f"restoring files in {place.work_tree!r}"
    words = ("checkout-index", "--force", "--index", "-z", "--stdin")
    await git.text(*words, step=step, place=place, stdin=os.fsencode(listing), timeout=600.0)


def _prune(root: Path, directory: Path) -> None:
    while directory.parts:
        with contextlib.suppress(OSError):  # not empty, or gone
            (root / directory).rmdir()
        directory = directory.parent
