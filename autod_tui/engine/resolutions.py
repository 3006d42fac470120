"""Settling the conflicts of a merge under way, by a person or an agent of its own."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from autod_tui.core import events as ev
from autod_tui.core.checkpoint import Conflict, MergePlan, MergeStep, Transaction
from autod_tui.core.errors import AutodError, RefusedError, UsageError
from autod_tui.core.git_ports import MergeBench, MergedTree
from autod_tui.core.names import helper_name
from autod_tui.core.pane_ports import Launch
from autod_tui.core.requests import Answer
from autod_tui.engine.checkpoints import Checkpoints
from autod_tui.engine.house import House, unknown_hint
from autod_tui.engine.planning import plan_merge
from autod_tui.engine.replay import Waiting, replay_plan
from autod_tui.engine.resolve import choice
from autod_tui.engine.workstreams import Workstreams


class Resolutions:
    """Settles paths; when none is left the merge goes on by itself."""

    def __init__(self, house: House, checkpoints: Checkpoints, workstreams: Workstreams) -> None:
        """Settle for `checkpoints`; `workstreams` ends helpers."""
        self._house = house
        self._workstreams = workstreams
        self._checkpoints = checkpoints

    async def resolve(self, name: str, how: str, paths: Sequence[str]) -> Answer:
        """Settle `paths` (all open ones for none) and go on when nothing is left."""
        transaction = self._checkpoints.waiting(name)
        if how == "agent":
            return await self._hand_over(name, transaction)
        chosen = self._chosen(transaction, paths)
        if how in ("ours", "theirs"):
            choices = {conflict.path: choice(conflict, how) for conflict in chosen}
        elif how == "edit":
            worktree = self._house.conflict_worktree(name)
            choices = await self._house.git.resolved_blobs(worktree, [conflict.path for conflict in chosen])
        else:
            raise UsageError(f"unknown way to resolve {how!r}", hint="ours, theirs, edit or agent")
        for conflict in chosen:
            await self._house.git.remember(conflict, *choices[conflict.path])
            self._house.stream.emit(
                ev.ConflictResolved(id=transaction.id, checkpoint=name, path=conflict.path, how=how)
            )
        return await self._go_on(name)

    async def prepare_edit(self, name: str) -> Answer:
        """Answer where the conflict lies, laid out when it is not; what was edited there already stays."""
        transaction = self._checkpoints.waiting(name)
        worktree = self._house.conflict_worktree(name)
        left = await self._lay_out(transaction)
        open_paths = [conflict.path for conflict in transaction.conflicts]
        files = [path for path in left if path in open_paths]
        return Answer(message=worktree, data={"worktree": worktree, "files": files})

    async def forget(self, name: str) -> Answer:
        """Forget what was resolved before and would settle conflicts of the merge of `name` unasked."""
        if self._house.state.checkpoint(name).transaction is not None:
            raise RefusedError(f"a merge of {name!r} is under way", hint="resolve its conflicts or abandon it")
        git, forgotten = self._house.git, []
        worktree = str(self._house.own_worktrees / "rehearsal")
        async with git.bench(scratch=False) as bench:
            for step, commit, paths in await self._remembered(bench, await plan_merge(self._house, name)):
                ours = await git.resolve(f"{commit}^1") or ""
                merged = await bench.merge(ours, step.head)
                conflicts = [conflict for conflict in merged.conflicts if conflict.path in paths]
                await git.forget(worktree, ours, step.head, merged, conflicts)
                forgotten += [f"{conflict.path} of {step.workstream}" for conflict in conflicts]
        told = f"{name} asks again about {', '.join(forgotten)}" if forgotten else f"{name}: nothing was remembered"
        return Answer(message=told, data={"forgotten": forgotten})

    async def _remembered(self, bench: MergeBench, plan: MergePlan) -> list[tuple[MergeStep, str, list[str]]]:
        """Return each step that memory settles, with its merge commit and the paths."""
        found: list[tuple[MergeStep, str, list[str]]] = []

        def told(step: MergeStep, commit: str, how: dict[str, str]) -> None:
            if paths := [path for path, by in how.items() if by == "remembered"]:
                found.append((step, commit, paths))

        await replay_plan(self._house, bench, plan, told)
        return found

    async def leave_out(self, name: str, workstream: str) -> Answer:
        """Start the waiting merge again without one workstream; whoever solves its conflicts has nothing left to do."""
        steps = [step.workstream for step in self._checkpoints.waiting(name).plan.steps]
        if workstream in steps and len(steps) > 1:
            await self.dismiss_helper(name)
        return await self._checkpoints.leave_out(name, workstream)

    async def abandon(self, name: str) -> Answer:
        """Give the merge under way up."""
        answer = self._checkpoints.abandon(name)
        await self.dismiss_helper(name)
        return answer

    async def clear(self, name: str, answer: Answer) -> Answer:
        """Once the merge of `name` is over, remove the worktree in which its conflicts lay; return `answer`.

        What was edited there and never taken stays, and the answer says so.
        """
        house = self._house
        if house.state.checkpoint(name).transaction is not None:
            return answer
        worktree = house.conflict_worktree(name)
        try:
            edited = await house.git.clear_conflict(worktree)
        except AutodError as error:
            house.stream.emit(ev.Noted(level="warning", text=f"{worktree!r} stays: {error.message}", name=name))
            return answer
        if not edited:
            return answer
        told = f"edits that nobody took stay in {worktree!r} until {name!r} conflicts again: {', '.join(edited)}"
        house.stream.emit(ev.Noted(level="warning", text=told, name=name))
        return msgspec.structs.replace(answer, hint="; ".join(filter(None, (answer.hint, told))))

    async def dismiss_helper(self, name: str) -> None:
        """End the agent that was solving the conflicts of checkpoint `name`, if there is one."""
        if self._house.state.workstream(helper_name(name)).pane:
            await self._workstreams.down(helper_name(name))

    def _chosen(self, transaction: Transaction, paths: Sequence[str]) -> list[Conflict]:
        known = [conflict.path for conflict in transaction.conflicts]
        for path in paths:
            if path not in known:
                raise UsageError(f"{path!r} is not an open conflict", hint=unknown_hint(path, known, "the merge"))
        return [conflict for conflict in transaction.conflicts if not paths or conflict.path in paths]

    async def _go_on(self, name: str) -> Answer:
        transaction = self._house.state.checkpoint(name).transaction
        if transaction is not None and transaction.conflicts:
            left = [conflict.path for conflict in transaction.conflicts]
            message = f"{name}: still open: {', '.join(left)}"
            return Answer(message=message, data={"checkpoint": name, "open": left, "moved": False})
        await self.dismiss_helper(name)
        return await self._checkpoints.carry_on(name)

    async def _lay_out(self, transaction: Transaction) -> tuple[str, ...]:
        async with self._house.git.bench(scratch=False) as bench:
            outcome = await replay_plan(self._house, bench, transaction.plan)
        if not isinstance(outcome, Waiting):
            return ()
        merged = MergedTree(tree=outcome.merged.tree, conflicts=outcome.merged.conflicts)
        worktree = self._house.conflict_worktree(transaction.plan.checkpoint)
        return await self._house.git.keep_conflict(worktree, outcome.ours, outcome.step.head, merged)

    async def _hand_over(self, name: str, transaction: Transaction) -> Answer:
        house = self._house
        files = await self._lay_out(transaction)
        worktree, lane = house.conflict_worktree(name), helper_name(name)
        profile = house.plan.agents[house.plan.project.agent]
        prompt = (
            f"Solve the merge conflicts in {', '.join(files)}: keep the intent of both sides, leave no conflict "
            f"markers, change nothing else, don't commit. Say when you are done."
        )
        prompt_file = house.state_dir / "prompts" / f"{lane}.md"
        prompt_file.parent.mkdir(parents=True, exist_ok=True)
        prompt_file.write_text(prompt + "\n", encoding="utf-8")
        session = house.new_id()
        values = {
            "prompt": prompt,
            "prompt_file": str(prompt_file),
            "model": profile.model,
            "session_id": session,
            "worktree": worktree,
            "workstream": lane,
        }
        prepared = house.agents.prepare(profile, values)
        marks = {"AUTOD_WORKSTREAM": lane, "AUTOD_SESSION": session}
        env = {**house.base_env(), **profile.env, **prepared.env, **marks}
        launch = Launch(workstream=lane, session=session, title=lane, argv=prepared.argv, cwd=worktree, env=env)
        pane = await house.panes.start(launch)
        house.stream.emit(
            ev.AgentStarted(
                name=lane,
                session=session,
                agent=profile.name,
                model=profile.model,
                window=pane.window,
                pane=pane.pane,
                pid=pane.pid,
            )
        )
        data = {"worktree": worktree, "files": list(files), "pane": pane.pane, "workstream": lane}
        hint = f"autod attach {lane} shows it; when it is done: autod checkpoint resolve {name} --edit"
        return Answer(message=f"{name}: {profile.name} works on {', '.join(files)}", hint=hint, data=data)
