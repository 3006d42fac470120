"""What the engine's parts share: the stream, the ports and a few directories."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from autod_tui.core.agent_ports import AgentsPort, Followed, Sign, SignsPort
from autod_tui.core.errors import RefusedError, UsageError
from autod_tui.core.forecast_ports import ForecastPort
from autod_tui.core.git_ports import GitPort
from autod_tui.core.names import nearest
from autod_tui.core.pane_ports import PanesPort
from autod_tui.core.plan import Plan
from autod_tui.core.ports import FilesPort, GateRunnerPort, ProcessesPort
from autod_tui.core.run_plan import RunPlan
from autod_tui.core.state import State
from autod_tui.core.workstream import WorkstreamSpec
from autod_tui.engine.stream import Stream


class PlanWriter(Protocol):
    """Writes what `new` declares."""

    def __call__(self, root: Path, spec: Mapping[str, str], prompt: str) -> Path:
        """Make workstreams/NAME/ with its two files and return it; raises UsageError when it exists."""
        ...


class GrowthPort(Protocol):
    """Reads a file that another process writes to."""

    def __call__(self, path: Path, ended: asyncio.Event) -> AsyncIterator[bytes]:
        """Yield what `path` holds, then what is added, until `ended` is set and all of it was read."""
        ...


async def no_growth(path: Path, ended: asyncio.Event) -> AsyncIterator[bytes]:
    """Yield what the file holds, once the session has ended."""
    await ended.wait()
    yield await asyncio.to_thread(path.read_bytes)


class NoSigns:
    """Agents that tell nothing outside their terminal."""

    async def signs(self) -> AsyncIterator[Sign]:
        """Yield none."""
        await asyncio.Event().wait()
        yield Sign(session="")

    async def follow(self, agents: Sequence[Followed]) -> None:
        """Do nothing."""

    async def read(self, agents: Sequence[Followed]) -> list[Sign]:
        """Tell nothing."""
        return []

    async def settle(self, session: str, agent: Followed | None = None) -> Sign | None:
        """Tell nothing."""

    def forget(self, session: str) -> None:
        """Do nothing."""


@dataclass
class House:
    """The ports that the wiring put in."""

    stream: Stream
    git: GitPort
    forecasts: ForecastPort
    panes: PanesPort
    files: FilesPort
    processes: ProcessesPort
    gates: GateRunnerPort
    agents: AgentsPort
    write_workstream: PlanWriter
    load_plan: Callable[[], Plan]
    load_run_plan: Callable[[str], RunPlan]
    """Reads a plan of tasks by its name; raises UsageError or SettingsError."""
    state_dir: Path
    """`autod/` in the git common directory: logs, setup marks."""
    own_worktrees: Path
    """Where autod's own worktrees lie, outside the repository."""
    new_id: Callable[[], str]
    run_plans: Callable[[], tuple[str, ...]] = tuple
    """Returns the names of the plans of tasks."""
    signs: SignsPort = field(default_factory=NoSigns)
    growth: GrowthPort = no_growth
    """Reads a session's log as it grows."""
    stopping: set[str] = field(default_factory=set)
    """Workstreams whose agents are being ended as somebody wished: how they end is no news."""
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def conflict_worktree(self, checkpoint: str) -> str:
        """Return the worktree of autod's own in which the conflicts of a checkpoint's merge are laid out."""
        return str(self.own_worktrees / f"conflicts-{checkpoint}")

    @property
    def plan(self) -> Plan:
        """The plan in force."""
        return self.stream.plan

    @property
    def state(self) -> State:
        """The state at this moment."""
        return self.stream.state

    def specs(self, names: tuple[str, ...]) -> tuple[WorkstreamSpec, ...]:
        """Return the named workstreams, all for no names; UsageError names the nearest known one."""
        if not names:
            return self.plan.workstreams
        known = [spec.name for spec in self.plan.workstreams]
        for name in names:
            if name not in known:
                raise UsageError(f"no workstream {name!r}", hint=unknown_hint(name, known, "autod new"))
        return tuple(spec for spec in self.plan.workstreams if spec.name in names)

    def base_env(self) -> dict[str, str]:
        """Return the environment for agents and gates: ours without git's and tmux's own variables."""
        dropped = ("GIT_", "TMUX", "AUTOD_", "LINES", "COLUMNS", "STY", "TEXTUAL")
        return {name: value for name, value in self.environ.items() if not name.startswith(dropped)}


def unknown_hint(word: str, known: list[str], otherwise: str) -> str:
    """Return a hint with the nearest known word, or what there is."""
    near = nearest(word, known)
    if near:
        return f"did you mean {near!r}?"
    return f"known: {', '.join(known)}" if known else f"there are none yet: {otherwise} makes one"


def refuse(reasons: tuple[str, ...], hint: str = "") -> None:
    """Raise RefusedError with all reasons when there are any."""
    if reasons:
        raise RefusedError("; ".join(reasons), hint=hint)
