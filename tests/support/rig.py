"""A conductor on a real repository with real gates, and panes that only remember what they were told."""

from __future__ import annotations

import itertools
import os
import subprocess
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import msgspec

from autod_tui.adapters import Agents, GateRunner, Processes
from autod_tui.agents.profiles import load_profiles
from autod_tui.core.checkpoint import ApprovedPlan, MergePlan, RollbackPlan
from autod_tui.core.pane_ports import Launch, PaneEvent, PaneStatus, Screen
from autod_tui.core.requests import Answer, Merge, PlanMerge, PlanRollback, Rollback
from autod_tui.engine.conductor import Conductor
from autod_tui.engine.house import House
from autod_tui.engine.stream import Stream
from autod_tui.git.repository import open_repository
from autod_tui.store.journal import Journal
from autod_tui.store.plan_files import load_run_plan
from autod_tui.store.settings import load_plan

IDENTITY = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
}


class FakePanes:
    """Panes in memory: faithful to the port, without a program in them."""

    def __init__(self) -> None:
        self.launches: list[Launch] = []
        self.pasted: list[tuple[str, str]] = []
        self.alive: dict[str, PaneStatus] = {}

    async def start(self, launch: Launch) -> PaneStatus:
        number = len(self.launches) + 1
        self.launches.append(launch)
        pane = PaneStatus(
            pane=f"%{number}", window=f"@{number}", workstream=launch.workstream, session=launch.session, pid=0
        )
        self.alive[pane.pane] = pane
        return pane

    async def panes(self) -> list[PaneStatus]:
        return list(self.alive.values())

    async def events(self) -> AsyncIterator[PaneEvent]:
        return
        yield

    async def paste(self, pane: str, text: str, *, submit: bool) -> None:
        self.pasted.append((self.alive[pane].workstream, text))

    async def keys(self, pane: str, data: bytes) -> None: ...

    async def named_key(self, pane: str, name: str) -> None: ...

    async def capture(self, pane: str, *, history: int = 0) -> Screen:
        return Screen(lines=("ready",))

    async def resize(self, window: str, columns: int, rows: int) -> None: ...

    async def watch_output(self, panes: Sequence[str]) -> None: ...

    async def select(self, window: str) -> None: ...

    async def close_window(self, window: str) -> None: ...

    async def kill(self, pane: str) -> None:
        self.alive.pop(pane, None)


class NoFiles:
    """A file watch that never tells anything."""

    async def changes(self) -> AsyncIterator[frozenset[str]]:
        return
        yield

    async def watch(self, paths: Mapping[str, str]) -> None: ...


class Rig:
    """One repository with a conductor."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "re po#1"
        self.root.mkdir(parents=True)
        self.env = {**os.environ, **IDENTITY, "HOME": str(directory)}
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "A")
        self.git("config", "user.email", "a@example.org")
        self.write("base.txt", "".join(f"line {n}\n" for n in range(1, 21)))
        self.panes = FakePanes()
        self.ids = itertools.count(1)
        self.directory = directory

    def git(self, *words: str, cwd: Path | None = None) -> str:
        done = subprocess.run(
            ["git", *words], cwd=cwd or self.root, env=self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"git {words}: {done.stderr}"
        return done.stdout.rstrip("\n")

    def write(self, name: str, text: str, cwd: Path | None = None) -> None:
        path = (cwd or self.root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def declare(self, settings: str, *names: str) -> None:
        """Write autod.toml and one STARTUP.md per name, and commit all."""
        self.write("autod.toml", settings)
        for name in names:
            self.write(f"workstreams/{name}/STARTUP.md", f"# {name}\n")
        self.git("add", "-A")
        self.git("commit", "-qm", "base")

    def open(self) -> Conductor:
        """Build a conductor as a new process would."""
        repository = open_repository(self.root)

        def plan():
            return load_plan(self.root, profiles=load_profiles(), target="main")

        self.journal = Journal(repository.common_dir)
        house = House(
            stream=Stream(plan(), self.journal, time.time),
            git=repository,
            forecasts=repository.forecaster(),
            panes=self.panes,
            files=NoFiles(),
            processes=Processes(),
            gates=GateRunner(),
            agents=Agents(),
            write_workstream=lambda root, spec, prompt: root,
            load_plan=plan,
            load_run_plan=lambda name: load_run_plan(self.root, name, plan()),
            state_dir=repository.common_dir / "autod",
            own_worktrees=self.directory / "own",
            new_id=lambda: f"id-{next(self.ids)}",
            environ=self.env,
        )
        self.conductor = Conductor(house, "test")
        return self.conductor

    def worktree(self, name: str) -> Path:
        return Path(self.conductor.house.state.workstream(name).worktree)

    def commit(self, name: str, path: str, text: str, message: str = "work") -> str:
        """Commit a file in a workstream's worktree."""
        worktree = self.worktree(name)
        self.write(path, text, worktree)
        self.git("add", "-f", path, cwd=worktree)
        self.git("commit", "-qm", message, cwd=worktree)
        return self.git("rev-parse", "HEAD", cwd=worktree)

    async def plan_merge(self, name: str, *leave_out: str) -> MergePlan:
        answer = await self.conductor.handle(PlanMerge(checkpoint=name, leave_out=leave_out))
        assert answer.ok, answer
        return msgspec.convert(answer.data["plan"], MergePlan)

    async def merge(self, name: str, *leave_out: str, commit: tuple[str, ...] = ()) -> Answer:
        plan = await self.plan_merge(name, *leave_out)
        return await self.conductor.handle(Merge(approved=ApprovedPlan(plan, commit)))

    async def roll_back(self, name: str) -> Answer:
        answer = await self.conductor.handle(PlanRollback(checkpoint=name))
        if not answer.ok:
            return answer
        plan = msgspec.convert(answer.data["plan"], RollbackPlan)
        return await self.conductor.handle(Rollback(plan=plan))
