"""One more task for a run that goes on: what it is and what its prompt says."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label, TextArea

from autod_tui.core.requests import AddTasks, Answer
from autod_tui.core.run_plan import TaskSpec
from autod_tui.tui.safe import plain
from autod_tui.tui.screens.base import titled
from autod_tui.tui.screens.dialogs import leave_written
from autod_tui.tui.widgets.bars import FooterBar, Hint
from autod_tui.tui.workers import start

if TYPE_CHECKING:
    from autod_tui.tui.app import AutodApp

FIELDS: tuple[tuple[str, str], ...] = (
    ("id", "no blanks; must be new in this run"),
    ("title", "what it is about; empty: the id"),
    ("outputs", "paths that must be there in the end, with blanks between"),
    ("model", "as planned"),
    ("priority", "0; higher goes first"),
)


class AddTaskDialog(ModalScreen[Answer | None]):
    """Asks for a task and gives it to the run; closes with the answer once that has it, None when it is left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("ctrl+s", "add", show=False, priority=True),
    ]

    def __init__(self, run: str) -> None:
        """Ask for a task of `run`."""
        super().__init__()
        self._run = run

    def compose(self) -> ComposeResult:
        """Yield the fields, the prompt, what is wrong, the keys."""
        with Vertical(classes="dialog wizard"):
            for name, hint in FIELDS:
                with Horizontal(classes="field"):
                    yield Label(name)
                    yield Input(placeholder=hint, id=name, compact=True)
            yield Label("", id="problem", classes="problem", markup=False)
            yield Label("prompt: what is to be done", classes="prompt-label", markup=False)
            yield TextArea(id="prompt", compact=True)
            yield FooterBar(id="footer")

    def on_mount(self) -> None:
        """Start with the id."""
        titled(self.query_one(".dialog"), f"one more task for {self._run}")
        self._tell("")
        self.query_one(FooterBar).show_hints(
            [Hint("ctrl+s", "Add", "add"), Hint("tab", "Next field"), Hint("escape", "Leave it", "leave")]
        )
        self.query_one("#id").focus()

    def action_add(self) -> None:
        """Give the task to the run; what is wrong with it is told here."""
        try:
            task = self._written()
        except ValueError as error:
            self._tell(str(error))
            return
        start(self, partial(self._add, task), group="add", exclusive=True)

    def _written(self) -> TaskSpec:
        priority = self._text("priority") or "0"
        if not priority.removeprefix("-").isdecimal():
            raise ValueError(f"priority: {priority!r} is not a number")
        return TaskSpec(
            id=self._text("id"),
            title=self._text("title") or self._text("id"),
            body=self.query_one("#prompt", TextArea).text.strip(),
            model=self._text("model"),
            outputs=tuple(self._text("outputs").split()),
            priority=int(priority),
        )

    async def _add(self, task: TaskSpec) -> None:
        answer = await cast("AutodApp", self.app).desk.ask(AddTasks(run=self._run, tasks=(task,)))
        if answer.ok:
            self.dismiss(answer)
        else:
            self._tell(f"{answer.message}; {answer.hint}" if answer.hint else answer.message)

    def _text(self, field: str) -> str:
        return self.query_one(f"#{field}", Input).value.strip()

    def _tell(self, problem: str) -> None:
        label = self.query_one("#problem", Label)
        label.update(plain(problem))
        label.display = bool(problem)

    @on(Input.Submitted)
    def _next(self) -> None:
        self.focus_next()

    def action_leave(self) -> None:
        """Close without a task; a prompt that was written is lost only after a question."""
        leave_written(self, self.query_one("#prompt", TextArea).text, partial(self.dismiss, None))

    @on(FooterBar.Picked)
    async def _picked(self, message: FooterBar.Picked) -> None:
        await self.run_action(message.action)
