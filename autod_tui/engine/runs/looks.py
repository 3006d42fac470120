"""Looking at runs: plans, a task's diff, a session's log and pane."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from autod_tui.core.errors import RefusedError, UsageError
from autod_tui.core.run import RunRecord, SessionRecord, SessionState, TaskRecord
from autod_tui.core.run_plan import Isolation
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


def session_window(runs: Mapping[str, RunRecord], run: str, part: str) -> str:
    """Return the window of a session, or of the session that has a task; `run` may be the start of a run's id.

    Raises UsageError where there is no such part, RefusedError where nothing runs in it any more.
    """
    found = [one for one in runs.values() if one.id == run] or [one for one in runs.values() if one.id.startswith(run)]
    if not found:
        raise UsageError(f"no run {run!r}", hint=unknown_hint(run, list(runs), "autod run PLAN"))
    record = found[-1]
    task = record.tasks.get(part)
    session = record.sessions.get(task.session if task else part)
    if session is None and task is None:
        known = [*record.sessions, *record.tasks]
        raise UsageError(f"{record.id} has no session and no task {part!r}", hint=unknown_hint(part, known, ""))
    if session is None or not session.window or session.state is not SessionState.RUNNING:
        raise RefusedError(
            f"{part!r} has no pane to attach to", hint=f"autod log {record.id} {part} shows what was printed"
        )
    return session.window
