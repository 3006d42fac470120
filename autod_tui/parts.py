"""The parts: all rooms put together behind the engine's ports, for one repository.

What only some commands need is imported where it is used: every import here delays `autod status`.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from autod_tui.adapters import Agents, GateRunner, Processes
from autod_tui.agents.signs import Signs
from autod_tui.core.events import Noted
from autod_tui.core.plan import AgentProfile, Plan
from autod_tui.core.ports import FilesPort
from autod_tui.core.run_plan import RunPlan
from autod_tui.core.workstream import WorkstreamRecord
from autod_tui.engine.house import House
from autod_tui.engine.stream import Stream
from autod_tui.git.repository import Repository, open_repository
from autod_tui.reading import read_plan
from autod_tui.store.growth import growth
from autod_tui.store.journal import Journal
from autod_tui.store.lock import ConductorLock
from autod_tui.store.user_state import state_directory
from autod_tui.tmux.pane import Panes
from autod_tui.tmux.server import TmuxServer
from autod_tui.watch.files import FileWatch


class Parts:
    """The parts for one repository; building them starts nothing."""

    def __init__(self, start: Path, *, undeclared_ok: bool = False, agent: AgentProfile | None = None) -> None:
        """Find the repository that `start` stands in and read its files; `undeclared_ok` as in `plan_problems`.

        With `agent` that one does the work, whatever files say of agents.
        """
        self._undeclared_ok = undeclared_ok
        self._agent = agent
        self.git: Repository = open_repository(start)
        self.plan = self.load_plan()
        self.server = TmuxServer(self.git.common_dir)
        self.lock = ConductorLock(self.git.common_dir)
        self.journal = Journal(self.git.common_dir)

    def load_plan(self) -> Plan:
        """Read the configuration."""
        plan = read_plan(self.git.root, self.git.common_dir, undeclared_ok=self._undeclared_ok)
        return plan if self._agent is None else _worked_by(plan, self._agent)

    def house(self) -> House:
        """Put the ports together."""
        stream = Stream(self.plan, self.journal, time.time)

        def note(text: str) -> None:
            stream.emit(Noted(level="warning", text=text))

        return House(
            stream=stream,
            git=self.git,
            forecasts=self.git.forecaster(),
            panes=Panes(self.server),
            files=FileWatch(note=note),
            processes=Processes(),
            gates=GateRunner(),
            signs=Signs(self.git.common_dir / "autod" / "spool", lambda: _spots(note)),
            agents=Agents(self.git.common_dir / "autod" / "spool"),
            write_workstream=_write_workstream,
            load_plan=self.load_plan,
            load_run_plan=lambda name: _load_run_plan(self.git.root, name, stream.plan),
            run_plans=lambda: _run_plan_names(self.git.root),
            growth=growth,
            state_dir=self.git.common_dir / "autod",
            own_worktrees=own_worktrees(self.git),
            new_id=lambda: str(uuid.uuid4()),
        )

    def attach_command(self, record: WorkstreamRecord) -> str:
        """Return the shell command that attaches a plain terminal to a workstream's window."""
        self.server.ensure_terminal_session()
        return shlex.join(["env", "-u", "TMUX", "-u", "TMUX_PANE", *self.server.attach_argv(record.window)])


def _spots(note: Callable[[str], None]) -> FilesPort:
    """Watch a few directories without delay where the system can, else by what watches worktrees."""
    from autod_tui.inotify import Unavailable
    from autod_tui.watch.spots import Spots

    try:
        return Spots(note=note)
    except Unavailable:
        return FileWatch(debounce=0.02, note=note)


def _worked_by(plan: Plan, agent: AgentProfile) -> Plan:
    workstreams = tuple(msgspec.structs.replace(spec, agent=agent.name) for spec in plan.workstreams)
    project = msgspec.structs.replace(plan.project, agent=agent.name)
    return msgspec.structs.replace(plan, project=project, agents={agent.name: agent}, workstreams=workstreams)


def own_worktrees(git: Repository) -> Path:
    """Return where autod's own worktrees of a repository lie: beside nothing of the user's."""
    digest = hashlib.sha256(os.fsencode(git.common_dir)).hexdigest()[:12]
    return state_directory(os.environ) / f"{git.root.name}-{digest}"


def _load_run_plan(root: Path, name: str, plan: Plan) -> RunPlan:
    from autod_tui.store.plan_files import load_run_plan

    return load_run_plan(root, name, plan)


def _run_plan_names(root: Path) -> tuple[str, ...]:
    from autod_tui.store.plan_files import run_plan_names

    return run_plan_names(root)


def _write_workstream(root: Path, spec: Mapping[str, str], prompt: str) -> Path:
    from autod_tui.store.writing import write_workstream

    settings, _ = write_workstream(root, prompt=prompt, **spec)  # type: ignore[arg-type]
    return settings.parent
