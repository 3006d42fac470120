"""Sync: a checkpoint's result goes into the workstreams that are still open."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from autod_tui.core import events as ev
from autod_tui.core.checkpoint import CheckpointState
from autod_tui.core.errors import ExitCode, RefusedError
from autod_tui.core.requests import Answer
from autod_tui.engine.backups import keep_ref
from autod_tui.engine.house import House
from autod_tui.engine.notices import Notices
from autod_tui.engine.planning import HEADS, declared


class SyncStep(Struct, frozen=True, kw_only=True):
    """What syncing one workstream would do."""

    workstream: str
    worktree: str
    branch: str
    old: str
    new: str = ""
    conflicts: tuple[str, ...] = ()
    problem: str = ""


class Syncs:
    """Plans and carries out syncs."""

    def __init__(self, house: House, notices: Notices) -> None:
        """Work on `house`; tell agents through `notices`."""
        self._house = house
        self._notices = notices

    async def sync(self, name: str, names: tuple[str, ...], *, approved: bool) -> Answer:
        """Merge the result into each open workstream that lacks it; conflicts are handed to its agent."""
        declared(self._house, name)
        record = self._house.state.checkpoint(name)
        if record.state is not CheckpointState.MERGED:
            raise RefusedError(f"checkpoint {name!r} is not merged, so there is no result to sync")
        source = await self._house.git.resolve(HEADS + record.merged_into) or record.after_oid
        steps = [step for spec in self._house.specs(names) if (step := await self._step(name, spec.name, source))]
        if not approved:
            lines = [_plan_line(step, record.merged_into) for step in steps]
            message = "\n".join(lines) or f"{name}: every workstream has it already"
            return Answer(message=message, data={"plan": [_plan_json(step) for step in steps]})
        done = [await self._carry_out(name, record.merged_into, step) for step in steps]
        failed = [step for step in done if step["state"] != "synced"]
        synced = len(done) - len(failed)
        message = f"{name}: synced {synced} of {len(done)} workstreams" if done else f"{name}: all have it already"
        message += "".join(f"\n  {step['workstream']}: {step['reason']}" for step in failed)
        code = ExitCode.FAILED if failed else ExitCode.DONE
        return Answer(exit_code=code, message=message, data={"checkpoint": name, "workstreams": done})

    async def _step(self, checkpoint: str, name: str, source: str) -> SyncStep | None:
        git, record = self._house.git, self._house.state.workstream(name)
        head = await git.resolve(HEADS + record.branch) if record.worktree else None
        if head is None or await git.contains(source, head):
            return None
        step = SyncStep(workstream=name, worktree=record.worktree, branch=record.branch, old=head)
        async with git.bench(scratch=False) as bench:
            merged = await bench.merge(head, source)
            if merged.conflicts:
                return replace(step, conflicts=tuple(conflict.path for conflict in merged.conflicts))
            message = f"Sync checkpoint '{checkpoint}' into '{name}'\n"
            new = await bench.commit(merged.tree, (head, source), message)
        problem = await git.follow_problem(record.worktree, head, new)
        return replace(step, new=new, problem=problem or "")

    async def _carry_out(self, checkpoint: str, source: str, step: SyncStep) -> dict[str, Any]:
        name = step.workstream
        if step.conflicts:
            files = ", ".join(step.conflicts)
            text = (
                f"Checkpoint '{checkpoint}' is merged. Please `git merge {source}` and solve the conflicts in {files}."
            )
            told = await self._notices.tell(name, text, by="autod")
            reason = f"conflicts in {files}; {'its agent was asked to merge' if told else 'no agent is there to ask'}"
            return {"workstream": name, "state": "conflict", "reason": reason, "files": list(step.conflicts)}
        if step.problem:
            return {"workstream": name, "state": "refused", "reason": step.problem, "files": []}
        ref = HEADS + step.branch
        await keep_ref(self._house, f"sync/{name}", ref, step.old, f"the sync of {checkpoint}")
        try:
            await self._house.git.follow(step.worktree, step.old, step.new)
        except RefusedError as error:
            return {"workstream": name, "state": "refused", "reason": error.message, "files": []}
        synced = ev.WorkstreamSynced(name=name, checkpoint=checkpoint, oid=step.new)
        self._house.stream.emit(synced, ev.HeadMoved(name=name, head=step.new))
        await self._notices.tell(name, f"Checkpoint '{checkpoint}' was merged into your branch.", by="autod")
        return {"workstream": name, "state": "synced", "reason": "", "files": []}


def _plan_line(step: SyncStep, source: str) -> str:
    if step.conflicts:
        return f"{step.workstream}: conflicts in {', '.join(step.conflicts)}; its agent is asked to merge {source}"
    return f"{step.workstream}: {step.problem}" if step.problem else f"{step.workstream}: merge {source}"


def _plan_json(step: SyncStep) -> dict[str, Any]:
    return {
        "workstream": step.workstream,
        "old": step.old,
        "new": step.new or None,
        "conflicts": list(step.conflicts),
        "problem": step.problem or None,
    }
