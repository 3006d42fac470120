"""Judging: what a session left becomes a verdict on each of its tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autod_tui.core import run_events as ev
from autod_tui.core.run import RunRecord, SessionRecord, TaskVerdict, Verdict
from autod_tui.core.run_plan import By, TaskSpec
from autod_tui.engine.house import House
from autod_tui.engine.runs.gating import Gated, Gating, jump_of
from autod_tui.engine.runs.sessions import Left
from autod_tui.engine.runs.verdicts import Said, read_verdicts, settle
from autod_tui.engine.runs.words import with_tail

Outcome = ev.TaskJudged | ev.ReviewAsked
"""What becomes of a task: a verdict, or a question to a person."""


class Judging:
    """Gives the verdicts of agents and gates."""

    def __init__(self, house: House) -> None:
        """Judge on `house`."""
        self._house = house
        self._gating = Gating(house)

    async def judge_session(self, run: RunRecord, session: SessionRecord, left: Left, failure: str) -> list[Outcome]:
        """Return what becomes of each task of a session that ended; `failure` says why it failed, if it did."""
        stage = run.plan.stage(session.stage)
        tasks = [run.plan.task(id) for id in session.tasks]
        head = left.head or session.base_oid
        counted = await self._counted(head, tasks)
        if failure:
            failure = with_tail(failure, left.output)
        said = settle(tasks, _said(left, session.tasks), counted, failure)
        gated = Gated()
        if not failure and stage.gates and head:
            gated = await self._gating.run(run, stage, head, session.tasks)
        if gated.red:
            said = {id: Said(Verdict.NEEDS_WORK, gated.red) for id in said}
        by = By.GATES if gated.red else By.AGENT
        return [
            self._outcome(run, stage.name, task, said[task.id], gated, counted, session.id, by, again=bool(failure))
            for task in tasks
        ]

    async def judge_by_gates(self, run: RunRecord, stage: str, id: str, session: str = "") -> Outcome:
        """Run a stage's gates on a task's work and return the verdict."""
        task, head = run.plan.task(id), await self.head_of(run, id)
        gated = await self._gating.run(run, run.plan.stage(stage), head, (id,))
        return await self._by_gates(run, stage, task, head, gated, session)

    async def judge_for_review(self, run: RunRecord, stage: str, id: str, session: str) -> Outcome:
        """Run the gates of a stage by a person: a red one sends the task back, `auto` may spare the question."""
        task, head, spec = run.plan.task(id), await self.head_of(run, id), run.plan.stage(stage)
        gated = await self._gating.run(run, spec, head, (id,))
        judged = await self._by_gates(run, stage, task, head, gated, session)
        if isinstance(judged, ev.ReviewAsked) or judged.verdict.verdict is Verdict.NEEDS_WORK:
            return judged
        if not spec.auto:
            return ev.ReviewAsked(run=run.id, task=id, measured=gated.measured)
        auto = await self._gating.run_auto(run, spec, head, id, gated)
        measured = {**gated.measured, **auto.measured}
        reason = auto.red or jump_of(spec.auto, run.tasks[id].measured, measured)
        if reason:
            return ev.ReviewAsked(run=run.id, task=id, reason=reason, measured=measured)
        return await self._by_gates(run, stage, task, head, Gated(measured=measured), session)

    async def _by_gates(
        self, run: RunRecord, stage: str, task: TaskSpec, head: str, gated: Gated, session: str
    ) -> Outcome:
        counted = await self._counted(head, [task])
        first = Said(Verdict.NEEDS_WORK, gated.red) if gated.red else Said(Verdict.APPROVED)
        said = settle([task], {task.id: first}, counted, "")[task.id]
        return self._outcome(run, stage, task, said, gated, counted, session, By.GATES)

    def _outcome(
        self,
        run: RunRecord,
        stage: str,
        task: TaskSpec,
        said: Said,
        gated: Gated,
        counted: Mapping[str, int],
        session: str,
        by: By,
        *,
        again: bool = False,
    ) -> Outcome:
        """Return the verdict on a task; an approved one whose number jumped is a person's to look at."""
        gates = run.plan.stage(stage).gates
        jumped = jump_of(gates, run.tasks[task.id].measured, gated.measured)
        if jumped and said.verdict is Verdict.APPROVED:
            return ev.ReviewAsked(run=run.id, task=task.id, reason=jumped, measured=gated.measured)
        verdict = TaskVerdict(
            stage=stage,
            verdict=said.verdict,
            reason=said.reason,
            session=session,
            by=by,
            at=self._house.stream.clock(),
            measured=gated.measured,
        )
        size = sum(counted.get(path, 0) for path in task.outputs)
        return ev.TaskJudged(run=run.id, task=task.id, verdict=verdict, again=again, size=size)

    async def head_of(self, run: RunRecord, id: str) -> str:
        """Return the commit with a task's work: its head, or `into` when no session has made one."""
        return run.tasks[id].head or await self._house.git.resolve(f"refs/heads/{run.plan.into}") or run.base_oid

    async def _counted(self, commit: str, tasks: Sequence[TaskSpec]) -> Mapping[str, int]:
        paths = [path for task in tasks for path in task.outputs]
        return await self._house.git.sizes(commit, paths) if paths and commit else {}


def _said(left: Left, ids: Sequence[str]) -> dict[str, Said]:
    return {**read_verdicts(left.output, ids, echoed=left.prompt), **read_verdicts(left.verdicts, ids)}
