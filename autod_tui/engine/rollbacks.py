"""Taking a merged checkpoint back: exactly, or by a revert commit when work came after it."""

from __future__ import annotations

import msgspec

from autod_tui.core import events as ev
from autod_tui.core.checkpoint import CheckpointRecord, CheckpointState, RollbackPlan
from autod_tui.core.errors import ExitCode, RefusedError
from autod_tui.core.requests import Answer
from autod_tui.engine.house import House, refuse
from autod_tui.engine.moves import Move, move_all
from autod_tui.engine.notices import Notices
from autod_tui.engine.planning import HEADS, declared
from autod_tui.engine.replay import revert_tree


class Rollbacks:
    """Plans and carries out rollbacks."""

    def __init__(self, house: House, notices: Notices) -> None:
        """Work on `house`; tell agents through `notices`."""
        self._house = house
        self._notices = notices

    async def plan(self, name: str) -> Answer:
        """Answer with the rollback plan."""
        return Answer(data={"plan": msgspec.to_builtins(await self._plan(name))})

    async def roll_back(self, plan: RollbackPlan) -> Answer:
        """Carry an approved rollback out; refuses when anything moved since it was planned."""
        now = await self._plan(plan.checkpoint)
        refuse(now.refusals)
        if now != plan:
            reason = f"{plan.into!r} has moved since the rollback was approved"
            raise RefusedError(reason, hint="look at the new plan and approve it again")
        revert = "" if plan.exact else await self._revert(plan)
        await move_all(self._house, self._house.new_id(), plan.checkpoint, self._moves(plan, revert))
        self._house.stream.emit(
            ev.CheckpointRolledBack(
                checkpoint=plan.checkpoint,
                into=plan.into,
                oid=revert or plan.before_oid,
                exact=plan.exact,
                revert_oid=revert,
            )
        )
        await self._tell(plan)
        return _answer(plan, revert)

    async def _plan(self, name: str) -> RollbackPlan:
        declared(self._house, name)
        record = self._house.state.checkpoint(name)
        if not record.in_force or record.state is not CheckpointState.MERGED:
            raise RefusedError(f"checkpoint {name!r} is not merged ({record.state.value}), so there is nothing to undo")
        refs = await self._house.git.refs("refs/heads/", "refs/tags/")
        into_oid = refs.get(HEADS + record.merged_into, "")
        then_oid = refs.get(HEADS + record.then_branch, "") if record.then_branch else ""
        exact = into_oid == record.after_oid and then_oid in ("", record.after_oid)
        plan = RollbackPlan(
            checkpoint=name,
            into=record.merged_into,
            before_oid=record.before_oid,
            after_oid=record.after_oid,
            into_oid=into_oid,
            exact=exact,
            later=0 if exact or not into_oid else await self._house.git.count(into_oid, record.after_oid),
            tag=record.tag if f"refs/tags/{record.tag}" in refs else "",
            then=record.then_branch,
            then_oid=then_oid,
            then_before=record.then_before,
        )
        return msgspec.structs.replace(plan, refusals=await self._refusals(plan), warnings=self._warnings(record, plan))

    async def _refusals(self, plan: RollbackPlan) -> tuple[str, ...]:
        if not plan.into_oid:
            return (f"branch {plan.into!r} is gone",)
        git, reasons = self._house.git, []
        for branch, oid in ((plan.into, plan.into_oid), (plan.then, plan.then_oid)):
            if oid and not await git.contains(plan.after_oid, oid):
                reasons.append(f"{branch!r} no longer holds the merge {plan.after_oid[:10]}")
        if not plan.exact and plan.then_oid and plan.then_oid != plan.into_oid:
            reasons.append(f"{plan.then!r} and {plan.into!r} went different ways after the merge: revert it by hand")
        return tuple(reasons)

    def _warnings(self, record: CheckpointRecord, plan: RollbackPlan) -> tuple[str, ...]:
        warnings: list[str] = []
        if not plan.exact:
            warnings.append(f"{plan.stays()}; a revert commit is added on {plan.into!r}")
        later = [
            spec.name
            for spec in self._house.plan.checkpoints
            if record.name in spec.after and self._house.state.checkpoint(spec.name).state is CheckpointState.MERGED
        ]
        if later:
            warnings.append(f"merged checkpoints build on it: {', '.join(later)}")
        return tuple(warnings)

    async def _revert(self, plan: RollbackPlan) -> str:
        git = self._house.git
        base = self._house.state.checkpoint(plan.checkpoint).base_oid
        async with git.bench(scratch=False) as bench:
            merged = await revert_tree(bench, plan.into_oid, plan.after_oid, base)
            if merged.conflicts:
                files = ", ".join(conflict.path for conflict in merged.conflicts)
                raise RefusedError(
                    f"later commits on {plan.into!r} build on the same lines, so it can't be reverted: {files}",
                    hint="roll the later checkpoint back first",
                )
            message = f"Revert checkpoint '{plan.checkpoint}'\n\nTakes back {plan.after_oid}.\n"
            return await bench.commit(merged.tree, (plan.into_oid,), message)

    def _moves(self, plan: RollbackPlan, revert: str) -> list[Move]:
        moves = [Move(HEADS + plan.into, plan.into_oid, revert or plan.before_oid)]
        if plan.then and plan.then_oid:
            moves.append(Move(HEADS + plan.then, plan.then_oid, revert or plan.then_before))
        if plan.tag:
            moves.append(Move(f"refs/tags/{plan.tag}", plan.after_oid, ""))
        return moves

    async def _tell(self, plan: RollbackPlan) -> None:
        record = self._house.state.checkpoint(plan.checkpoint)
        red = next((gate for gate in record.gates if gate.reason), None)
        why = f" Gate '{red.name}': {red.reason}, log {red.log}." if red else ""
        text = f"Checkpoint '{plan.checkpoint}' was rolled back; your branch is untouched, go on from there.{why}"
        for name in record.merged_workstreams:
            await self._notices.tell(name, text, by="autod")


def _answer(plan: RollbackPlan, revert: str) -> Answer:
    if plan.exact:
        where = plan.before_oid[:10] if plan.before_oid else "nothing (the merge had made it)"
        message = f"{plan.checkpoint}: {plan.into} is back at {where}"
    else:
        message = f"{plan.checkpoint}: reverted on {plan.into} by {revert[:10]}; {plan.stays()}"
    data = {"checkpoint": plan.checkpoint, "into": plan.into, "exact": plan.exact, "revert_oid": revert or None}
    return Answer(exit_code=ExitCode.DONE, message=message, data=data)
