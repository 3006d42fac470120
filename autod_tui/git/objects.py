"""Objects without a fork: loose objects are written in this process, read through one `git cat-file --batch`."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from pathlib import Path

from msgspec import Struct

from autod_tui import process
from autod_tui.core.errors import CommandFailedError

TREE_MODE = "40000"
_ROWS = {width: re.compile(rb"([0-7]+) ([^\0]+)\0(.{%d})" % width, re.DOTALL) for width in (20, 32)}
_RECENT = 16
"""Trees that a reader remembers."""


class Entry(Struct, frozen=True):
    """One line of a tree: mode as git writes it (`100644`, `40000` ...) and object id."""

    mode: str
    oid: str

    @property
    def is_tree(self) -> bool:
        """True for a directory."""
        return self.mode == TREE_MODE


Tree = dict[bytes, Entry]
"""Name to entry, in no particular order."""


class Durable(Enum):
    """When objects have to be safe on the disk."""

    NOT = auto()
    AT_ONCE = auto()
    """Each before its id is told."""
    AT_END = auto()
    """All once `sync` is called: before a ref names them."""


class ObjectWriter:
    """Writes loose objects into an object directory."""

    def __init__(self, objects: Path, algorithm: str, durable: Durable) -> None:
        """Write below `objects` with ids by `algorithm` (`sha1` or `sha256`)."""
        self.objects = objects
        self._algorithm = algorithm
        self.width = len(self.digest(b""))
        """Bytes of a raw object id."""
        self._durable = durable
        self._unsafe: list[Path] = []
        """Objects that may be lost should the machine lose power."""

    def write(self, kind: str, data: bytes) -> str:
        """Store an object and return its id; one that is there already is left alone."""
        content = b"%s %d\0%s" % (kind.encode(), len(data), data)
        oid = self.digest(content).hex()
        path = self.objects / oid[:2] / oid[2:]
        if not path.exists():
            self._store(path, zlib.compress(content, 1))
        return oid

    def digest(self, data: bytes) -> bytes:
        """Return the raw hash of `data`, by which git names objects and seals an index."""
        return hashlib.new(self._algorithm, data).digest()  # git's own choice of hash, not ours

    def _store(self, path: Path, packed: bytes) -> None:
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix="tmp_obj_", dir=path.parent)  # git's gc clears these after a crash
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(packed)
                file.flush()
                if self._durable is Durable.AT_ONCE:
                    os.fsync(file.fileno())
            Path(name).chmod(0o444)
            Path(name).rename(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        if self._durable is Durable.AT_ONCE:
            _sync(path.parent)
        elif self._durable is Durable.AT_END:
            self._unsafe.append(path)

    def sync(self) -> None:
        """Wait until all that was written is safe on the disk; a wait for many costs little more than for one."""
        unsafe, self._unsafe = self._unsafe, []
        for path in dict.fromkeys([*unsafe, *(path.parent for path in unsafe)]):
            _sync(path)

    def tree(self, entries: Tree) -> str:
        """Store a tree and return its id."""
        ordered = sorted(entries.items(), key=lambda item: item[0] + b"/" if item[1].is_tree else item[0])
        return self.write(
            "tree",
            b"".join(b"%s %s\0%s" % (entry.mode.encode(), name, bytes.fromhex(entry.oid)) for name, entry in ordered),
        )


def tree_of_loose(objects: Path, commit: str) -> str | None:
    """Return the tree of a commit that lies by itself below `objects`; None where only git can tell."""
    try:
        data = zlib.decompress((objects / commit[:2] / commit[2:]).read_bytes())
    except (OSError, zlib.error):
        return None
    header, _, content = data.partition(b"\0")
    first = content.partition(b"\n")[0]
    known = header.startswith(b"commit ") and first.startswith(b"tree ")
    return first[5:].decode("ascii", "replace") if known else None


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def commit_data(tree: str, parents: Sequence[str], author: str, committer: str, message: str) -> bytes:
    """Return the bytes of a commit; `author` and `committer` are `Name <mail> seconds zone`."""
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents), f"author {author}", f"committer {committer}"]
    return "\n".join([*lines, "", message.rstrip("\n") + "\n"]).encode("utf-8", "surrogateescape")


def tag_data(oid: str, kind: str, name: str, tagger: str, message: str) -> bytes:
    """Return the bytes of an annotated tag."""
    lines = [f"object {oid}", f"type {kind}", f"tag {name}", f"tagger {tagger}", "", message.rstrip("\n") + "\n"]
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def tree_rows(data: bytes, width: int) -> list[tuple[bytes, bytes, bytes]]:
    """Return (mode, name, raw object id) of each line of a tree; `width` is the length of such an id (20 or 32)."""
    return _ROWS[width].findall(data)


def parse_tree(data: bytes, width: int) -> Tree:
    """Read a tree's bytes; `width` as for `tree_rows`."""
    return {name: Entry(mode.decode(), raw.hex()) for mode, name, raw in tree_rows(data, width)}


