"""Telling without a git that a worktree holds exactly what its index lists: every file as listed, and none besides.

Only a yes counts: where anything differs, or is ignored, or is more than a plain file or link, git has to look. What a
file holds is trusted by its times, size and inode, as by git; one that changed in the second in which the index was
written, or later, is read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from autod_tui.git.index_tree import Listed, listed_in
from autod_tui.git.objects import ObjectWriter

_MANY = 2000
"""Files above which git is quicker."""
_LARGE = 2**20
"""Bytes of a young file above which git is asked."""
_SECOND = 10**9
_WORD = 2**32 - 1
_FILE, _PROGRAM, _LINK = 0o100644, 0o100755, 0o120000


def is_clean(work_tree: str, index: Path, held: bytes, writer: ObjectWriter) -> bool:
    """Tell whether the worktree whose `index` has just been read as `held` is as that lists it."""
    if int.from_bytes(held[8:12], "big") > _MANY:
        return False
    try:
        listed, found = listed_in(held, writer.width), 0
        written = index.stat().st_mtime_ns // _SECOND
        for path, entry in _files(work_tree, listed):
            if path not in listed or not _is_as_listed(entry, listed[path], written, writer):
                return False
            found += 1
    except (OSError, ValueError):
        return False
    return found == len(listed)


def _files(work_tree: str, listed: dict[bytes, Listed]) -> Iterator[tuple[bytes, os.DirEntry[bytes]]]:
    """Yield what a worktree holds, and the paths: all but directories, and directories where a file is listed."""
    root, directories = os.fsencode(work_tree) + b"/", [b""]
    while directories:
        below = directories.pop()
        with os.scandir(root + below) as entries:
            for entry in entries:
                path = below + entry.name
                if path not in listed and entry.is_dir(follow_symlinks=False):
                    directories.append(path + b"/")
                elif path != b".git":
                    yield path, entry


def _is_as_listed(entry: os.DirEntry[bytes], listed: Listed, written: int, writer: ObjectWriter) -> bool:
    changed, changed_ns, modified, modified_ns, _, inode, mode, owner, group, size, oid = listed
    seen = entry.stat(follow_symlinks=False)
    as_listed = (
        seen.st_mtime_ns == modified * _SECOND + modified_ns
        and seen.st_ctime_ns == changed * _SECOND + changed_ns
        and seen.st_size & _WORD == size
        and seen.st_ino & _WORD == inode
        and seen.st_uid == owner
        and seen.st_gid == group
        and _mode(seen.st_mode) == mode
    )
    return as_listed and (modified < written or _holds(entry, seen.st_size, oid, writer))


def _mode(mode: int) -> int:
    """Return the mode by which git lists a file; 0 for what it can't list."""
    kind = stat.S_IFMT(mode)
    if kind == stat.S_IFREG:
        return _PROGRAM if mode & stat.S_IXUSR else _FILE
    return _LINK if kind == stat.S_IFLNK else 0


def _holds(entry: os.DirEntry[bytes], size: int, oid: bytes, writer: ObjectWriter) -> bool:
    """Tell whether a file holds the very bytes that are listed; one that git converts does not."""
    if size > _LARGE:
        return False
    path = Path(os.fsdecode(entry.path))
    data = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
    return writer.digest(b"blob %d\0%s" % (len(data), data)) == oid
