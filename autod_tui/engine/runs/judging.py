"""Judging: what a session left becomes a verdict on each of its tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from autod_tui.core import run_events as ev
from autod_tui.core.checkpoint import GateResult, GateState
from autod_tui.core.events import Event
from autod_tui.core.run import By, RunRecord, SessionRecord, TaskSpec, TaskVerdict, Verdict
from autod_tui.engine.gates import Gates, read_tail
from autod_tui.engine.house import House
from autod_tui.engine.runs.sessions import Left
from autod_tui.engine.runs.verdicts import Said, plain, read_verdicts, settle

SHOWN_LINES = 20
SHOWN_CHARACTERS = 4000


class Judging:
    """Gives the verdicts of agents and gates."""

    def __init__(self, house: House) -> None:
        """Judge in a worktree of its own, apart from that of the checkpoints."""
        self._house = house
        self._gates = Gates(house, "gates-of-runs")
        self._alone = asyncio.Lock()

    async def judge_session(self, run: RunRecord, session: SessionRecord, left: Left, failure: str) -> list[Event]:
        """Return a `TaskJudged` for each task of a session that ended; `failure` says why it failed, if it did."""
        stage = run.plan.stage(session.stage)
        tasks = [run.plan.task(id) for id in session.tasks]
        head = left.head or session.base_oid
        counted = await self._counted(head, tasks)
        if failure:
            failure = with_tail(failure, left.output)
        said = settle(tasks, _said(left, session.tasks), counted, failure)
        by = dict.fromkeys(said, By.AGENT)
        if not failure and stage.gates and head:
            red = await self.red_gate(run, stage.name, head)
            if red:
                said = {id: Said(Verdict.NEEDS_WORK, red) for id in said}
                by = dict.fromkeys(said, By.GATES)
        now = self._house.stream.clock()
        return [
            ev.TaskJudged(
                run=run.id,
                task=task.id,
                verdict=TaskVerdict(
                    stage=stage.name,
                    verdict=said[task.id].verdict,
                    reason=said[task.id].reason,
                    session=session.id,
                    by=by[task.id],
                    at=now,
                ),
                again=bool(failure),
                size=sum(counted.get(path, 0) for path in task.outputs),
            )
            for task in tasks
        ]

    async def judge_by_gates(self, run: RunRecord, stage: str, id: str, session: str = "") -> ev.TaskJudged:
        """Run a stage's gates on a task's work and return the verdict."""
        task = run.plan.task(id)
        head = await self.head_of(run, id)
        red = await self.red_gate(run, stage, head)
        counted = await self._counted(head, [task])
        said = settle([task], {id: Said(Verdict.NEEDS_WORK, red) if red else Said(Verdict.APPROVED)}, counted, "")[id]
        verdict = TaskVerdict(
            stage=stage,
            verdict=said.verdict,
            reason=said.reason,
            session=session,
            by=By.GATES,
            at=self._house.stream.clock(),
        )
        return ev.TaskJudged(
            run=run.id,
            task=id,
            verdict=verdict,
            size=sum(counted.get(path, 0) for path in task.outputs),
        )

    async def head_of(self, run: RunRecord, id: str) -> str:
        """Return the commit with a task's work: its head, or `into` when no session has made one."""
        return run.tasks[id].head or await self._house.git.resolve(f"refs/heads/{run.plan.into}") or run.base_oid

    async def red_gate(self, run: RunRecord, stage: str, commit: str) -> str:
        """Run a stage's gates on `commit` and say what is red, with the end of its log; empty when all are green."""
        async with self._alone:
            for gate in run.plan.stage(stage).gates:
                result = await self._gates.probe(run.id, gate, commit, stage)
                if result.state is GateState.RED:
                    return _red_words(result)
        return ""

    async def _counted(self, commit: str, tasks: Sequence[TaskSpec]) -> Mapping[str, int]:
        paths = [path for task in tasks for path in task.outputs]
        return await self._house.git.sizes(commit, paths) if paths and commit else {}


def with_tail(reason: str, output: str) -> str:
    """Return a reason followed by the last lines of what was printed."""
    lines = [line.rstrip() for line in plain(output).replace("\r\n", "\n").splitlines() if line.strip()]
    tail = "\n".join(lines[-SHOWN_LINES:])[-SHOWN_CHARACTERS:]
    return f"{reason}\n{tail}" if tail else reason


def _said(left: Left, ids: Sequence[str]) -> dict[str, Said]:
    return {**read_verdicts(left.output, ids, echoed=left.prompt), **read_verdicts(left.verdicts, ids)}


def _red_words(result: GateResult) -> str:
    return with_tail(f"{result.name}: {result.reason}", read_tail(Path(result.log)))
