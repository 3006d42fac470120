"""Refs: read in one call, moved all or none, kept as backups before anything is lost."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from autod_tui.core.checkpoint import Conflict
from autod_tui.core.errors import RefusedError
from autod_tui.core.git_ports import Backup
from autod_tui.git.command import Git
from autod_tui.git.identity import signature
from autod_tui.git.lock import RepositoryLock
from autod_tui.git.objects import ObjectWriter, tag_data

BACKUPS = "refs/autod/backup/"
RESOLVED = "refs/autod/resolved/"
_GONE = "gone"


class Refs:
    """The refs of one repository."""

    def __init__(self, git: Git, lock: RepositoryLock, writer: ObjectWriter, clock: Callable[[], float]) -> None:
        """Work on the refs that `git` sees."""
        self._git = git
        self._lock = lock
        self._writer = writer
        self._clock = clock
        self._quick = QuickRefs(git.common_dir)

    async def resolve(self, ref: str) -> str | None:
        """Return the commit that `ref` names, or None."""
        if oid := self._quick.read(ref) if ref.startswith("refs/heads/") else self._quick.branch(ref):
            return oid
        done = await self._git.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        return done.text if done.ok else None

    async def all(self, *patterns: str) -> dict[str, str]:
        """Return full ref name to object id (tags peeled) for all refs that match, in one call."""
        form = "%(refname)%00%(objectname)%00%(*objectname)"
        text = await self._git.text("for-each-ref", f"--format={form}", "--", *patterns, step="listing the refs")
        rows = (line.split("\0") for line in text.splitlines())
        return {name: peeled or oid for name, oid, peeled in rows}

    async def move(self, moves: Sequence[tuple[str, str, str]]) -> None:
        """Move (full ref, old, new) all or none by compare-and-swap; empty old: create, empty new: delete.

        Raises RefusedError naming the ref that was not at `old`.
        """
        wanted = [move for move in moves if move[1] != move[2]]
        if not wanted:
            return
        async with self._lock.held():
            names = tuple(ref for ref, _, _ in wanted)
            intent = self._lock.announce(f"moving {', '.join(names)}", refs=names)
            done = await self._git.run(
                "-c",
                "core.fsync=all",
                "update-ref",
                "-m",
                "autod",
                "--stdin",
                "-z",
                stdin=_commands(wanted),
                env=intent.env,
            )
            self._lock.done()
        if not done.ok:
            await self._explain(wanted)
            done.checked(f"moving {', '.join(names)}")

    async def _explain(self, moves: Sequence[tuple[str, str, str]]) -> None:
        now = await self.exact([ref for ref, _, _ in moves])
        for ref, old, new in moves:
            found = now.get(ref, "")
            if found != old:
                raise RefusedError(
                    f"{ref} is at {_short(found)}, not at {_short(old)}: it has moved since; nothing was changed",
                    hint=f"look at it again before it goes to {_short(new)}",
                )

    async def exact(self, names: Sequence[str]) -> dict[str, str]:
        """Return full ref name to object id, unpeeled, for those of `names` that exist."""
        form = "%(refname) %(objectname)"
        text = await self._git.text("for-each-ref", f"--format={form}", "--", *names, step="reading the refs")
        rows = (line.rsplit(" ", 1) for line in text.splitlines())
        return {name: oid for name, oid in rows if name in names}

    async def backup(self, label: str, oid: str, what: str, restores: str) -> Backup:
        """Keep `oid` under refs/autod/backup/ with its story (an annotated tag: what, restores, when)."""
        at = self._clock()
        kind = await self._git.text("cat-file", "-t", oid, step=f"looking at {oid!r}")
        place = f"{BACKUPS}{ref_part(label)}/"
        number = max((_number(ref) for ref in await self.all(place)), default=0) + 1
        tagger = signature(await self._git.config(), at)
        message = f"{' '.join(what.split())}\n\nRestores: {restores}"
        while True:
            ref = f"{place}{number}"
            tag = self._writer.write("tag", tag_data(oid, kind, ref.removeprefix("refs/"), tagger, message))
            try:
                await self.move([(ref, "", tag)])
            except RefusedError:  # somebody else took the number
                number += 1
            else:
                return Backup(ref=ref, oid=oid, at=float(int(at)), what=" ".join(what.split()), restores=restores)

    async def backups(self) -> list[Backup]:
        """Return all backups, newest first."""
        form = "%(refname)%00%(*objectname)%00%(taggerdate:unix)%00%(contents:subject)%00%(contents:body)%00"
        text = await self._git.text("for-each-ref", f"--format={form}", BACKUPS, step="listing the backups")
        rows = (row.lstrip("\n").split("\0") for row in text.split("\0\n"))
        found = [
            Backup(ref=row[0], oid=row[1], at=float(row[2]), what=row[3], restores=row[4].strip()[len("Restores: ") :])
            for row in rows
            if len(row) >= 5 and row[2]
        ]
        return sorted(found, key=lambda backup: (backup.at, _number(backup.ref)), reverse=True)

    async def remember(self, conflict: Conflict, mode: str, blob: str) -> None:
        """Keep a resolution by the conflict's key under refs/autod/resolved/."""
        place = f"{RESOLVED}{_slot(conflict)}"
        kept = await self.exact_below(place)
        ref = f"{place}/{mode if blob else _GONE}"
        new = blob or self._writer.write("blob", b"")
        await self.move(
            [*((name, oid, "") for name, oid in kept.items() if name != ref), (ref, kept.get(ref, ""), new)]
        )

    async def forget(self, conflicts: Sequence[Conflict]) -> None:
        """Drop what is kept of the resolutions of `conflicts`."""
        kept: dict[str, str] = {}
        for conflict in conflicts:
            kept |= await self.exact_below(f"{RESOLVED}{_slot(conflict)}")
        if kept:
            await self.move([(ref, oid, "") for ref, oid in kept.items()])

    async def exact_below(self, place: str) -> dict[str, str]:
        """Return full ref name to object id, unpeeled, of all refs below `place`."""
        form = "%(refname) %(objectname)"
        text = await self._git.text("for-each-ref", f"--format={form}", f"{place}/", step="reading the refs")
        rows = (line.rsplit(" ", 1) for line in text.splitlines())
        return {name: oid for name, oid in rows}  # noqa: C416 - dict() wants tuples

    async def remembered(self, conflicts: Sequence[Conflict]) -> dict[str, tuple[str, str]]:
        """Return path to (mode, blob id) for the conflicts that were resolved before; id empty: removed."""
        if not conflicts:
            return {}
        kept: dict[str, tuple[str, str]] = {}
        for name, oid in (await self.exact_below(RESOLVED.rstrip("/"))).items():
            slot, _, mode = name[len(RESOLVED) :].partition("/")
            kept[slot] = ("", "") if mode == _GONE else (mode, oid)
        return {one.path: kept[_slot(one)] for one in conflicts if _slot(one) in kept}


