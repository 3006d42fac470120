"""One run's board: stages, tasks, sessions, and the selected task in full."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical

from autod_tui.core.amounts import count
from autod_tui.core.run import RunRecord, SessionRecord, TaskRecord, TaskState
from autod_tui.core.run_report import run_workers
from autod_tui.core.run_view import run_view
from autod_tui.tui.commands import Selection, bindings
from autod_tui.tui.screens.base import titled
from autod_tui.tui.screens.run_page import RunPage
from autod_tui.tui.widgets.bars import Hint
from autod_tui.tui.widgets.lines import LineView
from autod_tui.tui.widgets.run_rows import ALL, stage_rows, summary_rows
from autod_tui.tui.widgets.task_rows import SHOWN, TaskRows, session_rows, task_rows
from autod_tui.tui.widgets.worker_rows import worker_rows

WIDE = 110
PANELS = ("stages", "tasks", "task", "sessions", "workers")
LOWER = PANELS[2:]
"""Panels of which a narrow terminal shows one."""


class RunBoard(RunPage):
    """Follows one run; the stage under the cursor narrows the list of tasks."""

    SCOPES = frozenset({"run", "stage", "task", "session"})
    ORDER = (
        "session_answer", "session_attach", "session_log", "task_diff", "task_retry", "task_stop", "run_review",
        "run_resume", "run_pause", "run_stop", "run_retry", "run_tidy", "more_sessions", "fewer_sessions",
        "bigger_batch", "smaller_batch", "task_first", "task_last", "run_add", "run_export",
    )  # fmt: skip
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(SCOPES),
        *(Binding(str(number), f"panel('{name}')", show=False) for number, name in enumerate(PANELS, 1)),
        Binding("tab", "next_panel(1)", show=False),
        Binding("shift+tab", "next_panel(-1)", show=False),
        Binding("o", "narrow", show=False),
    ]

    def __init__(self, run: str, task: str = "", session: str = "") -> None:
        """Show the run called `run`, with `task` or `session` selected."""
        super().__init__()
        self.run_id = run
        self._start_at = task
        self._start_session = session
        self._shown = "all"
        self._rows = TaskRows()

    def body(self) -> ComposeResult:
        """Yield the summary above stages and tasks; the selected task and the sessions beside or below."""
        yield LineView(id="summary")
        yield LineView(id="stages", classes="panel")
        with Container(id="main-board"):
            yield LineView(id="tasks", classes="panel")
            with Vertical(id="right"):
                yield LineView(id="task", classes="panel lower")
                yield LineView(id="sessions", classes="panel lower")
                yield LineView(id="workers", classes="panel lower")

    def on_mount(self) -> None:
        """Start in the list of tasks."""
        super().on_mount()
        self.add_class("show-sessions")
        self.list_at("summary").can_focus = False
        tasks = self.list_at("tasks")
        tasks.selected = self._start_at
        tasks.focus()
        if self._start_session:
            self.go_to_session(self._start_session)

    def go_to_session(self, session: str) -> None:
        """Select a session, as soon as it is in the list, and stand there."""
        self.list_at("sessions").select_when_there(session)
        self.action_panel("sessions")

    @property
    def run(self) -> RunRecord | None:
        """The run as it is now."""
        return self.run_called(self.run_id)

    def selection(self) -> Selection:
        """Return the selected task, its stage, and the session in focus or the task's last one."""
        run = self.run
        if run is None:
            return Selection(home=False)
        task = run.tasks.get(self.list_at("tasks").selected)
        stage = self.list_at("stages").selected
        if stage in ("", ALL):
            stage = task.stage if task else ""
        return Selection(
            home=False, run=run, task=task, stage=stage, session=self._session(run, task), scopes=self.SCOPES
        )

    def _session(self, run: RunRecord, task: TaskRecord | None) -> SessionRecord | None:
        sessions = self.list_at("sessions")
        if sessions.has_focus and sessions.selected in run.sessions:
            return run.sessions[sessions.selected]
        return run.sessions.get(task.session) if task and task.session else None

    def show(self) -> None:
        """Show the run as it is now; only rows that differ are drawn."""
        run = self.run
        if run is None:
            return
        now = self.autod.clock()
        board = self.autod.board
        view = (board.run(run.id) if board else None) or run_view(run, now, self.autod.desk.plan.agents)
        self.list_at("summary").show_rows(lambda width: summary_rows(view, width))
        stages = self.list_at("stages")
        stages.styles.height = min(len(view.stages) + 4, max(self.size.height // 3, 5))
        titled(stages, f"[1] {run.id}", f"into {run.plan.into}")
        stages.show_rows(lambda width: stage_rows(view, run, width, self.autod.desk.plan.agents))
        sessions = self.list_at("sessions")
        titled(sessions, f"[4] {view.living} of {count(len(run.sessions), 'session')} at work")
        sessions.show_rows(lambda width: session_rows(run, width, now))
        if self.has_class("show-workers"):
            self._show_workers(run)
        self._show_tasks(run)

    def _show_workers(self, run: RunRecord) -> None:
        panel, workers = self.list_at("workers"), run_workers(run, self.autod.clock())
        titled(panel, f"[5] {count(len(workers), 'worker')}", "tasks that passed in an hour at work")
        panel.show_rows(lambda width: worker_rows(workers, width))

    def _show_tasks(self, run: RunRecord) -> None:
        tasks, stage = self.list_at("tasks"), self.list_at("stages").selected or ALL
        tasks.show_rows(lambda width: self._rows.rows(run, width, stage, self._shown))
        number = sum(1 for entry in tasks.rows if entry.key)
        where = "" if stage == ALL else f" in {stage}"
        which = "" if self._shown == "all" else f" {self._shown}"
        titled(
            tasks, f"[2] {count(number, 'task')}{which}{where}", "o shows only some" if self.size.width >= WIDE else ""
        )
        self._show_task(run)

    def _show_task(self, run: RunRecord) -> None:
        task = run.tasks.get(self.list_at("tasks").selected)
        panel = self.list_at("task")
        titled(panel, f"[3] {task.id}" if task else "[3] task")
        panel.show_rows(lambda width: task_rows(run, task, width) if task else [])

    def own_hints(self) -> list[Hint]:
        """Return the keys that choose what is seen."""
        return [Hint("o", "Only some", "narrow"), Hint("1-5", "Panels", "next_panel(1)")]

    def action_narrow(self) -> None:
        """Go on to the next selection of states."""
        names = list(SHOWN)
        self._shown = names[(names.index(self._shown) + 1) % len(names)]
        if run := self.run:
            self._show_tasks(run)
        self.show_hints()

    def action_panel(self, name: str) -> None:
        """Show and focus a panel."""
        if name in LOWER:
            self.remove_class(*(f"show-{panel}" for panel in LOWER))
            self.add_class(f"show-{name}")
        if name == "workers" and (run := self.run):
            self._show_workers(run)
        self.query_one(f"#{name}").focus()
        self.show_hints()

    def action_next_panel(self, by: int) -> None:
        """Go to the next panel."""
        focused = self.focused.id if self.focused and self.focused.id in PANELS else PANELS[-1]
        self.action_panel(PANELS[(PANELS.index(str(focused)) + by) % len(PANELS)])

    @on(LineView.Highlighted, "#tasks")
    def _task_selected(self) -> None:
        if run := self.run:
            self._show_task(run)
        self.show_hints()

    @on(LineView.Highlighted, "#stages")
    def _stage_selected(self) -> None:
        if run := self.run:
            self._show_tasks(run)
        self.show_hints()

    @on(LineView.Highlighted, "#sessions")
    def _session_selected(self) -> None:
        self.show_hints()

    @on(LineView.Chosen, "#tasks")
    @on(LineView.Chosen, "#sessions")
    def _chosen(self) -> None:
        chosen = self.selection()
        waits = chosen.task is not None and chosen.task.state is TaskState.REVIEW
        self.action_command("run_review" if waits and not self.list_at("sessions").has_focus else "session_attach")

    @on(LineView.Chosen, "#stages")
    def _stage_chosen(self) -> None:
        self.list_at("tasks").focus()
