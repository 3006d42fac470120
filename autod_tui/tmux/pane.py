"""The panes that hold the agents: started, read, typed into and ended; implements core's PanesPort."""

from __future__ import annotations

import asyncio
import contextlib
import re
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from pathlib import Path

from autod_tui import process, processes
from autod_tui.core.errors import AutodError, CommandFailedError, UsageError
from autod_tui.core.names import suggest_name
from autod_tui.core.pane_ports import Launch, PaneEvent, PaneStatus, Screen
from autod_tui.tmux import screen
from autod_tui.tmux.control import Block, ControlClient, LineCount, ServerGoneError, TmuxRefusedError
from autod_tui.tmux.inheritance import inherited_names
from autod_tui.tmux.pasting import arrived, pastable
from autod_tui.tmux.quoting import one_line, shell_path
from autod_tui.tmux.script import remove_empty, used_up, write_agent_script
from autod_tui.tmux.server import HUB, UI, TmuxServer
from autod_tui.tmux.snapshot import LIST_FORMAT, parse_panes, read_panes
from autod_tui.tmux.stream import Stream

GRACE = 3.0
"""Seconds that an agent has to end by itself."""

REJOIN_EVERY = 0.3
"""Seconds between looks at the socket while no server runs; a look is one connect(), no program."""

SWEEP_FIRST, SWEEP_LAST = 0.1, 10.0
"""Seconds between looks for launch scripts that have done their work."""

_KEYS_AT_ONCE = 1000
_INDEX_TAKEN = re.compile(r"index \d+ in use")


