"""Telling without a git that a worktree holds exactly what its index lists: every file as listed, and none besides.

Only a yes counts: where anything differs, or is ignored, or is more than a plain file or link, git has to look. What a
file holds is trusted by its times, size and inode, as by git; one that changed in the second in which the index was
written, or later, is read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from autod_tui.git.index_tree import Listed
from autod_tui.git.objects import ObjectWriter

_MANY = 2000
"""Files above which git is quicker."""
_LARGE = 2**20
"""Bytes of a young file above which git is asked."""
_SECOND = 10**9
_WORD = 2**32 - 1
_FILE, _PROGRAM, _LINK = 0o100644, 0o100755, 0o120000


class Clean:
    """Tells of one worktree, whose index lists `listed` and was written in the second `written`."""

    def __init__(self, work_tree: str, listed: Mapping[bytes, Listed], written: int, writer: ObjectWriter) -> None:
        """Look at nothing yet."""
        self._root = os.fsencode(work_tree) + b"/"
        self._listed = listed
        self._written = written
        self._writer = writer

    def is_clean(self) -> bool:
        """Look at all files."""
        if len(self._listed) > _MANY:
            return False
        found = 0
        try:
            for path, entry in self._files():
                if not self._is_as_listed(path, entry.stat(follow_symlinks=False)):
                    return False
                found += 1
        except OSError:
            return False
        return found == len(self._listed)

    def is_still_clean(self, known: Mapping[bytes, Listed], touched: Iterable[bytes]) -> bool:
        """Look only at files touched since all was as `known` lists it, and at those that are listed otherwise now."""
        changed = {path for path, listed in self._listed.items() if known.get(path) != listed}
        return all(map(self._agrees, changed.union(touched, known.keys() - self._listed.keys())))

    def _agrees(self, path: bytes) -> bool:
        try:
            return self._is_as_listed(path, os.lstat(self._root + path))
        except (FileNotFoundError, NotADirectoryError):
            return path not in self._listed
        except OSError:
            return False

    def _files(self) -> Iterator[tuple[bytes, os.DirEntry[bytes]]]:
        """Yield what is there, and the paths: all but directories, and directories where a file is listed."""
        directories = [b""]
        while directories:
            below = directories.pop()
            with os.scandir(self._root + below) as entries:
                for entry in entries:
                    path = below + entry.name
                    if path not in self._listed and entry.is_dir(follow_symlinks=False):
                        directories.append(path + b"/")
                    elif path != b".git":
                        yield path, entry

    def _is_as_listed(self, path: bytes, seen: os.stat_result) -> bool:
        if path not in self._listed:
            return False
        changed, changed_ns, modified, modified_ns, _, inode, mode, owner, group, size, oid = self._listed[path]
        as_listed = (
            seen.st_mtime_ns == modified * _SECOND + modified_ns
            and seen.st_ctime_ns == changed * _SECOND + changed_ns
            and seen.st_size & _WORD == size
            and seen.st_ino & _WORD == inode
            and seen.st_uid == owner
            and seen.st_gid == group
            and _mode(seen.st_mode) == mode
        )
        return as_listed and (modified < self._written or self._holds(path, seen.st_size, oid))

    def _holds(self, path: bytes, size: int, oid: bytes) -> bool:
        """Tell whether a file holds the very bytes that are listed; one that git converts does not."""
        if size > _LARGE:
            return False
        file = Path(os.fsdecode(self._root + path))
        data = os.fsencode(file.readlink()) if file.is_symlink() else file.read_bytes()
        return self._writer.digest(b"blob %d\0%s" % (len(data), data)) == oid


def _mode(mode: int) -> int:
    """Return the mode by which git lists a file; 0 for what it can't list."""
    kind = stat.S_IFMT(mode)
    if kind == stat.S_IFREG:
        return _PROGRAM if mode & stat.S_IXUSR else _FILE
    return _LINK if kind == stat.S_IFLNK else 0