_PLAIN = re.compile(r"(?![0-9a-f]{40})[A-Za-z0-9_][A-Za-z0-9_/-]*")


def _points_to(head: Path, ref: str) -> bool:
    try:
        return head.read_text(errors="surrogateescape").strip() == f"ref: {ref}"
    except FileNotFoundError:
        return False


class QuickRefs:
    """Reads a branch without a fork, from git's files; answers None where it can't be sure."""

    def __init__(self, common_dir: Path) -> None:
        """Read below `common_dir`."""
        self._common = common_dir
        self._packed: tuple[tuple[int, int], Mapping[str, str]] = ((0, 0), {})

    def read(self, ref: str) -> str | None:
        """Return the object id of a full ref (`refs/heads/...`), or None."""
        if not ref.startswith("refs/") or ".." in ref:
            return None
        try:
            text = (self._common / ref).read_text().strip()
        except (OSError, UnicodeDecodeError):
            return self._in_packed(ref)
        return text if re.fullmatch(r"[0-9a-f]{40}([0-9a-f]{24})?", text) else None

    def branch(self, name: str) -> str | None:
        """Return the object id that `name` stands for when it can only be a branch's short name, or None."""
        others = (name, f"refs/{name}", f"refs/tags/{name}")
        if not _PLAIN.fullmatch(name) or not all(map(self.surely_missing, others)):
            return None
        return self.read(f"refs/heads/{name}")

    def surely_missing(self, ref: str) -> bool:
        """Tell whether git's files show that there is no such ref; False where they can't tell."""
        if self._elsewhere() or os.path.lexists(self._common / ref):
            return False
        return self._in_packed(ref) is None

    def may_be_checked_out(self, ref: str) -> bool:
        """Tell whether some worktree's HEAD may be `ref` (`refs/heads/...`); False only where none is."""
        heads = [self._common / "HEAD", *self._common.glob("worktrees/*/HEAD")]
        return self._elsewhere() or any(head.is_symlink() or _points_to(head, ref) for head in heads)

    def _elsewhere(self) -> bool:
        return (self._common / "reftable").exists()

    def _in_packed(self, ref: str) -> str | None:
        path = self._common / "packed-refs"
        try:
            stat = path.stat()
            if self._packed[0] != (stat.st_mtime_ns, stat.st_size):
                rows = (line.split(" ", 1) for line in path.read_text(errors="surrogateescape").splitlines())
                refs = {row[1]: row[0] for row in rows if len(row) == 2 and row[0] not in ("#", "")}
                self._packed = ((stat.st_mtime_ns, stat.st_size), refs)
        except OSError:
            return None
        return self._packed[1].get(ref)


def ref_part(label: str) -> str:
    """Return `label` as something that may stand in a ref name; what may not is written as `%XX`."""
    safe = "".join(
        c if re.match(r"[A-Za-z0-9_/-]", c) else "".join(f"%{b:02X}" for b in c.encode("utf-8", "replace"))
        for c in label
    )
    return "/".join(part for part in safe.split("/") if part) or "%00"


def _commands(moves: Sequence[tuple[str, str, str]]) -> bytes:
    lines = []
    for ref, old, new in moves:
        if not old:
            lines.append(f"create {ref}\0{new}\0")
        elif not new:
            lines.append(f"delete {ref}\0{old}\0")
        else:
            lines.append(f"update {ref}\0{new}\0{old}\0")
    return "".join(["start\0", *lines, "prepare\0", "commit\0"]).encode("utf-8", "surrogateescape")


def _number(ref: str) -> int:
    last = ref.rpartition("/")[2]
    return int(last) if last.isdigit() else 0


def _short(oid: str) -> str:
    return oid[:12] or "nothing"


def _slot(conflict: Conflict) -> str:
    return conflict.key.replace(":", "/").replace("/", "_")