class Panes:
    """The agents' panes on one tmux server. Commands go through an output-less control client of their own.

    That client is also the valve that keeps agents running when this process does not read: tmux lets a program's
    output block only when *every* attached client lags behind.
    """

    def __init__(self, server: TmuxServer) -> None:
        """Know the server; nothing is started or joined before it is needed."""
        self._server = server
        self._commands: ControlClient | None = None
        self._joining = asyncio.Lock()
        self._streams: set[Stream] = set()
        self._watched: frozenset[str] = frozenset()
        self._next_index = 0
        """Index of the next window; 0 while tmux has to be asked."""
        self._asked: ControlClient | None = None
        self._names: tuple[str, ...] = ()
        """What panes inherit from the server, by name, as `_asked` was told."""
        self._scripts: list[Path] = []
        """Launch scripts that may still be there."""
        self._sweeping: asyncio.TimerHandle | None = None
        self._closed = asyncio.Event()
        self._woken = asyncio.Event()
        """Set when there is a reason to look for a server at once."""

    async def close(self) -> None:
        """Leave the server: `events` ends, the agents go on."""
        self._closed.set()
        self._woken.set()
        if self._sweeping is not None:
            self._sweeping.cancel()
        self._sweep()
        for stream in list(self._streams):
            await stream.close()
        if self._commands is not None:
            await self._commands.close()

    async def start(self, launch: Launch) -> PaneStatus:
        """Start a program in a window of its own and return its pane; raises AutodError when tmux refuses."""
        if re.search(r"[\x00-\x1f\x7f|]", launch.workstream + launch.session):
            raise UsageError(f"{launch.workstream!r} or {launch.session!r} has characters that no name may have")
        if not Path(launch.cwd).is_dir():
            raise CommandFailedError(f"there is no directory {launch.cwd!r} to start {launch.workstream!r} in")
        if not launch.argv:
            raise UsageError(f"no command to start {launch.workstream!r} with")
        if await self._client() is None:
            async with self._joining:  # tmux 3.3a ends if a control client joins in the moment a session is made
                await asyncio.to_thread(self._server.ensure_keeper)
            self._woken.set()
        script = write_agent_script(self._server.launch_dir, launch, await self._inherited())
        try:
            pane = await self._new_window(launch, script)
        except AutodError:
            script.unlink(missing_ok=True)
            raise
        self._scripts.append(script)
        self._sweep_soon(SWEEP_FIRST)
        return pane

    async def _inherited(self) -> tuple[str, ...] | None:
        """Return the names of what panes inherit from the server, asked once for each joining; None when it is gone."""
        client = await self._client()
        if client is None:
            return None
        if client is not self._asked:
            remove_empty(self._server.launch_dir)
            self._names, self._asked = await inherited_names(client), client
        return self._names

    def _sweep_soon(self, pause: float) -> None:
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(pause, self._sweep, pause)

    def _sweep(self, pause: float = 0.0) -> None:
        """Remove the scripts that have emptied themselves; a shell that has a long way to that is given time."""
        self._sweeping = None
        self._scripts = [script for script in self._scripts if not used_up(script)]
        if self._scripts and pause:
            self._sweep_soon(min(pause * 2, SWEEP_LAST))

    async def _new_window(self, launch: Launch, script: Path) -> PaneStatus:
        while True:
            index = self._next_index or await self._free_index()
            self._next_index = index + 1  # at once: others start meanwhile
            try:
                blocks = await self._run(*_window_commands(launch, script, index))
            except TmuxRefusedError as error:
                if not _INDEX_TAKEN.search(error.message):
                    raise
                self._next_index = 0  # another process was faster
            else:
                return parse_panes(blocks[-1])[0]

    async def _free_index(self) -> int:
        """Return an index behind all windows; those behind it stay free as long as only this process starts any."""
        indexes = (await self._run(("list-windows", "-t", f"={HUB}", "-F", "#{window_index}")))[0]
        return max(self._next_index, *(int(line) + 1 for line in indexes))

    async def panes(self) -> list[PaneStatus]:
        """Return all panes; an empty list when no server runs."""
        try:
            return await self._read_panes()
        except ServerGoneError:
            return await self._read_panes()  # it went while it was asked; another may be there

    async def _read_panes(self) -> list[PaneStatus]:
        client = await self._client()
        return await read_panes(client) if client else []

    async def events(self) -> AsyncIterator[PaneEvent]:
        """Yield what tmux tells, until closed; the server is joined (or waited for), and again when it returns."""
        while not self._closed.is_set():
            stream = Stream(self._server, self._watched)
            self._streams.add(stream)
            try:
                if self._server.running() and await self._client() and await stream.join():
                    yield PaneEvent(kind="joined")
                    async for event in stream.events():
                        yield event
                    if not self._closed.is_set():
                        yield PaneEvent(kind="lost")
            finally:
                self._streams.discard(stream)
                await stream.close()
            await self._pause()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(REJOIN_EVERY):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()

    async def paste(self, pane: str, text: str, *, submit: bool) -> None:
        """Paste text of any length (control characters stripped), then press Enter when `submit`."""
        await self._demand_alive(pane)
        text = pastable(text)
        before = await self.capture(pane)
        if text:
            await self._paste_buffer(pane, text)
        if submit:
            await arrived(partial(self.capture, pane), before, text)
            await self.named_key(pane, "Enter")

    async def _paste_buffer(self, pane: str, text: str) -> None:
        name = f"autod-{uuid.uuid4().hex}"
        # By standard input: no length limit, nothing on disk, and no file name that tmux would expand.
        load = self._server.argv("load-buffer", "-b", name, "-")
        env = self._server.client_env()
        (await process.run(load, env=env, stdin=text.encode("utf-8", "replace"))).checked("tmux load-buffer")
        try:
            await self._run(("paste-buffer", "-d", "-p", "-r", "-b", name, "-t", pane))
        except TmuxRefusedError:
            await self._run(("delete-buffer", "-b", name))
            raise

    async def _demand_alive(self, pane: str) -> None:
        blocks = await self._run(("display-message", "-p", "-t", pane, "#{pane_id} #{pane_dead}"))
        if blocks[0] != [f"{pane} 0".encode()]:
            raise CommandFailedError(f"no program runs in pane {pane}", hint="`autod up` starts it again")

    async def keys(self, pane: str, data: bytes) -> None:
        """Send bytes as typed."""
        for at in range(0, len(data), _KEYS_AT_ONCE):
            codes = [f"{byte:02x}" for byte in data[at : at + _KEYS_AT_ONCE]]
            await self._run(("copy-mode", "-q", "-t", pane), ("send-keys", "-t", pane, "-H", *codes))

    async def named_key(self, pane: str, name: str) -> None:
        """Send a key by its tmux name, such as `Up`; tmux translates it for the program's mode."""
        await self._run(("copy-mode", "-q", "-t", pane), ("send-keys", "-t", pane, name))

    async def capture(self, pane: str, *, history: int = 0) -> Screen:
        """Read a pane's screen, preceded by up to `history` rows of scrollback."""
        blocks = await self._run(
            ("display-message", "-p", "-t", pane, screen.FORMAT),
            ("capture-pane", "-ep", "-t", pane, "-S", str(-history)),
            line_count=lambda reply: screen.row_count(reply, history),
        )
        return screen.make_screen(blocks[0], blocks[1], history)

    async def resize(self, window: str, columns: int, rows: int) -> None:
        """Give a window that nobody is attached to a size of its own; the line above the pane comes on top of it."""
        await self._run(("resize-window", "-t", window, "-x", str(columns), "-y", str(rows + 1)))

    async def watch_output(self, panes: Sequence[str]) -> None:
        """Say whose output events matter now; the others are told seldom, their signals always."""
        self._watched = frozenset(panes)
        for stream in self._streams:
            stream.watch(self._watched)

    async def select(self, window: str) -> None:
        """Show a window full-screen on the attached terminals, sized to them."""
        await self._run(
            ("set-option", "-w", "-u", "-t", window, "window-size"), ("select-window", "-t", f"={UI}:{window}")
        )

    async def kill(self, pane: str) -> None:
        """End a pane's whole process tree (SIGHUP, then SIGKILL for what is left) and close its window."""
        found = next((status for status in await self.panes() if status.pane == pane), None)
        if found is None:
            return
        marker = f"AUTOD_SESSION={found.session}" if found.session else ""
        await processes.end_tree(0 if found.dead else found.pid, marker, grace=GRACE)
        await self.close_window(found.window)

    async def close_window(self, window: str) -> None:
        """Close a window whose program has ended; one that is gone is no error."""
        with contextlib.suppress(TmuxRefusedError, ServerGoneError):
            await self._run(("kill-window", "-t", window))

    async def _run(self, *commands: Sequence[str], line_count: LineCount | None = None) -> list[Block]:
        client = await self._client()
        if client is None:
            raise CommandFailedError("autod's tmux server is not running", hint="`autod up` starts it")
        return await client.run(*commands, line_count=line_count)

    async def _client(self) -> ControlClient | None:
        """Return the client for commands, joined; None when there is no server."""
        async with self._joining:
            if self._commands is not None and self._commands.open:
                return self._commands
            if not self._server.running():
                return None
            client = ControlClient(self._server.control_argv("no-output,ignore-size"), env=self._server.client_env())
            self._commands = client if await client.join() else None
            return self._commands


def _window_commands(launch: Launch, script: Path, index: int) -> Iterator[tuple[str, ...]]:
    """Commands that make a window and mark it in one go; the index is fixed so that the marks find their window.

    No start directory is given to tmux (it would expand formats in it): the script changes to it.
    """
    window = f"={HUB}:{index}"
    name = suggest_name(launch.workstream) or "agent"
    yield ("new-window", "-d", "-t", window, "-n", name, "/bin/sh", str(script))
    if launch.log:  # before the server reads anything from the new pane: not a byte is missed
        yield ("pipe-pane", "-t", window, f'f={shell_path(launch.log)}; cat > "$f"; : > "$f.end"')
    for option, value in (
        ("@autod_workstream", launch.workstream),
        ("@autod_session", launch.session),
        ("@autod_title", one_line(launch.title)),
        ("pane-border-status", "top"),
    ):
        yield ("set-option", "-w", "-t", window, option, value)
    yield ("list-panes", "-t", window, "-F", LIST_FORMAT)
