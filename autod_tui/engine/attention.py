"""The command of `[project] notify`: run by the conductor, once for each time that somebody begins to need a person."""

from __future__ import annotations

import asyncio

from autod_tui import process
from autod_tui.core.agent_events import LimitRaised, UsageMeasured
from autod_tui.core.attention import Call, Calls
from autod_tui.core.events import Noted, Recorded
from autod_tui.core.limits import limit_reason
from autod_tui.core.run_sessions import waiting_sessions
from autod_tui.engine.house import House


class Attention:
    """Runs the command and lets it go on by itself; that it fails is noted once."""

    def __init__(self, house: House) -> None:
        """Listen to the stream of `house`; whoever waited before this conductor came has been told of."""
        self._house = house
        waiting = waiting_sessions(house.state.runs.values())
        self._calls = Calls(house.state.workstreams.values(), self._limits(), waiting)
        self._running: set[asyncio.Task[None]] = set()
        self._noted = ""
        self._stop_listening = house.stream.listen(self._heard)

    def close(self) -> None:
        """Listen no more; commands that still run go on."""
        self._stop_listening()
        for task in self._running:
            task.cancel()

    def _heard(self, entries: tuple[Recorded, ...]) -> None:
        calls = self._calls.follow(entries)
        if any(isinstance(entry.event, UsageMeasured | LimitRaised) for entry in entries):
            calls += self._calls.follow_limits(self._limits())
        for call in calls:
            if self._house.plan.project.notify:
                task = asyncio.get_running_loop().create_task(self._run(self._house.plan.project.notify, call))
                self._running.add(task)
                task.add_done_callback(self._running.discard)

    def _limits(self) -> dict[str, str]:
        """Return why the project and each workstream may use no more; empty words where they may."""
        plan, state = self._house.plan, self._house.state
        return {name: limit_reason(plan, state, name) for name in ("", *(spec.name for spec in plan.workstreams))}

    async def _run(self, command: str, call: Call) -> None:
        told = {"AUTOD_WORKSTREAM": call.name, "AUTOD_STATE": call.state, "AUTOD_REASON": call.reason}
        env = {**self._house.base_env(), **told}
        try:
            status = await process.run_apart(command, cwd=self._house.plan.project.root, env=env)
        except OSError as error:
            self._note(command, str(error))
        else:
            self._note(command, f"exit status {status}" if status else "")

    def _note(self, command: str, failure: str) -> None:
        if failure and command != self._noted:
            self._noted = command
            self._house.stream.emit(Noted(level="warning", text=f"the notify command {command!r} failed: {failure}"))
