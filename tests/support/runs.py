"""Runs on a real repository with a real tmux server; the agents are shell scripts."""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from autod_tui.core.requests import Answer, AnyRequest, StartRun
from autod_tui.core.run import RunRecord, RunState, TaskRecord
from autod_tui.engine.conductor import Conductor
from autod_tui.git.repository import open_repository
from autod_tui.tmux.pane import Panes
from autod_tui.tmux.server import TmuxServer
from tests.support.rig import IDENTITY, Rig

# The script's end waits, as real programs take a while to end: tmux drops what it has not read when one ends.
SETTINGS = """
[project]
target = "main"
agent = "script"
worktrees = "../slots/{name}"
max_sessions = 8
[agents.script]
command = ["sh", "-c", "trap 'sleep 0.05' EXIT; . \\"$0\\"", "SCRIPT"]
[gates.check]
command = "sh check.sh"
"""

REPORT = 'for t in $AUTOD_TASKS; do echo "VERDICT $t APPROVED"; done | tee -a "$AUTOD_VERDICTS"\n'
"""Approves all tasks of a session; into the file too: tmux may drop what is printed as a pane's program ends."""


class RunRig(Rig):
    """A repository whose agent is the script `agent.sh` beside it."""

    def __init__(self, directory: Path, socket: str = "") -> None:
        super().__init__(directory)
        self.script = directory / "agent.sh"
        self.server = TmuxServer(
            open_repository(self.root).common_dir, socket_name=f"autod-test-{uuid.uuid4().hex[:8]}"
        )
        self.watched: list[Conductor] = []

    def reopen(self, directory: Path, socket: str) -> None:
        """Take over a repository that another process has made."""
        self.root = directory / "re po#1"
        self.env = {**os.environ, **IDENTITY, "HOME": str(directory)}
        self.directory = directory
        self.server = TmuxServer(open_repository(self.root).common_dir, socket_name=socket)
        self.ids = itertools.count(1)
        self.watched = []

    def prepare(self, plan: str, script: str, settings: str = "") -> None:
        """Write settings, the plan `week` and the agent's script, and commit the former."""
        self.script.write_text(script)
        self.write("workstreams/week.toml", plan)
        self.declare(SETTINGS.replace("SCRIPT", str(self.script)) + settings)

    async def conduct(self) -> Conductor:
        """Conduct as a new process would: reconcile, then watch."""
        self.panes = Panes(self.server)  # type: ignore[assignment]
        conductor = self.open()
        conductor.house.new_id = lambda: str(uuid.uuid4())
        await conductor.begin()
        conductor.watch()
        self.watched.append(conductor)
        return conductor

    async def leave(self) -> None:
        """Stop conducting, as at the end of a process."""
        for conductor in self.watched:
            await conductor.close()
            await conductor.house.panes.close()  # type: ignore[attr-defined]
        self.watched.clear()

    async def close(self) -> None:
        """End everything."""
        await self.leave()
        self.server.stop()

    def conductor_process(self, *plans: str) -> subprocess.Popen[bytes]:
        """Start a process that conducts (and starts runs of `plans`) until it is killed."""
        argv = [sys.executable, "-m", "tests.support.runs", str(self.directory), self.server.socket_name, *plans]
        return subprocess.Popen(argv, cwd=Path(__file__).parents[2])

    async def ask(self, request: AnyRequest) -> Answer:
        return await self.conductor.handle(request)

    async def start(self, plan: str = "week", **options: object) -> str:
        """Start a run and return its id."""
        answer = await self.ask(StartRun(plan=plan, **options))  # type: ignore[arg-type]
        assert answer.ok, answer
        return str(answer.data["id"])

    def run(self, id: str) -> RunRecord:
        return self.conductor.house.state.runs[id]

    def task(self, id: str, task: str) -> TaskRecord:
        return self.run(id).tasks[task]

    async def until(self, done: Callable[[], bool], seconds: float = 30.0) -> None:
        """Wait until `done`, looked at whenever something happened; fail after a deadline."""
        happened = asyncio.Event()
        stop = self.conductor.house.stream.listen(lambda entries: happened.set())
        deadline = time.monotonic() + seconds
        try:
            while not done():
                happened.clear()
                async with asyncio.timeout(max(0.01, deadline - time.monotonic())):
                    await happened.wait()
        finally:
            stop()

    async def finished(self, id: str, seconds: float = 30.0) -> RunRecord:
        """Wait until a run is over and return it."""
        await self.until(lambda: self.run(id).state not in (RunState.RUNNING, RunState.PAUSED), seconds)
        return self.run(id)

    def files(self, branch: str) -> set[str]:
        return set(self.git("ls-tree", "-r", "--name-only", branch).splitlines())


async def _conduct(directory: Path, socket: str, plans: list[str]) -> None:
    rig = RunRig.__new__(RunRig)
    rig.reopen(directory, socket)
    await rig.conduct()
    for plan in plans:
        await rig.start(plan)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_conduct(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
