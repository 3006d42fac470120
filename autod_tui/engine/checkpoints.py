"""Checkpoints as transactions: nothing moves until everything is merged and green, and then all at once."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from autod_tui.core import events as ev
from autod_tui.core.checkpoint import (
    ApprovedPlan,
    GateResult,
    GateState,
    Guilt,
    MergePlan,
    MergeStep,
    Transaction,
)
from autod_tui.core.errors import AutodError, ExitCode, RefusedError, UsageError
from autod_tui.core.git_ports import MergeBench
from autod_tui.core.requests import Answer
from autod_tui.engine.backups import keep_ref
from autod_tui.engine.gates import Gates
from autod_tui.engine.guilt import find_guilt
from autod_tui.engine.house import House, refuse
from autod_tui.engine.moves import Move, move_all
from autod_tui.engine.notices import Notices
from autod_tui.engine.planning import HEADS, heads_of, moved_since, plan_merge
from autod_tui.engine.replay import Result, Waiting, replay_plan
from autod_tui.engine.settled import SettledList


class Checkpoints:
    """Merges, rehearses and resolves; `Rollbacks` takes back."""

    def __init__(self, house: House, gates: Gates, notices: Notices) -> None:
        """Work on `house`; tell agents through `notices`."""
        self._house = house
        self._gates = gates
        self._notices = notices

    async def plan(self, name: str, leave_out: Sequence[str]) -> Answer:
        """Answer with the merge plan."""
        plan = await plan_merge(self._house, name, leave_out)
        return Answer(data={"plan": msgspec.to_builtins(plan)})

    async def merge(self, approved: ApprovedPlan) -> Answer:
        """Carry an approved plan out; refuses when any head moved since it was made."""
        plan = approved.plan
        now = await plan_merge(self._house, plan.checkpoint, plan.left_out)
        refuse(now.refusals)
        refuse(moved_since(plan, now), hint="look at the new plan and approve it again")
        plan = await self._commit_first(plan, approved.commit)
        transaction = self._begin(plan, rehearsal=False)
        red = await self._judge_worktrees(plan)
        if red is not None:
            return self._blocked(plan, f"{red[0]}: gate {red[1].name} is red: {red[1].reason}", red[1])
        return await self._carry_on(transaction)

    async def check(self, name: str, leave_out: Sequence[str]) -> Answer:
        """Rehearse: merge in order and run the gates on the result, moving nothing."""
        plan = await plan_merge(self._house, name, leave_out)
        refuse(plan.refusals)
        return await self._carry_on(self._begin(plan, rehearsal=True))

    async def leave_out(self, name: str, workstream: str) -> Answer:
        """Start the waiting merge again without one workstream, as approved otherwise."""
        transaction = self.waiting(name)
        plan = transaction.plan
        if workstream not in [step.workstream for step in plan.steps]:
            raise UsageError(f"{workstream!r} is not part of this merge")
        steps = tuple(step for step in plan.steps if step.workstream != workstream)
        if not steps:
            raise RefusedError(f"nothing is left to merge without {workstream!r}", hint="abandon the merge instead")
        smaller = msgspec.structs.replace(plan, steps=steps, left_out=(*plan.left_out, workstream))
        return await self._carry_on(self._begin(smaller, rehearsal=False))

    def abandon(self, name: str) -> Answer:
        """Give the merge under way up."""
        if self._house.state.checkpoint(name).transaction is None:
            raise UsageError(f"no merge of {name!r} is under way")
        self._house.stream.emit(ev.CheckpointAbandoned(checkpoint=name, reason="abandoned; nothing moved"))
        return Answer(message=f"{name}: abandoned, nothing has moved")

    def waiting(self, name: str) -> Transaction:
        """Return the transaction that waits for a person; UsageError when none does."""
        transaction = self._house.state.checkpoint(name).transaction
        if transaction is None or not transaction.at_step:
            raise UsageError(f"no conflict of {name!r} waits to be resolved", hint=f"autod checkpoint show {name}")
        return transaction

    async def carry_on(self, name: str) -> Answer:
        """Go on with the merge under way, after its conflicts were settled."""
        transaction = self._house.state.checkpoint(name).transaction
        if transaction is None:
            raise UsageError(f"no merge of {name!r} is under way")
        return await self._carry_on(transaction)

    async def _commit_first(self, plan: MergePlan, names: Sequence[str]) -> MergePlan:
        steps = [await self._commit_step(plan, step) if step.workstream in names else step for step in plan.steps]
        return msgspec.structs.replace(plan, steps=tuple(steps))

    async def _commit_step(self, plan: MergePlan, step: MergeStep) -> MergeStep:
        house = self._house
        worktree = house.state.workstream(step.workstream).worktree
        files = len(await house.git.uncommitted(worktree)) if worktree else 0
        if not files:
            return step
        message = f"Save the work of '{step.workstream}' for checkpoint '{plan.checkpoint}'"
        ref = HEADS + step.branch
        await keep_ref(house, f"commit/{step.workstream}", ref, step.head, "its work was committed")
        oid = await house.git.commit_all(worktree, message)
        if oid is None:
            return step
        house.stream.emit(
            ev.WorkCommitted(name=step.workstream, oid=oid, files=files), ev.HeadMoved(name=step.workstream, head=oid)
        )
        return msgspec.structs.replace(step, head=oid, uncommitted=0, merged=False)

    def _begin(self, plan: MergePlan, *, rehearsal: bool) -> Transaction:
        id = self._house.new_id()
        self._house.stream.emit(ev.MergeStarted(id=id, plan=plan, rehearsal=rehearsal))
        return Transaction(id=id, plan=plan, rehearsal=rehearsal)

    async def _judge_worktrees(self, plan: MergePlan) -> tuple[str, GateResult] | None:
        for step in plan.steps:
            worktree = self._house.state.workstream(step.workstream).worktree
            if not plan.before or not worktree:
                continue
            results = await self._gates.judge_worktree(plan.checkpoint, plan.before, worktree, step.workstream)
            red = _first_red(results)
            if red is not None:
                await self._notices.gate_failed(plan.checkpoint, red, (step.workstream,))
                return step.workstream, red
        return None

    async def _carry_on(self, transaction: Transaction) -> Answer:
        try:
            return await self._run(transaction)
        except AutodError as error:
            name = transaction.plan.checkpoint
            self._house.stream.emit(ev.CheckpointBlocked(checkpoint=name, reason=error.message))
            raise

    async def _run(self, transaction: Transaction) -> Answer:
        settled = SettledList(self._house, transaction)
        answer = await self._merge_and_judge(transaction, settled)
        return settled.told_in(answer)

    async def _merge_and_judge(self, transaction: Transaction, settled: SettledList) -> Answer:
        plan = transaction.plan
        async with self._house.git.bench(scratch=False) as bench:
            outcome = await replay_plan(self._house, bench, plan, settled.told)
            if isinstance(outcome, Waiting):
                outcome = await self._with_rerere(bench, outcome, settled)
            if isinstance(outcome, Waiting):
                return self._conflict(transaction, outcome)
            self._house.stream.emit(ev.ResultMade(id=transaction.id, checkpoint=plan.checkpoint, result=outcome.commit))
            results = await self._gates.judge_commit(plan.checkpoint, plan.gates, outcome.commit, outcome.tree)
            red = _first_red(results)
            if red is not None:
                return await self._red(transaction, bench, outcome, red)
        if transaction.rehearsal:
            return self._rehearsed(transaction, outcome)
        return await self._land(transaction, outcome)

    async def _with_rerere(self, bench: MergeBench, waiting: Waiting, settled: SettledList) -> Result | Waiting:
        """Let git's rerere replay what it knows; go on with the replay when that settles everything."""
        git = self._house.git
        own = self._house.own_worktrees / "rehearsal"
        worktree = str(own) if settled.rehearsal else self._house.conflict_worktree(settled.plan.checkpoint)
        left = await git.lay_out_conflict(worktree, waiting.ours, waiting.step.head, waiting.merged)
        known = [conflict for conflict in waiting.conflicts if conflict.path not in left]
        if not known:
            return waiting
        blobs = await git.resolved_blobs(worktree, [conflict.path for conflict in known])
        for conflict in known:
            await git.remember(conflict, *blobs[conflict.path])
            settled.by_rerere(waiting.step, conflict.path)
        outcome = await replay_plan(self._house, bench, settled.plan, settled.told)
        return await self._with_rerere(bench, outcome, settled) if isinstance(outcome, Waiting) else outcome

    def _conflict(self, transaction: Transaction, waiting: Waiting) -> Answer:
        name, step = transaction.plan.checkpoint, waiting.step.workstream
        paths = [conflict.path for conflict in waiting.conflicts]
        reason = f"{step} conflicts in {', '.join(paths)}"
        if transaction.rehearsal:
            heads = heads_of(transaction.plan)
            self._house.stream.emit(
                ev.CheckpointRehearsed(checkpoint=name, heads=heads, result="", green=False, reason=reason)
            )
        else:
            self._house.stream.emit(
                ev.ConflictFound(id=transaction.id, checkpoint=name, workstream=step, conflicts=waiting.conflicts)
            )
        data = {"checkpoint": name, "conflict": {"workstream": step, "files": paths}, "moved": False}
        hint = "" if transaction.rehearsal else f"autod checkpoint resolve {name} PATH --ours|--theirs|--edit"
        return Answer(exit_code=ExitCode.FAILED, message=f"{name}: {reason}; nothing moved", hint=hint, data=data)

    async def _red(self, transaction: Transaction, bench: MergeBench, outcome: Result, red: GateResult) -> Answer:
        plan = transaction.plan
        gate = next(gate for gate in plan.gates if gate.name == red.name)
        guilt = await find_guilt(self._gates, bench, plan, gate, outcome.prefixes, red)
        self._house.stream.emit(ev.GuiltFound(checkpoint=plan.checkpoint, guilt=guilt))
        reason = f"gate {red.name} is red: {red.reason}"
        if transaction.rehearsal:
            self._house.stream.emit(
                ev.CheckpointRehearsed(
                    checkpoint=plan.checkpoint, heads=heads_of(plan), result=outcome.commit, green=False, reason=reason
                )
            )
            return self._red_answer(plan, reason, red, guilt)
        await self._notices.gate_failed(plan.checkpoint, red, guilt.workstreams or _names(plan), guilt.explanation)
        self._house.stream.emit(ev.CheckpointBlocked(checkpoint=plan.checkpoint, reason=reason))
        return self._red_answer(plan, reason, red, guilt)

    def _blocked(self, plan: MergePlan, reason: str, red: GateResult) -> Answer:
        self._house.stream.emit(ev.CheckpointBlocked(checkpoint=plan.checkpoint, reason=reason))
        return self._red_answer(plan, reason, red, None)

    def _red_answer(self, plan: MergePlan, reason: str, red: GateResult, guilt: Guilt | None) -> Answer:
        guilty = guilt.workstreams if guilt else ()
        others = [name for name in _names(plan) if name not in guilty]
        hint = f"log: {red.log}"
        if guilt:
            hint = f"{guilt.explanation}; {hint}"
        if guilty and others:
            out = " ".join(f"--leave-out {name}" for name in guilty)
            hint += f"; the others can land: autod checkpoint merge {plan.checkpoint} {out}"
        data = {
            "checkpoint": plan.checkpoint,
            "gate": msgspec.to_builtins(red),
            "guilty": list(guilty),
            "moved": False,
        }
        message = f"{plan.checkpoint}: {reason}; nothing moved"
        return Answer(exit_code=ExitCode.FAILED, message=message, hint=hint, data=data)

    def _rehearsed(self, transaction: Transaction, outcome: Result) -> Answer:
        plan = transaction.plan
        self._house.stream.emit(
            ev.CheckpointRehearsed(checkpoint=plan.checkpoint, heads=heads_of(plan), result=outcome.commit, green=True)
        )
        gates = self._house.state.checkpoint(plan.checkpoint).gates
        data = {"checkpoint": plan.checkpoint, "gates": msgspec.to_builtins(gates), "result": outcome.commit}
        return Answer(message=f"{plan.checkpoint}: would merge cleanly, all gates green", data=data)

    async def _land(self, transaction: Transaction, outcome: Result) -> Answer:
        house, plan = self._house, transaction.plan
        moves = [Move(HEADS + plan.into, "" if plan.creates_into else plan.into_oid, outcome.commit)]
        if plan.then:
            moves.append(Move(HEADS + plan.then, plan.then_oid, outcome.commit))
        if plan.tag:
            old = await house.git.resolve(f"refs/tags/{plan.tag}")
            moves.append(Move(f"refs/tags/{plan.tag}", old or "", outcome.commit))
        await move_all(house, transaction.id, plan.checkpoint, moves)
        house.stream.emit(merged_event(plan, outcome.commit))
        data = {
            "checkpoint": plan.checkpoint,
            "into": plan.into,
            "before_oid": None if plan.creates_into else plan.into_oid,
            "after_oid": outcome.commit,
            "tag": plan.tag or None,
            "then": plan.then or None,
            "merged": list(_names(plan)),
            "left_out": list(plan.left_out),
            "gates": msgspec.to_builtins(house.state.checkpoint(plan.checkpoint).gates),
        }
        where = f"{plan.into}{f' and {plan.then}' if plan.then else ''}"
        message = f"{plan.checkpoint}: merged {', '.join(_names(plan))} into {where} ({outcome.commit[:10]})"
        return Answer(message=message, data=data)


def merged_event(plan: MergePlan, result: str) -> ev.CheckpointMerged:
    """Return the event of a merge whose refs have moved."""
    return ev.CheckpointMerged(
        checkpoint=plan.checkpoint,
        into=plan.into,
        before_oid="" if plan.creates_into else plan.into_oid,
        base_oid=plan.into_oid,
        after_oid=result,
        workstreams=_names(plan),
        heads=tuple(step.head for step in plan.steps),
        left_out=plan.left_out,
        tag=plan.tag,
        then=plan.then,
        then_before=plan.then_oid,
    )


def _names(plan: MergePlan) -> tuple[str, ...]:
    return tuple(step.workstream for step in plan.steps if step.branch != plan.then)


def _first_red(results: Sequence[GateResult]) -> GateResult | None:
    return next((result for result in results if result.state is GateState.RED), None)
