"""One open conversation with the tmux server: commands go in pipelined, replies and news come back."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from autod_tui import process, processes
from autod_tui.core.errors import CommandFailedError
from autod_tui.tmux.quoting import command_line

Block = list[bytes]
"""The lines of one command's reply."""

LineCount = Callable[[Block], int]
"""Tells from the first reply of a line of commands how many lines the last one has."""

_CHUNK = 1 << 18


class ServerGoneError(CommandFailedError):
    """The tmux server ended, or hung up, before it answered."""


class TmuxRefusedError(CommandFailedError):
    """tmux answered a command with an error."""


class _Waiting:
    """One line of commands whose replies are under way."""

    def __init__(self, commands: Sequence[Sequence[str]], line_count: LineCount | None) -> None:
        self.commands = commands
        self.line_count = line_count
        self.blocks: list[Block] = []
        self.future: asyncio.Future[list[Block]] = asyncio.get_running_loop().create_future()

    def verbatim_lines(self) -> int:
        """How many lines of the present reply are screen content, whatever they look like."""
        last = len(self.blocks) == len(self.commands) - 1
        return self.line_count(self.blocks[0]) if self.line_count and last and self.blocks else 0

    def take(self, block: Block, failed: bool) -> bool:
        """Keep a finished reply; True when none is left to come (tmux drops the commands after a failed one)."""
        self.blocks.append(block)
        if self.future.done():
            return failed or len(self.blocks) == len(self.commands)
        if failed:
            command = self.commands[len(self.blocks) - 1]
            words = b" ".join(block).decode("utf-8", "replace")
            self.future.set_exception(TmuxRefusedError(f"tmux {command[0]} failed: {words}"))
        elif len(self.blocks) == len(self.commands):
            self.future.set_result(self.blocks)
            return True
        return failed


LEAVE = 0.5
"""Seconds that a client gets to leave in good order."""


class ControlClient:
    """A control-mode client (`tmux -C attach`).

    A reply is known by the time, number and flags of its first line, so what an agent prints can't end it.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        on_news: Callable[[bytes], None] | None = None,
        on_closed: Callable[[], None] | None = None,
    ) -> None:
        """Prepare a client; `on_news` gets each notification line, `on_closed` is called once at the end."""
        self._argv = argv
        self._env = env
        self._on_news = on_news
        self._on_closed = on_closed
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._waiting: deque[_Waiting] = deque()
        self._tag: bytes | None = None
        self._block: Block = []
        self._verbatim = 0
        self._joined: asyncio.Future[bool] | None = None
        self._gone = False

    @property
    def open(self) -> bool:
        """True while the server listens."""
        return self._reader is not None and not self._gone

    async def join(self) -> bool:
        """Attach; False, after the client has ended, when there is nothing to join. Cancelled, it leaves in order."""
        self._joined = asyncio.get_running_loop().create_future()
        starting = asyncio.create_task(self._start())
        try:
            await asyncio.shield(starting)  # asyncio would kill a client that is just joining: see `close`
            joined = await self._joined
            if not joined:
                await self.close()
            return joined
        except asyncio.CancelledError:
            await starting
            await self.close()
            raise

    async def _start(self) -> None:
        self._process = await process.start(self._argv, env=self._env, stdin=True)
        self._reader = asyncio.create_task(self._read())

    async def run(self, *commands: Sequence[str], line_count: LineCount | None = None) -> list[Block]:
        """Run commands without a break in between; return one block of lines per command.

        `line_count` says from the first reply how many lines the last has. Raises TmuxRefusedError when tmux refuses
        one (those after it are not run) and ServerGoneError when the server is gone.
        """
        if self._process is None or self._process.stdin is None or not self.open:
            raise ServerGoneError("the tmux server is gone", hint="run `autod up` to start it again")
        waiting = _Waiting(commands, line_count)
        self._waiting.append(waiting)
        self._process.stdin.write(command_line(*commands))
        with contextlib.suppress(ConnectionError):  # the reader reports the end
            await self._process.stdin.drain()
        return await waiting.future

    async def close(self) -> None:
        """Leave the server; whoever waits for a reply gets ServerGoneError."""
        if self._process is None or self._reader is None:
            return
        self._on_closed = None
        if self._process.returncode is None and self._process.stdin is not None:
            # tmux 3.3a crashes, and takes all agents along, when a client is killed that has just joined
            self._process.stdin.close()
            await asyncio.wait({self._reader}, timeout=LEAVE)
        if not self._reader.done() and self._process.returncode is None:
            processes.kill_group(self._process.pid)
        await self._reader

    async def _read(self) -> None:
        if self._process is None or self._process.stdout is None:
            return
        rest = b""
        try:
            while chunk := await self._process.stdout.read(_CHUNK):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._take(line)
        finally:
            self._hang_up()
        await self._process.wait()

    def _hang_up(self) -> None:
        self._gone = True
        if self._joined is not None and not self._joined.done():
            self._joined.set_result(False)
        gone = ServerGoneError("the tmux server ended", hint="run `autod up` to start it again")
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.future.done():
                waiting.future.set_exception(gone)
        if self._on_closed is not None:
            self._on_closed()

    def _take(self, line: bytes) -> None:
        if self._tag is not None:
            self._take_reply(self._tag, line)
        elif line.startswith(b"%begin "):
            self._tag = line[7:]
            self._block = []
            self._verbatim = self._waiting[0].verbatim_lines() if self._ours() and self._waiting else 0
        elif line.startswith(b"%session-changed ") and self._joined is not None and not self._joined.done():
            self._joined.set_result(True)
        elif self._on_news is not None:
            self._on_news(line)

    def _take_reply(self, tag: bytes, line: bytes) -> None:
        if len(self._block) < self._verbatim or line not in (b"%end " + tag, b"%error " + tag):
            self._block.append(line)
            return
        ours = self._ours()
        self._tag = None
        if ours and self._waiting and self._waiting[0].take(self._block, line.startswith(b"%error")):
            self._waiting.popleft()

    def _ours(self) -> bool:
        # Flags 0 mark what the client did not ask for: its own attach, and hooks.
        return self._tag is not None and not self._tag.endswith(b" 0")
