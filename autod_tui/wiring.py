"""The wiring: desks, the dashboard and the demo, built from the parts of a repository.

What only some commands need is imported where it is used: every import here delays the first frame and `autod status`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from autod_tui import process
from autod_tui.adapters import Processes
from autod_tui.agents.profiles import load_profiles
from autod_tui.core.board import Board, make_board
from autod_tui.core.errors import AutodError, EnvironmentUnfitError, RefusedError, UsageError
from autod_tui.core.plan import AgentProfile
from autod_tui.core.replay import replay
from autod_tui.core.requests import Up
from autod_tui.core.run import RunRecord
from autod_tui.engine.conductor import Conductor
from autod_tui.engine.desks import BaseDesk, ConductorDesk, FollowerDesk
from autod_tui.engine.guests import with_guests
from autod_tui.engine.house import House
from autod_tui.engine.runs.looks import session_window
from autod_tui.engine.service import Service
from autod_tui.git.repository import open_repository
from autod_tui.git.scratch import removed_when_ended
from autod_tui.parts import Parts, own_worktrees
from autod_tui.reading import current_branch
from autod_tui.store.follow import woken
from autod_tui.store.lock import ConductorLock, Holder
from autod_tui.store.settings import load_agents, user_agents_file
from autod_tui.tmux.pane import Panes
from autod_tui.tmux.server import TmuxServer
from autod_tui.unwinding import unwind_when_ended

WATCHING_ROLES = frozenset({"tui", "watch", "log", "demo", "run"})
"""Roles that stay; all others conduct for one request."""


def known_agents(start: Path) -> Mapping[str, AgentProfile]:
    """Return the agents that `start` may use: those of its repository, else those of the user and the built-in ones.

    Raises SettingsError when files that declare agents are wrong.
    """
    try:
        root = open_repository(start).root
    except EnvironmentUnfitError:
        return load_agents(load_profiles(), user_agents_file(os.environ))
    return load_agents(load_profiles(), user_agents_file(os.environ), root)


@contextlib.asynccontextmanager
async def open_desk(start: Path, *, role: str) -> AsyncIterator[BaseDesk]:
    """Open the repository that holds `start`: conduct when nobody does, else follow the one who does."""
    removed_when_ended()
    parts = Parts(start, undeclared_ok=role == "new")
    conducting = parts.lock.try_acquire(Holder(pid=os.getpid(), role=role))
    try:
        async with _conducting(parts, role) if conducting else _following(parts, role) as desk:
            yield desk
    finally:
        parts.journal.close()


@contextlib.asynccontextmanager
async def _conducting(parts: Parts, role: str) -> AsyncIterator[BaseDesk]:
    """Conduct (the lock is held); what others posted is carried out before the lock is let go of."""
    conductor = Conductor(parts.house(), role)
    try:
        await conductor.begin()
        if role in WATCHING_ROLES:
            conductor.watch()
        async with _serving(conductor, parts):
            yield ConductorDesk(conductor, parts.journal, parts.attach_command, inside=parts.server.inside())
    finally:
        await conductor.close()
        await _close_panes(conductor.house)
        if role == "down":
            parts.server.stop_if_empty()
        parts.lock.release()


@contextlib.asynccontextmanager
async def _serving(conductor: Conductor, parts: Parts) -> AsyncIterator[None]:
    service = Service(conductor, parts.journal, lambda: woken(parts.journal))
    # What is posted during a mere look is carried out at its end, so that looking needs no file watch.
    running = asyncio.create_task(asyncio.sleep(0) if conductor.role == "status" else service.run())
    try:
        yield
        if conductor.role not in WATCHING_ROLES:  # a person who leaves the dashboard does not wait for others
            await service.finish()
            await conductor.finish()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await service.stop()


@contextlib.asynccontextmanager
async def _following(parts: Parts, role: str) -> AsyncIterator[BaseDesk]:
    house = parts.house()
    desk = FollowerDesk(house, parts.journal, parts.journal, lambda: woken(parts.journal), parts.attach_command)
    tasks = [asyncio.create_task(desk.run())]
    if role in WATCHING_ROLES:
        tasks.append(asyncio.create_task(desk.watch_panes()))
    leaving = asyncio.Event()
    heir = asyncio.create_task(_succeed(parts, role, leaving)) if role != "tui" else None  # the TUI opens a new desk
    try:
        yield desk
        leaving.set()
        if heir is not None and parts.lock.held:
            await heir
    finally:
        for task in (*tasks, *([heir] if heir else [])):
            task.cancel()
        await asyncio.gather(*tasks, *([heir] if heir else []), return_exceptions=True)
        await _close_panes(house)


async def _succeed(parts: Parts, role: str, leaving: asyncio.Event) -> None:
    """Conduct as soon as the present conductor lets go or dies, until `leaving`: nobody shall wait for an answer."""
    await parts.lock.wait_released()
    while not parts.lock.try_acquire(Holder(pid=os.getpid(), role=role)):
        await parts.lock.wait_released()
    async with _conducting(parts, role):
        await leaving.wait()


async def _close_panes(house: House) -> None:
    if isinstance(house.panes, Panes):
        await house.panes.close()


def status_board(start: Path) -> Board:
    """Return what is true: from the journal while somebody conducts, else looked at once."""
    parts = Parts(start)
    if parts.lock.holder() is not None:
        state = replay(parts.journal.read())
        return make_board(parts.plan, with_guests(Processes(), parts.plan, state), time.time())
    parts.journal.close()
    return asyncio.run(_survey(start))


async def _survey(start: Path) -> Board:
    async with open_desk(start, role="status") as desk:
        if isinstance(desk, ConductorDesk):
            await desk.conductor.survey()
        return desk.board()


def _own_argv(verb: str) -> list[str]:
    """Return the command of a window of autod's own; no file of the repository there is taken for a module."""
    return [sys.executable, "-P", "-m", "autod_tui", verb]


