"""The list of runs, past and present, with a look at the selected one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from autod_tui.core.amounts import count
from autod_tui.core.plan import AgentProfile
from autod_tui.core.run import RunRecord
from autod_tui.core.run_view import run_view
from autod_tui.tui.commands import Selection, bindings
from autod_tui.tui.run_words import BATCH_ROLES
from autod_tui.tui.screens.base import titled
from autod_tui.tui.screens.run_page import RunPage
from autod_tui.tui.text import Row, fit, row
from autod_tui.tui.widgets.lines import LineView
from autod_tui.tui.widgets.run_rows import run_rows, stage_rows, summary_rows, waiting_first


class RunsScreen(RunPage):
    """All runs, the newest first."""

    SCOPES = frozenset({"runs", "run"})
    ORDER = (
        "run_open",
        "run_start",
        "run_review",
        "run_pause",
        "run_resume",
        "run_stop",
        "run_retry",
        "run_tidy",
        "run_add",
        "run_export",
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(SCOPES),
        Binding("b", "leave", show=False),
        Binding("tab", "app.focus_next", show=False),
    ]

    def body(self) -> ComposeResult:
        """Yield the list and, below, the selected run."""
        with Vertical(id="main-runs"):
            yield LineView(id="runs", classes="panel")
            yield LineView(id="run", classes="panel")

    def on_mount(self) -> None:
        """Start in the list."""
        super().on_mount()
        self.list_at("runs").focus()

    def selection(self) -> Selection:
        """Return the selected run."""
        return Selection(home=False, run=self.run_called(self.list_at("runs").selected), scopes=self.SCOPES)

    def show(self) -> None:
        """Show all runs."""
        runs = waiting_first(list(self.autod.desk.runs.values())[::-1])
        now = self.autod.clock()
        self.list_at("runs").show_rows(lambda width: run_rows(runs, width, now, self.autod.desk.plan.agents))
        titled(self.list_at("runs"), "runs of tasks", count(len(runs), "run") if runs else "")
        self._show_selected()

    def _show_selected(self) -> None:
        run = self.selection().run
        panel = self.list_at("run")
        panel.display = run is not None
        if run is None:
            return
        now, agents = self.autod.clock(), self.autod.desk.plan.agents
        titled(panel, run.plan.title or run.plan.name, f"into {run.plan.into}")
        panel.show_rows(lambda width: overview_rows(run, now, width, agents))

    @on(LineView.Highlighted, "#runs")
    def _selected(self) -> None:
        self._show_selected()
        self.show_hints()

    @on(LineView.Chosen, "#runs")
    def _chosen(self) -> None:
        self.action_command("run_open")


def overview_rows(run: RunRecord, now: float, width: int, agents: Mapping[str, AgentProfile]) -> list[Row]:
    """Return a run's summary, stages and batches."""
    view = run_view(run, now, agents)
    stages = [entry._replace(key="") for entry in stage_rows(view, run, width, agents)]
    rows = [*summary_rows(view, width), row(""), *stages]
    if view.batches:
        rows += [row(""), row((f" {fit('batch', 24)} done", "head"))]
    for batch in view.batches:
        name = fit(f"{batch.name} {batch.title}", 24)
        done = fit(f"{batch.done}/{len(batch.tasks)}", 8)
        rows.append(row((f" {name} ", ""), (done, "dim"), (batch.state, BATCH_ROLES.get(batch.state, ""))))
    return rows
