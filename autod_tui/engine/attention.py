"""The command of `[project] notify`: run by the conductor, once for each time that somebody begins to need a person."""

from __future__ import annotations

import asyncio

from autod_tui import process
from autod_tui.core.attention import Call, Calls
from autod_tui.core.events import Noted, Recorded
from autod_tui.engine.house import House


class Attention:
    """Runs the command and lets it go on by itself; that it fails is noted once."""

    def __init__(self, house: House) -> None:
        """Listen to the stream of `house`; whoever waited before this conductor came has been told of."""
        self._house = house
        self._calls = Calls(house.state.workstreams.values())
        self._running: set[asyncio.Task[None]] = set()
        self._noted = ""
        self._stop_listening = house.stream.listen(self._heard)

    def close(self) -> None:
        """Listen no more; commands that still run go on."""
        self._stop_listening()
        for task in self._running:
            task.cancel()

    def _heard(self, entries: tuple[Recorded, ...]) -> None:
        for call in self._calls.follow(entries):
            if self._house.plan.project.notify:
                task = asyncio.get_running_loop().create_task(self._run(self._house.plan.project.notify, call))
                self._running.add(task)
                task.add_done_callback(self._running.discard)

    async def _run(self, command: str, call: Call) -> None:
        told = {"AUTOD_WORKSTREAM": call.name, "AUTOD_STATE": call.state.value, "AUTOD_REASON": call.reason}
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
