"""What waits for a person in one run: each task's diff, gates, outputs and checklist, and the verdict."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical

from autod_tui.core.amounts import count
from autod_tui.core.errors import AutodError
from autod_tui.core.run import RunRecord, TaskRecord, TaskState
from autod_tui.tui.commands import Selection, bindings
from autod_tui.tui.screens.base import titled
from autod_tui.tui.screens.review_rows import about_rows, commented_rows, place_of, waiting_rows
from autod_tui.tui.screens.run_page import RunPage
from autod_tui.tui.widgets.bars import Hint
from autod_tui.tui.widgets.lines import LineView
from autod_tui.tui.workers import start

WIDE = 110


class ReviewScreen(RunPage):
    """The tasks above (or at the left), the selected one's story and its diff below (or at the right)."""

    SCOPES = frozenset({"review"})
    ORDER = ("approve", "changes", "approve_all")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(SCOPES),
        Binding("n", "file(1)", show=False),
        Binding("N", "file(-1)", show=False),
        Binding("tab", "app.focus_next", show=False),
        Binding("shift+tab", "app.focus_previous", show=False),
    ]

    def __init__(self, run: str, task: str = "") -> None:
        """Review the run called `run`, beginning with `task`."""
        super().__init__()
        self.run_id = run
        self._start_at = task
        self._of: tuple[str, str] = ("", "")
        self._diff = ""

    def body(self) -> ComposeResult:
        """Yield the list, what is known about the task, and its diff."""
        with Container(id="main-review"):
            with Vertical(id="left"):
                yield LineView(id="waiting", classes="panel")
                yield LineView(id="about", classes="panel")
            yield LineView(id="diff", classes="panel")

    def on_mount(self) -> None:
        """Start in the list."""
        super().on_mount()
        waiting = self.list_at("waiting")
        waiting.selected = self._start_at
        waiting.focus()

    @property
    def run(self) -> RunRecord | None:
        """The run as it is now."""
        return self.run_called(self.run_id)

    def waiting(self, run: RunRecord) -> list[TaskRecord]:
        """Return the tasks that wait for a person."""
        return [task for task in run.tasks.values() if task.state is TaskState.REVIEW]

    def selection(self) -> Selection:
        """Return the task under the cursor."""
        run = self.run
        task = run.tasks.get(self.list_at("waiting").selected) if run else None
        return Selection(home=False, run=run, task=task, scopes=self.SCOPES)

    def place(self) -> str:
        """Return `FILE:LINE` of the diff's line under the cursor; empty while the diff is not in focus."""
        diff = self.list_at("diff")
        return place_of(diff.selected) if diff.has_focus else ""

    def show(self) -> None:
        """Show who waits, and the selected one."""
        run = self.run
        if run is None:
            return
        tasks = self.waiting(run)
        waiting = self.list_at("waiting")
        waiting.show_rows(lambda width: waiting_rows(run, tasks, width))
        if self.size.width < WIDE:
            waiting.styles.height = min(len(tasks) + 2, 6) if tasks else 3
        titled(waiting, f"{count(len(tasks), 'task')} for review", run.id)
        self._show_selected()

    def _show_selected(self) -> None:
        chosen = self.selection()
        run, task = chosen.run, chosen.task
        about = self.list_at("about")
        titled(about, task.id if task else "task")
        about.show_rows(lambda width: about_rows(run, task, width) if run and task else [])
        of = (task.id, task.head) if task else ("", "")
        if of != self._of:
            self._of = of
            self._show_diff("")
            start(self, partial(self._load, *of), group="diff", exclusive=True)

    async def _load(self, task: str, head: str) -> None:
        try:
            text = await self.autod.desk.task_diff(self.run_id, task) if task and head else ""
        except AutodError as error:
            self.autod.say(str(error), failed=True)
            return
        self._show_diff(text)

    def _show_diff(self, text: str) -> None:
        diff = self.list_at("diff")
        self._diff = text
        rows = commented_rows(text)
        files = text.count("\ndiff --git ") + text.startswith("diff --git ")
        titled(diff, f"diff of {self._of[0]}" if self._of[0] else "diff", count(files, "file") if files else "")
        diff.show_rows(lambda width: rows)
        diff.action_edge(0)

    def own_hints(self) -> list[Hint]:
        """Return how to come to the diff."""
        return [Hint("tab", "Diff, c on a line"), Hint("n", "Next file", "file(1)")]

    def action_file(self, by: int) -> None:
        """Go to the next or the previous file of the diff."""
        diff = self.list_at("diff")
        here = next((y for y, entry in enumerate(diff.rows) if entry.key and entry.key == diff.selected), 0)
        heads = [y for y, entry in enumerate(diff.rows) if entry.spans and entry.spans[0][0].startswith("diff --git ")]
        ahead = [y for y in heads if (y > here if by > 0 else y < here)]
        if ahead:
            diff.select(diff.rows[ahead[0] if by > 0 else ahead[-1]].key)
            diff.scroll_to(y=ahead[0] if by > 0 else ahead[-1], animate=False)

    @on(LineView.Highlighted, "#waiting")
    def _selected(self) -> None:
        self._show_selected()
        self.show_hints()

    @on(LineView.Chosen, "#waiting")
    def _chosen(self) -> None:
        self.list_at("diff").focus()

    @on(LineView.Chosen, "#diff")
    def _line_chosen(self) -> None:
        self.action_command("changes")
