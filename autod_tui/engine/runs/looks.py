"""Looking at runs: plans, a task's diff, a session's log and pane."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from autod_tui.core.errors import UsageError
from autod_tui.core.run import Isolation, RunRecord, SessionRecord, SessionState, TaskRecord
from autod_tui.engine.house import House, unknown_hint
from autod_tui.engine.moves import HEADS


class RunLooks:
    """Reads what is asked; changes nothing."""

    def __init__(self, house: House) -> None:
        """Read through the ports of `house`."""
        self._house = house

    def run(self, id: str) -> RunRecord:
        """Return a run; UsageError names the nearest one."""
        runs = self._house.state.runs
        if id not in runs:
            raise UsageError(f"no run {id!r}", hint=unknown_hint(id, list(runs), "autod run PLAN"))
        return runs[id]

    def session(self, run: str, id: str) -> SessionRecord:
        """Return a session of a run; UsageError names the nearest one."""
        known = self.run(run).sessions
        if id not in known:
            raise UsageError(f"{run} has no session {id!r}", hint=unknown_hint(id, list(known), f"autod resume {run}"))
        return known[id]

    async def diff(self, run: str, task: str) -> str:
        """Return what the sessions of a task changed; empty when none has left a commit."""
        record = self.run(run)
        if task not in record.tasks:
            known = list(record.tasks)
            raise UsageError(f"{run} has no task {task!r}", hint=unknown_hint(task, known, f"autod add {run} TASK"))
        found = record.tasks[task]
        if not found.head:
            return ""
        base = _lane_base(record, found)
        into = await self._house.git.resolve(HEADS + record.plan.into) or record.base_oid
        return await self._house.git.diff_of(found.head, into, base)

    async def output(self, run: str, session: str, *, follow: bool = True) -> AsyncIterator[bytes]:
        """Yield a session's log, then with `follow` what is added to it, until the session has ended."""
        record = self.session(run, session)
        if not record.log:
            return
        ended = asyncio.Event()

        def look(*_: object) -> None:
            if not follow or self.session(run, session).state is not SessionState.RUNNING:
                ended.set()

        stop_listening = self._house.stream.listen(look)
        try:
            look()
            async for piece in self._house.growth(Path(record.log), ended):
                yield piece
        finally:
            stop_listening()


def _lane_base(run: RunRecord, task: TaskRecord) -> str:
    """Return where a shared lane was before the task's first session; empty where each session has its own branch."""
    if run.plan.isolation is not Isolation.SHARED:
        return ""
    return next((one.base_oid for one in run.sessions.values() if task.id in one.tasks and one.base_oid), "")
