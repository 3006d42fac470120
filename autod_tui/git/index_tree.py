"""The tree of what an index holds, made without a git: only the directories that changed are written anew."""

from __future__ import annotations

import re
import struct
from itertools import pairwise
from pathlib import Path

from msgspec import Struct

from autod_tui.core.workstream import UNMERGED_FILES
from autod_tui.git.objects import TREE_MODE, Entry, ObjectWriter, Tree

_MANY = 2 * 2**20
"""Bytes of an index above which git is quicker."""
_STAT = 40
"""Bytes of an entry before its object id; six words down stands the mode."""
Listed = tuple[int, int, int, int, int, int, int, int, int, int, bytes]
"""Of a file: change and modification (seconds, nanoseconds each), device, inode, mode, owner, group, size, object."""
_ODD = 0x7000
"""Flags of an entry that is unmerged, or has more flags."""
_LONG = 0xFFF
"""Length of a name that says: as long as this, or longer."""

_MODULE = b"\0\0\xe0\0"
"""Mode of a submodule."""


class _Node(Struct):
    """A directory whose tree git remembers; `count` is below zero where it has changed since."""

    count: int
    """Entries of the index below it."""
    oid: str
    below: dict[bytes, _Node]


_UNKNOWN = _Node(-1, "", {})


def read_index(index: Path) -> bytes | None:
    """Return what an index file holds; None where git is quicker, or there is none."""
    try:
        return index.read_bytes() if index.stat().st_size <= _MANY else None
    except OSError:
        return None


def is_plain(data: bytes) -> bool:
    """Tell whether an index surely holds neither submodules nor files that stay out of commits."""
    return not any(odd in data for odd in (_MODULE, *(b"%s\0" % name.encode() for name in UNMERGED_FILES)))


def listing_of(data: bytes, tree: str) -> bytes:
    """Return the part of an index that lists its files, where it remembers that these make `tree`; else nothing."""
    root = rb"TREE.{4}\x00%d [0-9]+\n" % int.from_bytes(data[8:12], "big") + re.escape(bytes.fromhex(tree))
    found = re.search(root, data, re.DOTALL)
    return data[: found.start()] if found else b""


def tree_of_index(data: bytes, writer: ObjectWriter) -> str | None:
    """Write the tree that `git write-tree` would, and return its id; None, where only git can tell.

    That is where the index is of an unusual kind, unmerged, or remembers no trees.
    """
    if data[-writer.width :] != writer.digest(data[: -writer.width]):
        return None  # torn, or written without a checksum
    try:
        *starts, end = _starts(data, writer.width)
        root = _remembered(data, end, writer.width)
    except ValueError:
        return None
    return _Builder(data, starts, writer).tree(root) if root is not None else None


def listed_in(data: bytes, width: int) -> dict[bytes, Listed] | None:
    """Return what an index of version 2 lists, by path; None where it is of another version, or unmerged.

    `width` is the length of a raw object id.
    """
    entry, name = struct.Struct(f">10I{width}s"), _STAT + width + 2
    try:
        starts = _starts(data, width)
    except (ValueError, IndexError):
        return None
    return {
        data[at + name : data.index(b"\0", at + name, end)]: entry.unpack_from(data, at) for at, end in pairwise(starts)
    }


def _starts(data: bytes, width: int) -> list[int]:
    """Return where each entry of an index of version 2 starts, and where they end; ValueError where it is another."""
    if data[:8] != b"DIRC\0\0\0\2":
        raise ValueError("another version")
    starts, at, flags_at = [], 12, _STAT + width
    for _ in range(int.from_bytes(data[8:12], "big")):
        flags = data[at + flags_at] << 8 | data[at + flags_at + 1]
        length = flags & _LONG
        if flags & _ODD or length == _LONG:
            raise ValueError("an unusual entry")
        starts.append(at)
        at += (flags_at + 2 + length + 8) & ~7
    return [*starts, at]


def _remembered(data: bytes, at: int, width: int) -> _Node | None:
    """Return the trees that an index remembers; ValueError where it is not whole in itself."""
    root = None
    while at < len(data) - width:
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "big")
        if not kind[:1].isupper():
            raise ValueError("an index that can't be read without what this says")
        if kind == b"TREE":
            _, root, _ = _node(data, at + 8, width)
        at += 8 + size
    return root


def _node(data: bytes, at: int, width: int) -> tuple[bytes, _Node, int]:
    end = data.index(b"\0", at)
    line = data.index(b"\n", end)
    count, below = map(int, data[end + 1 : line].split())
    name, node, at = data[at:end], _Node(count, "", {}), line + 1
    if count >= 0:
        node.oid = data[at : at + width].hex()
        at += width
    for _ in range(below):
        child, found, at = _node(data, at, width)
        node.below[child] = found
    return name, node, at


class _Builder:
    """Writes the trees of directories that changed."""

    def __init__(self, data: bytes, starts: list[int], writer: ObjectWriter) -> None:
        self._data = data
        self._starts = starts
        self._writer = writer
        self._next = 0

    def tree(self, node: _Node, prefix: bytes = b"") -> str:
        """Return the tree of the directory `prefix`, whose first entry is the next one, and go behind its last."""
        if node.count >= 0:
            self._next += node.count
            return node.oid
        entries: Tree = {}
        while self._next < len(self._starts):
            at = self._starts[self._next]
            path = self._path(at)
            if not path.startswith(prefix):
                break
            name, slash, _ = path[len(prefix) :].partition(b"/")
            if slash:
                below = self.tree(node.below.get(name, _UNKNOWN), prefix + name + b"/")
                entries[name] = Entry(TREE_MODE, below)
            else:
                entries[name] = self._entry(at)
                self._next += 1
        return self._writer.tree(entries)

    def _path(self, at: int) -> bytes:
        name = at + _STAT + self._writer.width + 2
        return self._data[name : name + (int.from_bytes(self._data[name - 2 : name], "big") & _LONG)]

    def _entry(self, at: int) -> Entry:
        mode = int.from_bytes(self._data[at + 24 : at + 28], "big")
        return Entry(f"{mode:o}", self._data[at + _STAT : at + _STAT + self._writer.width].hex())
