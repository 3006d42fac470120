"""The tree of what an index holds, made without a git: only the directories that changed are written anew."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from autod_tui.git.objects import TREE_MODE, Entry, ObjectWriter, Tree

_MANY = 2 * 2**20
"""Bytes of an index above which git is quicker."""
_STAT = 40
"""Bytes of an entry before its object id; six words down stands the mode."""
_ODD = 0x7000
"""Flags of an entry that is unmerged, or has more flags."""
_LONG = 0xFFF
"""Length of a name that says: as long as this, or longer."""


class _Node(Struct):
    """A directory whose tree git remembers; `count` is below zero where it has changed since."""

    count: int
    """Entries of the index below it."""
    oid: str
    below: dict[bytes, _Node]


_UNKNOWN = _Node(-1, "", {})
_Line = tuple[bytes, int, str]
"""Path, mode, object id."""


def tree_of_index(index: Path, writer: ObjectWriter) -> str | None:
    """Write the tree that `git write-tree` would, and return its id; None, where only git can tell.

    That is where the index is large, of an unusual kind, unmerged, or remembers no trees.
    """
    try:
        if index.stat().st_size > _MANY:
            return None
        data = index.read_bytes()
        if data[-writer.width :] != writer.digest(data[: -writer.width]):
            return None  # torn, or written without a checksum
        lines, at = _lines(data, writer.width)
        root = _remembered(data, at, writer.width)
    except (OSError, ValueError):
        return None
    return _Builder(lines, writer).tree(root) if root is not None else None


def _lines(data: bytes, width: int) -> tuple[list[_Line], int]:
    """Read the entries of an index of version 2 and return where they end; ValueError where it is another."""
    if data[:8] != b"DIRC\0\0\0\2":
        raise ValueError("another version")
    lines, at = [], 12
    for _ in range(int.from_bytes(data[8:12], "big")):
        name = at + _STAT + width + 2
        flags = int.from_bytes(data[name - 2 : name], "big")
        length = flags & _LONG
        if flags & _ODD or length == _LONG:
            raise ValueError("an unusual entry")
        mode = int.from_bytes(data[at + 24 : at + 28], "big")
        lines.append((data[name : name + length], mode, data[at + _STAT : name - 2].hex()))
        at += (name - at + length + 8) & ~7
    return lines, at


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

    def __init__(self, lines: list[_Line], writer: ObjectWriter) -> None:
        self._lines = lines
        self._writer = writer
        self._at = 0

    def tree(self, node: _Node, prefix: bytes = b"") -> str:
        """Return the tree of the directory `prefix`, whose first entry is the next one, and go behind its last."""
        if node.count >= 0:
            self._at += node.count
            return node.oid
        entries: Tree = {}
        while self._at < len(self._lines) and self._lines[self._at][0].startswith(prefix):
            path, mode, oid = self._lines[self._at]
            name, slash, _ = path[len(prefix) :].partition(b"/")
            if slash:
                below = self.tree(node.below.get(name, _UNKNOWN), prefix + name + b"/")
                entries[name] = Entry(TREE_MODE, below)
            else:
                entries[name] = Entry(f"{mode:o}", oid)
                self._at += 1
        return self._writer.tree(entries)