def enter(start: Path) -> int:
    """Make or join autod's own tmux server with the TUI as its first window, and stand before it."""
    parts = Parts(start)
    parts.journal.close()
    parts.server.ensure_session(_own_argv("dashboard"), str(parts.git.root), dict(os.environ))
    return process.become(parts.server.attach_argv(), parts.server.client_env())


def carry_on(start: Path) -> None:
    """Have a process in autod's own tmux server conduct until no run goes on."""
    parts = Parts(start)
    parts.journal.close()
    parts.server.ensure_window("runs", _own_argv("carry-on"), str(parts.git.root), dict(os.environ))


def export_run(run: RunRecord, directory: Path) -> list[Path]:
    """Write a run's tracker and records into `directory` (new or empty) and return the files."""
    from autod_tui.store.run_export import write_export

    return write_export(run, directory)


async def conductor_gone(start: Path) -> None:
    """Return as soon as nobody conducts the repository that holds `start`."""
    await ConductorLock(open_repository(start).common_dir).wait_released()


def attach_command(start: Path, name: str, part: str = "") -> list[str]:
    """Return the argv that shows a workstream's pane, or that of session `part` of a run, in this terminal."""
    parts = Parts(start)
    state = replay(parts.journal.read())
    parts.journal.close()
    if part:
        window = session_window(state.runs, name, part)
        if not parts.server.running():
            raise RefusedError(f"{part!r} has no pane any more", hint=f"autod log {name} {part} shows what it printed")
        parts.server.ensure_terminal_session()
        return ["env", "-u", "TMUX", "-u", "TMUX_PANE", *parts.server.attach_argv(window)]
    record = state.workstream(name)
    known = [spec.name for spec in parts.plan.workstreams]
    if name not in known and not record.window:
        raise UsageError(f"no workstream {name!r}", hint=f"known: {', '.join(known) or 'none'}")
    if not record.window or not parts.server.running():
        raise RefusedError(f"{name!r} has no pane to attach to", hint=f"autod up {name} starts it")
    parts.server.ensure_terminal_session()
    return ["env", "-u", "TMUX", "-u", "TMUX_PANE", *parts.server.attach_argv(record.window)]


def init(start: Path) -> list[Path]:
    """Write the files that are missing for this repository and return them."""
    from autod_tui.store.writing import init_files

    git = open_repository(start)
    target = current_branch(git.common_dir) or "main"
    return [git.root / name for name in init_files(git.root, target=target)]


def play_demo(directory: Path | None, *, headless: bool, emit: Callable[[dict[str, Any]], None]) -> int:
    """Play the demo in `directory` (kept), or in one that is removed afterwards."""
    from autod_tui.demo.sample import make_sample

    thrown_away = directory is None
    with contextlib.ExitStack() as cleanup:
        if directory is None:
            directory = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="autod-demo-"))) / "paperflow"
        directory.parent.mkdir(parents=True, exist_ok=True)
        make_sample(directory)
        server = TmuxServer(open_repository(directory).common_dir)
        cleanup.callback(shutil.rmtree, own_worktrees(open_repository(directory)), ignore_errors=True)
        cleanup.callback(server.stop)
        if headless:
            return asyncio.run(_play(directory, emit))
        if thrown_away:
            unwind_when_ended()  # nobody would find a throw-away repository again, nor end its agents
        return _show_demo(directory, server)


async def _play(directory: Path, emit: Callable[[dict[str, Any]], None]) -> int:
    from autod_tui.demo.play import play

    async with open_desk(directory, role="demo") as desk:
        return await play(desk, emit)


def _show_demo(directory: Path, server: TmuxServer) -> int:
    """Start the agents and stand before the dashboard; a kept demo outlives a terminal that only closes."""
    asyncio.run(_up_all(directory))
    server.ensure_session(_own_argv("dashboard"), str(directory), dict(os.environ))
    return process.run_in_front(server.attach_argv(), env=server.client_env())


async def _up_all(directory: Path) -> None:
    async with open_desk(directory, role="up") as desk:
        answer = await desk.ask(Up())
        if not answer.ok:
            raise AutodError(answer.message, hint=answer.hint)