class ObjectReader:
    """Reads objects through one `git cat-file --batch` that starts at the first question."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], cwd: str) -> None:
        """Keep how to start the helper: `argv` without its sub-command."""
        self._argv = [*argv, "cat-file", "--batch"]
        self._env = env
        self._cwd = cwd
        self._process: asyncio.subprocess.Process | None = None
        self._recent: dict[str, bytes] = {}
        """Trees read last, by object id: each merge begins with the tree that the one before made."""

    async def read(self, names: Sequence[str]) -> list[tuple[str, str, bytes]]:
        """Return (object id, kind, content) of each name, in order; raises CommandFailedError for a missing one."""
        wanted = [name for name in names if name not in self._recent]
        found = dict(zip(wanted, await self._asked(wanted), strict=True)) if wanted else {}
        told = [found.get(name) or (name, "tree", self._recent[name]) for name in names]
        self._recent |= {oid: data for oid, kind, data in found.values() if kind == "tree"}
        for oid in list(self._recent)[:-_RECENT]:
            del self._recent[oid]
        return told

    async def _asked(self, names: Sequence[str]) -> list[tuple[str, str, bytes]]:
        child = await self._running()
        assert child.stdin is not None  # noqa: S101 - started with pipes
        child.stdin.write("".join(f"{name}\n" for name in names).encode())
        return [await self._reply(child, name) for name in names]

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            self._process = await process.start(self._argv, cwd=self._cwd, env=self._env, stdin=True)
        return self._process

    async def _reply(self, child: asyncio.subprocess.Process, name: str) -> tuple[str, str, bytes]:
        assert child.stdout is not None  # noqa: S101 - started with pipes
        header = (await child.stdout.readline()).decode().split()
        if len(header) != 3:
            raise CommandFailedError(
                f"git has no object {name!r}", hint="`git fsck` says whether the repository is whole"
            )
        data = await child.stdout.readexactly(int(header[2]) + 1)
        return header[0], header[1], data[:-1]

    async def tree(self, name: str) -> tuple[str, Tree]:
        """Return (object id, entries) of the tree that `name` (a tree, or `commit^{tree}`) stands for."""
        oid, _, data = (await self.read([name]))[0]
        return oid, parse_tree(data, len(oid) // 2)

    async def close(self) -> None:
        """End the helper."""
        await end_helper(self._process)
        self._process = None


async def end_helper(child: asyncio.subprocess.Process | None) -> None:
    """End a helper process and wait for it; None and one that is gone are no error."""
    if child is None:
        return
    if child.stdin is not None:
        child.stdin.close()
    with contextlib.suppress(ProcessLookupError):
        child.kill()
    await child.wait()


async def replace_paths(
    reader: ObjectReader, writer: ObjectWriter, tree: str, choices: Mapping[bytes, Entry | None]
) -> str:
    """Return `tree` with each path (`/` between parts) set to an entry, or removed for None; empty trees vanish."""
    _, entries = await reader.tree(tree)
    nested: dict[bytes, dict[bytes, Entry | None]] = {}
    for path, entry in choices.items():
        name, _, rest = path.partition(b"/")
        if rest:
            nested.setdefault(name, {})[rest] = entry
        elif entry is None:
            entries.pop(name, None)
        else:
            entries[name] = entry
    for name, below in nested.items():
        await _replace_in_directory(reader, writer, entries, name, below)
    return writer.tree(entries)


async def _replace_in_directory(
    reader: ObjectReader, writer: ObjectWriter, entries: Tree, name: bytes, below: Mapping[bytes, Entry | None]
) -> None:
    old = entries.get(name)
    wanted = {path: entry for path, entry in below.items() if entry is not None}
    if old is not None and old.is_tree:
        new = await replace_paths(reader, writer, old.oid, below)
    elif wanted:  # a file (or nothing) gives way to a directory
        new = await replace_paths(reader, writer, writer.tree({}), wanted)
    else:
        return
    if new == writer.tree({}):
        del entries[name]
    else:
        entries[name] = Entry(TREE_MODE, new)
