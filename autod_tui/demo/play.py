"""The demo without a terminal: the whole story through the desk, told step by step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from autod_tui.core.board import Board
from autod_tui.core.board_json import status_json
from autod_tui.core.checkpoint import ApprovedPlan, MergePlan, RollbackPlan
from autod_tui.core.desk import Desk
from autod_tui.core.errors import AutodError
from autod_tui.core.requests import Answer, Merge, PlanMerge, PlanRollback, PrepareEdit, Resolve, Rollback, Send, Up
from autod_tui.core.workstream import WorkstreamState
from autod_tui.demo import story

Emit = Callable[[dict[str, Any]], None]
PATIENCE = 120.0
"""Seconds to wait at most for any one thing to happen."""


async def play(desk: Desk, emit: Emit) -> int:
    """Play the story to its end; returns 0 when everything came as promised, else raises AutodError."""
    return await _Play(desk, emit).run()


class _Play:
    def __init__(self, desk: Desk, emit: Emit) -> None:
        self._desk = desk
        self._emit = emit

    async def run(self) -> int:
        answer = _demand(await self._desk.ask(Up()))
        self._tell("up", "four agents work side by side, each in its own worktree and pane", **answer.data)
        await self._answer_question()
        for name in story.CHECKPOINTS:
            await self._checkpoint(name)
        await self._roll_back_and_again(story.CHECKPOINTS[-1])
        board = self._desk.board()
        self._tell("end", "everything is merged, tagged and on main", status=status_json(board))
        return 0

    async def _answer_question(self) -> None:
        name = story.ASKING
        await self._until(f"{name} asks", lambda board: _state(board, name) is WorkstreamState.WAITING)
        self._tell("question", f"{name} asks: {story.QUESTION}", workstream=name)
        _demand(await self._desk.ask(Send(names=(name,), text=story.ANSWER)))
        self._tell("answer", f"answered {story.ANSWER!r} in its pane", workstream=name)

    async def _checkpoint(self, name: str) -> None:
        view = self._desk.board().checkpoint(name)
        lanes = view.spec.merge if view else ()
        await self._until(
            f"{', '.join(lanes)} done",
            lambda board: all(_state(board, lane) is WorkstreamState.DONE for lane in lanes),
        )
        answer = await self._merge(name)
        if "conflict" in answer.data:
            answer = await self._resolve(name, answer)
        if "gate" in answer.data:
            answer = await self._fix(name, answer)
        _demand(answer)
        measured = {gate["name"]: gate["measured"] for gate in answer.data["gates"]}
        self._tell("merged", answer.message, checkpoint=name, gates=measured, after_oid=answer.data["after_oid"])

    async def _merge(self, name: str) -> Answer:
        planned = _demand(await self._desk.ask(PlanMerge(checkpoint=name)))
        plan = msgspec.convert(planned.data["plan"], MergePlan)
        if plan.refusals:
            raise AutodError(f"checkpoint {name!r} can't be merged: {'; '.join(plan.refusals)}")
        unsaved = tuple(step.workstream for step in plan.steps if step.uncommitted)
        words = f"; uncommitted work of {', '.join(unsaved)} is committed first" if unsaved else ""
        steps = " then ".join(step.workstream for step in plan.steps)
        self._tell("plan", f"{name}: merge {steps} into {plan.into}{words}", checkpoint=name, commit=list(unsaved))
        return await self._desk.ask(Merge(approved=ApprovedPlan(plan, unsaved)))

    async def _resolve(self, name: str, answer: Answer) -> Answer:
        files = answer.data["conflict"]["files"]
        self._tell("conflict", answer.message, checkpoint=name, **answer.data["conflict"])
        prepared = _demand(await self._desk.ask(PrepareEdit(checkpoint=name)))
        for path in files:
            (Path(prepared.data["worktree"]) / path).write_bytes(story.resolution(path))
        self._tell("resolved", f"{', '.join(files)}: both sides kept, edited by hand", checkpoint=name)
        return await self._desk.ask(Resolve(checkpoint=name, how="edit"))

    async def _fix(self, name: str, answer: Answer) -> Answer:
        gate, guilty = answer.data["gate"], answer.data["guilty"]
        self._tell("red", answer.message, checkpoint=name, gate=gate, guilty=guilty)
        heads = {lane: _head(self._desk.board(), lane) for lane in guilty}
        await self._until(
            f"{', '.join(guilty)} mends it",
            lambda board: all(
                _head(board, lane) != head and _state(board, lane) is WorkstreamState.DONE
                for lane, head in heads.items()
            ),
        )
        self._tell("mended", f"{', '.join(guilty)} was told in its pane and committed a fix", checkpoint=name)
        return await self._merge(name)

    async def _roll_back_and_again(self, name: str) -> None:
        planned = _demand(await self._desk.ask(PlanRollback(checkpoint=name)))
        plan = msgspec.convert(planned.data["plan"], RollbackPlan)
        answer = _demand(await self._desk.ask(Rollback(plan=plan)))
        self._tell("rolled-back", answer.message, checkpoint=name, exact=plan.exact)
        await self._checkpoint(name)

    async def _until(self, what: str, true: Callable[[Board], bool]) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                async for update in self._desk.updates():
                    if true(update.board):
                        return
        except TimeoutError:
            states = {view.name: view.record.state.value for view in self._desk.board().workstreams}
            raise AutodError(f"waited {PATIENCE:g} s in vain: {what}; states: {states}") from None

    def _tell(self, step: str, text: str, **facts: Any) -> None:
        self._emit({"step": step, "text": text, **facts})


def _demand(answer: Answer) -> Answer:
    if not answer.ok:
        raise AutodError(answer.message, hint=answer.hint)
    return answer


def _state(board: Board, name: str) -> WorkstreamState | None:
    view = board.workstream(name)
    return view.record.state if view else None


def _head(board: Board, name: str) -> str:
    view = board.workstream(name)
    return view.record.head if view else ""
