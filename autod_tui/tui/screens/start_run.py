"""Starting a plan of tasks: choose it, what of it, and its sizes; what would run is shown before."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from autod_tui.core.amounts import count
from autod_tui.core.desk import Desk
from autod_tui.core.requests import Answer, StartRun
from autod_tui.core.run_plan import By, RunPlan
from autod_tui.tui.screens.base import titled
from autod_tui.tui.text import Row, fit, joined, labelled, paragraph, row
from autod_tui.tui.widgets.bars import FooterBar, Hint
from autod_tui.tui.widgets.lines import LineView
from autod_tui.tui.workers import start

FIELDS: tuple[tuple[str, str], ...] = (
    ("items", "all; or ids, ranges and batches: b1:1-20,1.4"),
    ("batch size", "as planned; or build=3 verify=2"),
    ("sessions", "as planned; or build=2"),
    ("model", "as planned"),
)


class StartRunScreen(ModalScreen[StartRun | None]):
    """Closes with the request that starts the plan; None when nothing is to be started."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("ctrl+s", "begin", show=False, priority=True),
        Binding("tab", "app.focus_next", show=False),
        Binding("shift+tab", "app.focus_previous", show=False),
    ]

    def __init__(self, desk: Desk, plans: tuple[str, ...]) -> None:
        """Offer `plans`."""
        super().__init__()
        self._desk = desk
        self._plans = plans
        self._answer: Answer | None = None
        self._asked: StartRun | None = None

    def compose(self) -> ComposeResult:
        """Yield the plans, the fields, and what would run."""
        with Vertical(classes="dialog wizard"):
            yield LineView(id="plans")
            for name, hint in FIELDS:
                with Horizontal(classes="field"):
                    yield Label(name)
                    yield Input(placeholder=hint, id=_id(name), compact=True)
            yield LineView(id="preview")
            yield FooterBar(id="footer")

    def on_mount(self) -> None:
        """Start with the plans."""
        titled(self.query_one(".dialog"), "start a plan of tasks")
        plans = self.query_one("#plans", LineView)
        plans.styles.height = max(min(len(self._plans), 6), 1)
        plans.show_rows(lambda width: [row(f" {name}", key=name) for name in self._plans] or _none(width))
        plans.focus()
        self.query_one(FooterBar).show_hints(
            [Hint("ctrl+s", "Start", "begin"), Hint("tab", "Next field"), Hint("escape", "Leave it", "leave")]
        )

    def request(self) -> StartRun | None:
        """Return what the fields say; None when they can't be read, which the preview then tells."""
        plan = self.query_one("#plans", LineView).selected
        if not plan:
            return None
        try:
            sizes, sessions = self._numbers("batch size"), self._numbers("sessions")
        except ValueError as error:
            self._answer = Answer(exit_code=2, message=str(error), hint="such as build=3 verify=2")
            return None
        return StartRun(
            plan=plan, items=self._text("items"), model=self._text("model"), batch_sizes=sizes, sessions=sessions
        )

    def _text(self, field: str) -> str:
        return self.query_one(f"#{_id(field)}", Input).value.strip()

    def _numbers(self, field: str) -> dict[str, int]:
        found: dict[str, int] = {}
        for word in self._text(field).replace(",", " ").split():
            name, _, number = word.partition("=")
            if not name or not (number.isascii() and number.isdigit()):
                raise ValueError(f"{field}: {word!r} is not STAGE=NUMBER")
            found[name] = int(number)
        return found

    @on(LineView.Highlighted, "#plans")
    @on(Input.Changed)
    def _changed(self) -> None:
        self._asked = self.request()
        if self._asked is None:
            self._show()
        else:
            start(self, partial(self._preview, self._asked), group="preview", exclusive=True)

    async def _preview(self, asked: StartRun) -> None:
        self._answer = await self._desk.ask(msgspec.structs.replace(asked, dry_run=True))
        self._show()

    def _show(self) -> None:
        answer = self._answer
        view = self.query_one("#preview", LineView)
        view.show_rows(lambda width: preview_rows(answer, width) if answer else [])

    @on(LineView.Chosen, "#plans")
    def _chosen(self) -> None:
        self.query_one(f"#{_id('items')}").focus()

    @on(Input.Submitted)
    def action_begin(self) -> None:
        """Close with the request, when there is nothing wrong with it."""
        asked = self.request()
        if asked is not None and asked == self._asked and self._answer is not None and self._answer.ok:
            self.dismiss(asked)
        self._show()

    def action_leave(self) -> None:
        """Close without one."""
        self.dismiss(None)

    @on(FooterBar.Picked)
    async def _picked(self, message: FooterBar.Picked) -> None:
        await self.run_action(message.action)


def _id(field: str) -> str:
    return field.replace(" ", "-")


def _none(width: int) -> list[Row]:
    return paragraph("there is no plan of tasks: write workstreams/NAME.toml", width, "warn")


def preview_rows(answer: Answer, width: int) -> list[Row]:
    """Return what a start would do, or why it can't."""
    if not answer.ok or "plan" not in answer.data:
        return [*paragraph(answer.message, width, "bad"), *paragraph(answer.hint, width, "dim")]
    plan = msgspec.convert(answer.data["plan"], RunPlan)
    tasks, skipped = answer.data.get("tasks", []), answer.data.get("skipped", [])
    rows = labelled("into", f"{plan.into}, {plan.isolation.value} isolation, {plan.max_sessions} sessions", width)
    rows += labelled("tasks", f"{len(tasks)}: {joined(tasks[:40])}{' ...' if len(tasks) > 40 else ''}", width)
    if skipped:
        rows += labelled("skipped", f"{count(len(skipped), 'task')} whose outputs are there", width, "dim")
    if plan.batches:
        rows += labelled("batches", joined(batch.name for batch in plan.batches), width)
    for stage in plan.stages:
        how = f"{count(stage.batch_size, 'task')} a session, {count(stage.sessions, 'session')}"
        text = how if stage.by is By.AGENT else f"by {stage.by.value}"
        rows.append(row((fit("stage", 11), "dim"), (fit(stage.name, 12), "bold"), (f" {text}", "")))
    for text in answer.data.get("warnings", []):
        rows += labelled("warning", text, width, "warn")
    return rows
