"""The wiring: the only file that knows every room. It builds desks, the dashboard and the demo from their parts."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shlex
import sys
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from autod_tui.adapters import Agents, GateRunner, Processes
from autod_tui.agents.profiles import load_profiles
from autod_tui.core.board import Board, make_board
from autod_tui.core.errors import RefusedError, UsageError
from autod_tui.core.plan import Plan
from autod_tui.core.state import replay
from autod_tui.core.workstream import WorkstreamRecord
from autod_tui.engine.conductor import Conductor
from autod_tui.engine.desks import BaseDesk, ConductorDesk, FollowerDesk
from autod_tui.engine.house import House
from autod_tui.engine.stream import Stream
from autod_tui.git.repository import Repository, open_repository
from autod_tui.store.follow import follow
from autod_tui.store.journal import Journal, journal_path
from autod_tui.store.lock import ConductorLock
from autod_tui.store.settings import load_plan
from autod_tui.store.workstream_files import write_workstream
from autod_tui.tmux.pane import Panes
from autod_tui.tmux.server import TmuxServer
from autod_tui.watch.files import FileWatch

WATCHING_ROLES = frozenset({"tui", "watch", "demo"})
"""Roles that stay; all others conduct for one request."""


class Parts:
    """The parts for one repository; building them starts nothing."""

    def __init__(self, start: Path) -> None:
        """Find the repository that `start` stands in and read its files."""
        self.git: Repository = open_repository(start)
        self.plan = self.load_plan()
        self.server = TmuxServer(self.git.common_dir)
        self.lock = ConductorLock(self.git.common_dir)
        self.journal = Journal(self.git.common_dir)

    def load_plan(self) -> Plan:
        """Read the configuration."""
        return load_plan(self.git.root, profiles=load_profiles(), target=_current_branch(self.git.common_dir))

    def house(self) -> House:
        """Put the ports together."""
        return House(
            stream=Stream(self.plan, self.journal, time.time),
            git=self.git,
            forecasts=self.git.forecaster(),
            panes=Panes(self.server),
            files=FileWatch(),
            processes=Processes(),
            gates=GateRunner(),
            agents=Agents(),
            write_workstream=_write_workstream,
            load_plan=self.load_plan,
            state_dir=self.git.common_dir / "autod",
            own_worktrees=own_worktrees(self.git),
            new_id=lambda: str(uuid.uuid4()),
        )

    def attach_command(self, record: WorkstreamRecord) -> str:
        """Return the shell command that attaches a plain terminal to a workstream's window."""
        self.server.ensure_terminal_session()
        return shlex.join(["env", "-u", "TMUX", "-u", "TMUX_PANE", *self.server.attach_argv(record.window)])


def own_worktrees(git: Repository) -> Path:
    """Return where autod's own worktrees of a repository lie: beside nothing of the user's."""
    state_home = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    digest = hashlib.sha256(os.fsencode(git.common_dir)).hexdigest()[:12]
    return state_home / "autod" / f"{git.root.name}-{digest}"


def _current_branch(common_dir: Path) -> str:
    """Return the branch of the main worktree, read from its HEAD file; empty when detached."""
    head = (common_dir / "HEAD").read_text(encoding="utf-8", errors="surrogateescape").strip()
    return head.removeprefix("ref: refs/heads/") if head.startswith("ref: refs/heads/") else ""


def _write_workstream(root: Path, spec: Mapping[str, str], prompt: str) -> Path:
    return write_workstream(root, prompt=prompt, **dict(spec))


@contextlib.asynccontextmanager
async def open_desk(start: Path, *, role: str) -> AsyncIterator[BaseDesk]:
    """Open the repository that holds `start`: conduct when nobody does, else follow the one who does."""
    parts = Parts(start)
    if parts.lock.try_acquire(role):
        async with _conducting(parts, role) as desk:
            yield desk
    else:
        async with _following(parts, role) as desk:
            yield desk


