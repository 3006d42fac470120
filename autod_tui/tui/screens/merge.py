"""A checkpoint's merge or rehearsal: the plan to approve, then the gates as they run, then what came of it."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import ClassVar

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.timer import Timer

from autod_tui.core.board import CheckpointView
from autod_tui.core.checkpoint import ApprovedPlan, CheckpointState, GateState, MergePlan
from autod_tui.core.desk import Update
from autod_tui.core.requests import Answer, Check, Forget, Merge, PlanMerge, Sync
from autod_tui.tui.plans import plan_source
from autod_tui.tui.screens.base import BoardWatcher, Page, titled
from autod_tui.tui.screens.conflict import ConflictScreen
from autod_tui.tui.screens.dialogs import Confirm
from autod_tui.tui.screens.merge_rows import plan_rows, progress_rows
from autod_tui.tui.text import Row, ending, joined, paragraph
from autod_tui.tui.widgets.ansi_view import AnsiView
from autod_tui.tui.widgets.bars import Hint
from autod_tui.tui.widgets.lines import LineView
from autod_tui.tui.workers import start

TAIL = 64 * 1024
"""Bytes of a gate's log that are shown."""
READ_EVERY = 0.5
MERGING = "merging: the branch moves only when all gates are green"


class MergeScreen(Page, BoardWatcher):
    """Plan, run and result of one checkpoint; leaving it does not stop a merge under way."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "approve", show=False),
        Binding("space", "commit_first", show=False),
        Binding("f", "ask_again", show=False),
        Binding("x", "resolve", show=False),
        Binding("s", "sync", show=False),
        Binding("k", "leave_out", show=False, priority=True),  # before the lists, where k moves
        Binding("enter", "approve", show=False),
    ]

    def __init__(self, checkpoint: str, *, rehearse: bool = False, running: bool = False) -> None:
        """Show the plan of `checkpoint`; `rehearse` runs it at once and moves nothing, `running` only looks on."""
        super().__init__()
        self.checkpoint = checkpoint
        self.rehearse = rehearse
        self.stage = "running" if running or rehearse else "planning"
        self.plan: MergePlan | None = None
        self.commit: set[str] = set()
        self._left_out: tuple[str, ...] = ()
        self.answer: Answer | None = None
        self._reader: Timer | None = None
        self._log = ""
        self._looking_on = running

    def body(self) -> ComposeResult:
        """Put plan or progress above, the running gate's output below."""
        with Vertical(id="main-merge"):
            yield LineView(id="plan", classes="panel")
            yield AnsiView(id="output", classes="panel")

    def on_mount(self) -> None:
        """Ask for the plan, or start the rehearsal."""
        super().on_mount()
        self.query_one("#plan").focus()
        self._look_on()
        self._show()
        if self.rehearse:
            start(self.app, partial(self._run, Check(checkpoint=self.checkpoint)))
        elif not self._looking_on:
            start(self, self._load)

    def view(self) -> CheckpointView | None:
        """Return the checkpoint as it is now."""
        board = self.autod.board
        return board.checkpoint(self.checkpoint) if board else None

    async def _load(self) -> None:
        answer = await self.autod.desk.ask(PlanMerge(checkpoint=self.checkpoint, leave_out=self._left_out))
        if answer.ok:
            self.plan = msgspec.convert(answer.data["plan"], MergePlan)
            self.commit = {step.workstream for step in self.plan.steps if step.uncommitted}
            self.stage = "plan"
        else:
            self.finish(answer)
        self._show()

    def action_commit_first(self) -> None:
        """Commit the selected step's uncommitted work first, or leave it behind; all when it has none."""
        name = self.query_one("#plan", LineView).selected
        if self.stage == "plan" and name and self.plan:
            dirty = {step.workstream for step in self.plan.steps if step.uncommitted}
            self.commit ^= {name} & dirty or dirty
            self._show()

    def _remembers(self) -> bool:
        """Say whether the plan settles a conflict as it was resolved before."""
        return self.stage == "plan" and self.plan is not None and any(s.how == "remembered" for s in self.plan.settled)

    def action_ask_again(self) -> None:
        """Forget how conflicts were resolved before, and plan anew."""
        if self._remembers():
            start(self, self._forget, exclusive=True)

    async def _forget(self) -> None:
        self.autod.tell_answer(await self.autod.desk.ask(Forget(checkpoint=self.checkpoint)))
        await self._load()

    def action_approve(self) -> None:
        """Carry the plan out, or do the next thing that the result offers."""
        if self.stage == "plan" and self.plan and not self.plan.refusals:
            self.stage = "running"
            commit = tuple(step.workstream for step in self.plan.steps if step.workstream in self.commit)
            request = Merge(approved=ApprovedPlan(self.plan, commit=commit))
            start(self.app, partial(self._run, request))
            self._show()
        elif self._conflicted():
            self.action_resolve()

    @on(LineView.Chosen, "#plan")
    def _chosen(self) -> None:
        self.action_approve()

    async def _run(self, request: Merge | Check) -> None:
        app = self.autod
        answer = await app.desk.ask(request)
        if self.is_attached:
            self.finish(answer)
        else:
            app.tell_answer(answer)

    def finish(self, answer: Answer) -> None:
        """Show what came of it."""
        self.answer = answer
        self.stage = "ended"
        self._show()
        if self._conflicted() and self.app.screen is self:
            self.action_resolve()

    def _conflicted(self) -> bool:
        view = self.view()
        transaction = view.record.transaction if view else None
        return self.stage != "plan" and transaction is not None and bool(transaction.conflicts)

    def action_resolve(self) -> None:
        """Open the conflicts that the merge waits for."""
        if self._conflicted():
            self.app.switch_screen(ConflictScreen(self.checkpoint, MergeScreen))

    def _guilty(self) -> tuple[str, ...]:
        """Who turned a gate red, once the merge has ended so."""
        view = self.view()
        guilt = view.record.guilt if view else None
        return guilt.workstreams if guilt and self.stage == "ended" and not self._conflicted() else ()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Say that `k` is the lists' own key as long as nobody can be left out."""
        return action != "leave_out" or bool(self._guilty())

    def action_leave_out(self) -> None:
        """After a red gate, plan the merge again without those who turned it red."""
        if guilty := self._guilty():
            self._left_out = guilty
            self.stage, self.answer, self.rehearse, self._looking_on = "planning", None, False, False
            self._show()
            start(self, self._load)

    def action_sync(self) -> None:
        """After a merge, offer the result to the others."""
        if self.stage == "ended" and self.answer and self.answer.ok and not self.rehearse:
            start(self, self._sync)

    async def _sync(self) -> None:
        planned = await self.autod.desk.ask(Sync(checkpoint=self.checkpoint))
        if not planned.ok or not planned.data.get("plan"):
            self.autod.tell_answer(planned)
            return
        source = plan_source(planned)
        if await self.app.push_screen_wait(Confirm(f"sync {self.checkpoint}", source, verb="Sync")):
            await self.autod.ask(Sync(checkpoint=self.checkpoint, approved=True))

    def board_changed(self, update: Update) -> None:
        """Follow the merge."""
        self._look_on()
        self._show()
        if self.stage == "ended" and self.app.screen is self:
            self.action_resolve()  # the board may know of the conflicts only after the answer came

    def _look_on(self) -> None:
        """A merge that somebody else carries out has ended once nothing of it is under way."""
        view = self.view()
        if self._looking_on and self.stage == "running" and view and view.record.transaction is None:
            self.stage = "ended"

    def _show(self) -> None:
        word = "rehearsal" if self.rehearse else "merge"
        plan = self.query_one("#plan", LineView)
        titled(plan, f"{word} of {self.checkpoint}", self._subtitle())
        plan.show_rows(self._rows)
        self._follow_log()
        self.show_hints()

    def _subtitle(self) -> str:
        if self.stage == "plan" and self.plan and self.plan.refusals:
            return "refused as it stands"
        words = {"planning": "making the plan", "plan": "nothing happens before you say y", "running": "under way"}
        if self.stage == "ended":
            view = self.view()
            merged = view is not None and view.record.state is CheckpointState.MERGED
            return "done" if (self.answer and self.answer.ok) or merged else "ended, nothing moved"
        return words[self.stage]

    def _rows(self, width: int) -> list[Row]:
        if self.stage == "planning":
            return paragraph("making the plan", width, "dim")
        if self.stage == "plan" and self.plan:
            return plan_rows(self.plan, self.commit, width)
        what = "rehearsing: nothing moves" if self.rehearse else MERGING
        what = what if self.stage == "running" else ""
        return progress_rows(self.view(), self.answer, width, what)

    def _follow_log(self) -> None:
        """Show the log of the gate that runs, or ran last; read it again only while one runs."""
        view = self.view()
        gates = view.gates if view and self.stage in ("running", "ended") else ()
        running = next((gate for gate in gates if gate.state is GateState.RUNNING), None)
        shown = running or next((gate for gate in reversed(gates) if gate.log), None)
        output = self.query_one("#output", AnsiView)
        output.display = shown is not None
        self.query_one("#plan").set_class(shown is not None, "above")
        if shown is None:
            return
        titled(output, f"{shown.name}", ending(shown.log, max(self.size.width - 8, 8)))
        changed, self._log = self._log != shown.log, shown.log
        if running and self._reader is None:
            self._reader = self.set_interval(READ_EVERY, self._read_log)
        elif running is None and self._reader is not None:
            self._reader.stop()
            self._reader = None
            changed = True
        if changed:
            self._read_log()

    def _read_log(self) -> None:
        start(self, partial(self._load_log, self._log), group="log", exclusive=True)

    async def _load_log(self, path: str) -> None:
        lines = await asyncio.to_thread(_tail, path)
        view = self.query_one("#output", AnsiView)
        view.show_lines(lines)
        view.call_after_refresh(view.scroll_end, animate=False)

    def hints(self) -> list[Hint]:
        """Return the keys that make sense at this stage."""
        leave = Hint("escape", "Back", "leave")
        if self.stage == "plan" and self.plan:
            dirty = (
                [Hint("space", "Commit it first", "commit_first")]
                if any(s.uncommitted for s in self.plan.steps)
                else []
            )
            again = [Hint("f", "Ask again", "ask_again")] if self._remembers() else []
            return [*([] if self.plan.refusals else [Hint("y", "Merge", "approve")]), *dirty, *again, leave]
        if self._conflicted():
            return [Hint("x", "Resolve", "resolve"), leave]
        if self.stage == "ended" and self.answer and self.answer.ok and not self.rehearse:
            return [Hint("s", "Sync the others", "sync"), leave]
        if guilty := self._guilty():
            return [Hint("k", f"Plan it without {joined(guilty)}", "leave_out"), leave]
        return [leave]


def _tail(path: str) -> tuple[str, ...]:
    """Return the last lines of a file; one line that says so when it can't be read."""
    try:
        with Path(path).open("rb") as file:
            file.seek(0, 2)
            file.seek(max(file.tell() - TAIL, 0))
            text = file.read().decode("utf-8", "replace")
    except OSError as error:
        return (f"{path}: {error.strerror}",)
    return tuple(text.replace("\r\n", "\n").rstrip("\n").split("\n"))
