"""A stage: an actor in a real pane under autod's vigil, and the time of all that it does and that autod says."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from autod_tui.adapters import Agents
from autod_tui.agents.profiles import load_profiles
from autod_tui.agents.signs import Signs
from autod_tui.core import events as ev
from autod_tui.core.events import Event, Recorded
from autod_tui.core.pane_ports import Launch, Screen
from autod_tui.core.plan import AgentProfile, Plan, Project
from autod_tui.core.ports import FilesPort
from autod_tui.core.workstream import WorkstreamState
from autod_tui.engine.house import House
from autod_tui.engine.stream import Stream
from autod_tui.engine.vigil import Vigil
from autod_tui.inotify import Unavailable
from autod_tui.tmux.pane import Panes
from autod_tui.tmux.server import TmuxServer
from autod_tui.watch.files import FileWatch
from autod_tui.watch.spots import Spots

PATIENCE = 20.0
ACTOR = Path(__file__).with_name("actor.py")
NAME = "actor"
LATE = 1.0
"""Seconds after a change within which the state has to be right."""


class Memory:
    """A journal in memory."""

    def __init__(self) -> None:
        self.entries: list[Recorded] = []

    def append(self, events: Sequence[Event]) -> list[Recorded]:
        """Take events, dated now."""
        first = len(self.entries) + 1
        new = [Recorded(seq=first + at, at=time.time(), event=event) for at, event in enumerate(events)]
        self.entries += new
        return new

    def read(self, after: int = 0) -> list[Recorded]:
        """Return those after a number."""
        return [entry for entry in self.entries if entry.seq > after]


@dataclass
class Scene:
    """What the actor did, and what became of it."""

    cue: Mapping[str, Any]
    wanted: WorkstreamState
    delay: float | None = None
    """Seconds from the deed to the right state; None when that never came."""


@dataclass
class Stage:
    """The actor, and the vigil that watches it."""

    directory: Path
    panes: Panes
    profile: AgentProfile
    scenes: list[Scene] = field(default_factory=list)
    states: list[tuple[float, WorkstreamState, str]] = field(default_factory=list)
    """Every state that autod told, with its time and reason."""
    _played: int = 0

    def __post_init__(self) -> None:
        """Build the house around it."""
        self.stream = Stream(
            Plan(project=Project(root="/r", target="main"), agents={NAME: self.profile}), Memory(), time.time
        )
        missing: Any = None
        self.house = House(
            stream=self.stream,
            git=missing,
            forecasts=missing,
            panes=self.panes,
            files=missing,
            processes=missing,
            gates=missing,
            agents=Agents(),
            write_workstream=missing,
            load_plan=missing,
            load_run_plan=missing,
            state_dir=self.directory,
            own_worktrees=self.directory,
            new_id=lambda: "id",
            signs=Signs(self.directory / "spool", _watch),
            environ={"HOME": str(self.directory), "PATH": os.environ["PATH"]},
        )
        self.vigil = Vigil(self.house)
        self._news = asyncio.Event()
        self.stream.listen(self._heard)
        os.mkfifo(self.directory / "cues")

    async def begin(self, *, wrapped: bool = False) -> None:
        """Start the actor, below a shell that outlives it when `wrapped`, and wait until autod hears it."""
        argv = [sys.executable, str(ACTOR)]
        if wrapped:
            argv = ["sh", "-c", f"{sys.executable} {ACTOR}; exec sleep 1000"]
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.directory),
            "LANG": "C.UTF-8",
            "ACTOR_SPOOL": str(self.directory / "spool" / "s1"),
            "ACTOR_CUES": str(self.directory / "cues"),
            "ACTOR_PLAYED": str(self.directory / "played"),
        }
        launch = Launch(
            workstream=NAME, session="s1", title="An actor", argv=tuple(argv), cwd=str(self.directory), env=env
        )
        pane = await self.panes.start(launch)
        self.pane = pane
        self.stream.emit(
            ev.AgentStarted(
                name=NAME, session="s1", agent=NAME, model="", window=pane.window, pane=pane.pane, pid=pane.pid
            )
        )
        self._watching = asyncio.create_task(self.vigil.run())
        self._cues = await asyncio.to_thread(open, self.directory / "cues", "w", buffering=1)

    async def play(self, wanted: str, **cue: Any) -> Scene:
        """Have a cue played and wait until autod says `wanted`, or for twice the time that it has."""
        scene = Scene(cue, WorkstreamState(wanted))
        self._cues.write(json.dumps({"id": len(self.scenes), **cue}) + "\n")
        self.scenes.append(scene)
        return await self._awaited(scene)

    async def play_unwatched(self, wanted: str, **cue: Any) -> Scene:
        """Have a cue played while nobody watches, and wait until a new vigil says `wanted`."""
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)
        self.vigil.close()
        scene = Scene(cue, WorkstreamState(wanted))
        self._cues.write(json.dumps({"id": len(self.scenes), **cue}) + "\n")
        self.scenes.append(scene)
        await self._time_of(len(self.scenes) - 1)
        self.vigil = Vigil(self.house)
        self._watching = asyncio.create_task(self.vigil.run())
        return await self._awaited(scene)

    async def _awaited(self, scene: Scene) -> Scene:
        at = await self._time_of(len(self.scenes) - 1)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, at + PATIENCE - time.time())):
                while self.state is not scene.wanted:
                    self._news.clear()
                    await self._news.wait()
        if self.state is scene.wanted:
            scene.delay = max(0.0, self.states[-1][0] - at) if self.states else 0.0
        return scene

    async def looked(self, times: int) -> None:
        """Wait until autod has looked at the actor's screen so many times more."""
        looks, capture = asyncio.Semaphore(0), self.panes.capture

        async def counted(pane: str, *, history: int = 0) -> Screen:
            seen = await capture(pane, history=history)
            looks.release()
            return seen

        self.panes.capture = counted  # type: ignore[method-assign]
        async with asyncio.timeout(PATIENCE):
            for _ in range(times):
                await looks.acquire()
        self.panes.capture = capture  # type: ignore[method-assign]

    async def end(self) -> None:
        """Watch no more."""
        self._cues.close()
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)

    @property
    def state(self) -> WorkstreamState:
        """What autod says now."""
        return self.house.state.workstream(NAME).state

    @property
    def right(self) -> float:
        """The share of all changes after which the state was right in time."""
        return sum(1 for one in self.scenes if one.delay is not None and one.delay <= LATE) / len(self.scenes)

    async def _time_of(self, number: int) -> float:
        """Return when a cue was played; it is written down once it was."""
        played = self.directory / "played"
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            lines = played.read_text().splitlines() if played.exists() else []
            if len(lines) > number:
                return float(json.loads(lines[number])["at"])
            await asyncio.sleep(0.002)
        raise TimeoutError(f"cue {number} was not played")

    def _heard(self, entries: tuple[Recorded, ...]) -> None:
        for entry in entries:
            if isinstance(entry.event, ev.StateChanged):
                self.states.append((entry.at, entry.event.state, entry.event.reason))
        self._news.set()


def _watch() -> FilesPort:
    try:
        return Spots()
    except Unavailable:
        return FileWatch(debounce=0.02)


def actor_profile(family: str, **changes: Any) -> AgentProfile:
    """Return a built-in profile for an actor, whose status file lies in its home."""
    profile = load_profiles()[family]
    status_file = "~/sessions/{pid}.json" if profile.status_file else ""
    return msgspec.structs.replace(profile, status_file=status_file, records="", **changes)


@contextlib.asynccontextmanager
async def stage(directory: Path, family: str, *, wrapped: bool = False, **changes: Any) -> AsyncIterator[Stage]:
    """Open a stage on a tmux server of its own; TMUX_TMPDIR has to be private."""
    server = TmuxServer(directory / "repo" / ".git")
    panes = Panes(server)
    one = Stage(directory, panes, actor_profile(family, **changes))
    try:
        await one.begin(wrapped=wrapped)
        yield one
    finally:
        await one.end()
        await panes.close()
        server.stop()