@contextlib.asynccontextmanager
async def _conducting(parts: Parts, role: str) -> AsyncIterator[ConductorDesk]:
    conductor = Conductor(parts.house(), role)
    serving: asyncio.Task[None] | None = None
    try:
        await conductor.begin()
        if role in WATCHING_ROLES:
            conductor.watch()
        serving = asyncio.create_task(_serve(conductor, parts.journal))
        yield ConductorDesk(conductor, parts.journal, parts.attach_command, inside=parts.server.inside())
    finally:
        if serving is not None:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
        await conductor.close()
        await _close_panes(conductor.house)
        parts.lock.release()
        parts.journal.close()


@contextlib.asynccontextmanager
async def _following(parts: Parts, role: str) -> AsyncIterator[FollowerDesk]:
    house = parts.house()
    desk = FollowerDesk(house, parts.journal, parts.journal, _Follow(parts.journal), parts.attach_command)
    tasks = [asyncio.create_task(desk.run())]
    if role in WATCHING_ROLES or role == "log":
        tasks.append(asyncio.create_task(desk.watch_panes()))
    try:
        yield desk
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await _close_panes(house)
        parts.journal.close()


async def _close_panes(house: House) -> None:
    if isinstance(house.panes, Panes):
        await house.panes.close()


class _Follow:
    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def __call__(self, after: int) -> AsyncIterator[list[object]]:  # type: ignore[override]
        return follow(self._journal, after)  # type: ignore[return-value]


async def _serve(conductor: Conductor, journal: Journal) -> None:
    """Carry out what other processes post, each in a task of its own."""
    running: set[asyncio.Task[None]] = set()

    async def carry_out(number: int, request: object) -> None:
        journal.answer(number, await conductor.handle(request))  # type: ignore[arg-type]

    def take() -> None:
        for number, request in journal.pending_requests():
            task = asyncio.create_task(carry_out(number, request))
            running.add(task)
            task.add_done_callback(running.discard)

    take()
    async for _ in follow(journal, journal.last_seq()):
        take()


def status_board(start: Path) -> Board:
    """Return what is true: from the journal while somebody conducts, else looked at once."""
    parts = Parts(start)
    if parts.lock.holder() is not None:
        return make_board(parts.plan, replay(parts.journal.read()), time.time())
    parts.journal.close()
    return asyncio.run(_survey(start))


async def _survey(start: Path) -> Board:
    async with open_desk(start, role="status") as desk:
        if isinstance(desk, ConductorDesk):
            await desk.conductor.survey()
        return desk.board()


def run_dashboard(start: Path) -> int:
    """Run the TUI in this terminal; when another conductor lets go, take over."""
    from autod_tui.tui.app import RESTART, run_tui

    while True:
        code = asyncio.run(_dashboard_once(start))
        if code != RESTART:
            return code
    _ = run_tui


async def _dashboard_once(start: Path) -> int:
    from autod_tui.tui.app import AutodApp

    async with open_desk(start, role="tui") as desk:
        app = AutodApp(desk)
        code = await app.run_async()
        return code or 0


def enter(start: Path) -> int:
    """Make or join autod's own tmux server with the TUI as its first window, and stand before it."""
    parts = Parts(start)
    parts.journal.close()
    argv = [sys.executable, "-m", "autod_tui", "dashboard"]
    parts.server.ensure_session(argv, str(parts.git.root), dict(os.environ))
    return _become(parts.server.attach_argv(), parts.server.client_env())


def attach_command(start: Path, name: str) -> list[str]:
    """Return the argv that shows a workstream's pane in this terminal."""
    parts = Parts(start)
    record = replay(parts.journal.read()).workstream(name)
    parts.journal.close()
    known = [spec.name for spec in parts.plan.workstreams]
    if name not in known and not record.window:
        raise UsageError(f"no workstream {name!r}", hint=f"known: {', '.join(known) or 'none'}")
    if not record.window or not parts.server.running():
        raise RefusedError(f"{name!r} has no pane to attach to", hint=f"autod up {name} starts it")
    parts.server.ensure_terminal_session()
    return ["env", "-u", "TMUX", "-u", "TMUX_PANE", *parts.server.attach_argv(record.window)]


def _become(argv: list[str], env: Mapping[str, str]) -> int:
    os.execvpe(argv[0], argv, dict(env))


__all__ = ["attach_command", "enter", "journal_path", "open_desk", "run_dashboard", "status_board"]
