"""One `git merge-tree --stdin` that serves many merges, and the reading of its answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from msgspec import Struct

from autod_tui import process
from autod_tui.core.checkpoint import Conflict
from autod_tui.core.errors import AutodError, CommandFailedError, RefusedError
from autod_tui.core.git_ports import MergedTree
from autod_tui.core.workstream import UNMERGED_FILES
from autod_tui.git.objects import end_helper


class _Message(Struct, frozen=True):
    paths: tuple[str, ...]
    kind: str


class MergeTree:
    """Merges commits through one helper process, which is started when needed and again after it died."""

    def __init__(self, argv: Callable[..., list[str]], env: dict[str, str], cwd: str) -> None:
        """Keep how to start the helper: `argv` completes a git command line."""
        self._argv = argv("merge-tree", "--write-tree", "--stdin", "-z", "--messages")
        self._env = env
        self._cwd = cwd
        self._process: asyncio.subprocess.Process | None = None
        self._buffer = bytearray()
        self._at = 0
        self._owed = False

    async def merge(self, ours: str, theirs: str) -> MergedTree:
        """Merge two commits; raises RefusedError for unrelated histories, CommandFailedError when git can't."""
        answer = (await self.merge_all([(ours, theirs)]))[0]
        if isinstance(answer, AutodError):
            raise answer
        return answer

    async def merge_all(self, pairs: Sequence[tuple[str, str]]) -> list[MergedTree | AutodError]:
        """Merge many pairs, asked all at once; an answer is an error where git gave up on that pair."""
        answers: list[MergedTree | AutodError] = []
        while len(answers) < len(pairs):
            child = await self._ask(pairs[len(answers) :])
            try:
                while len(answers) < len(pairs):
                    answers.append(await self._answer(child))
                await self._echo(child)
            except EOFError:  # git ends at the first pair that it can't merge at all
                if len(answers) == len(pairs):  # killed after the last answer: the next round starts another
                    await self.close()
                    break
                answers.append(await self._failure(child, *pairs[len(answers)]))
        return answers

    async def _ask(self, pairs: Sequence[tuple[str, str]]) -> asyncio.subprocess.Process:
        if self._process is None:
            self._buffer, self._at, self._owed = bytearray(), 0, False
            self._process = await process.start(self._argv, cwd=self._cwd, env=self._env, stdin=True)
        assert self._process.stdin is not None  # noqa: S101 - started with pipes
        echo = pairs[-1][0]
        self._process.stdin.write("".join(f"{ours} {theirs}\n" for ours, theirs in (*pairs, (echo, echo))).encode())
        return self._process

    async def _answer(self, child: asyncio.subprocess.Process) -> MergedTree:
        if self._owed:
            await self._field(child)
            self._owed = False
        clean = await self._field(child) == b"1"
        tree = (await self._field(child)).decode()
        entries: list[bytes] = []
        while entry := await self._field(child):
            entries.append(entry)
        messages: list[_Message] = []
        while count := await self._field(child):
            messages.append(await self._message(child, count))
        return MergedTree(tree=tree, conflicts=() if clean else _conflicts(entries, messages))

    async def _echo(self, child: asyncio.subprocess.Process) -> None:
        # git flushes an answer but for its final NUL, which goes out with the next one. So each round ends with a
        # commit merged into itself; of that answer (status, tree, no conflict) the final NUL is left for the next.
        for _ in range(3):
            await self._field(child)
        self._owed = True

    async def _message(self, child: asyncio.subprocess.Process, count: bytes) -> _Message:
        paths = [(await self._field(child)).decode("utf-8", "surrogateescape") for _ in range(int(count))]
        kind = (await self._field(child)).decode()
        await self._field(child)  # the sentence for people
        return _Message(tuple(paths), kind)

    async def _field(self, child: asyncio.subprocess.Process) -> bytes:
        end = self._buffer.find(b"\0", self._at)
        while end < 0:
            await self._fill(child)
            end = self._buffer.find(b"\0", self._at)
        field = bytes(self._buffer[self._at : end])
        self._at = end + 1
        return field

    async def _fill(self, child: asyncio.subprocess.Process) -> None:
        assert child.stdout is not None  # noqa: S101 - started with pipes
        chunk = await child.stdout.read(2**16)
        if not chunk:
            raise EOFError
        del self._buffer[: self._at]
        self._at = 0
        self._buffer += chunk

    async def _failure(self, child: asyncio.subprocess.Process, ours: str, theirs: str) -> AutodError:
        assert child.stderr is not None  # noqa: S101 - started with pipes
        words = (await child.stderr.read()).decode("utf-8", "replace").strip()
        await self.close()
        if "unrelated histories" in words:
            return RefusedError(
                f"{theirs[:12]} shares no history with {ours[:12]}: they can't be merged",
                hint="start the branch from the target, or join the histories by hand once",
            )
        return CommandFailedError(
            f"merging {theirs[:12]} into {ours[:12]} failed: {words or 'git ended without a word'}"
        )

    async def close(self) -> None:
        """End the helper."""
        await end_helper(self._process)
        self._process = None


def takes_part(path: str) -> bool:
    """Tell whether `path` is merged at all: STARTUP.md and progress.md at the root are not."""
    return path.partition("/")[0] not in UNMERGED_FILES


def _conflicts(entries: Sequence[bytes], messages: Sequence[_Message]) -> tuple[Conflict, ...]:
    stages: dict[str, dict[str, tuple[str, str]]] = {}
    for entry in entries:
        facts, _, path = entry.decode("utf-8", "surrogateescape").partition("\t")
        mode, oid, stage = facts.split(" ")
        stages.setdefault(path, {})[stage] = (mode, oid)
    kinds = _kinds(messages)
    return tuple(_conflict(path, sides, kinds) for path, sides in stages.items() if takes_part(path))


def _kinds(messages: Sequence[_Message]) -> dict[str, str]:
    kinds: dict[str, str] = {}
    for message in messages:
        if message.kind.startswith("CONFLICT ("):
            kind = message.kind[len("CONFLICT (") : -1]
            for path in message.paths:
                kinds.setdefault(path, "content" if kind == "contents" else kind)
    return kinds


def _conflict(path: str, sides: dict[str, tuple[str, str]], kinds: dict[str, str]) -> Conflict:
    none = ("", "")
    base, ours, theirs = (sides.get(stage, none) for stage in ("1", "2", "3"))
    kind = kinds.get(path, "content")
    if kind == "content" and not base[1] and ours[1] and theirs[1]:
        kind = "add/add"
    return Conflict(
        path=path, base=base[1], ours=ours[1], theirs=theirs[1], mode=ours[0] or theirs[0] or base[0], kind=kind
    )
