"""Find a workstream: what is typed narrows the list, enter takes the one under the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from autod_tui.core.board import WorkstreamView
from autod_tui.tui import words
from autod_tui.tui.screens.base import titled
from autod_tui.tui.text import Row, fit, row, shorten
from autod_tui.tui.widgets.bars import FooterBar, Hint
from autod_tui.tui.widgets.lines import LineView


class FindDialog(ModalScreen[str]):
    """Closes with the name of a workstream; empty when none was taken."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
    ]

    def __init__(self, views: Sequence[WorkstreamView]) -> None:
        """Search in `views`."""
        super().__init__()
        self._views = views

    def compose(self) -> ComposeResult:
        """Yield the words, what they match, the keys."""
        with Vertical(classes="dialog"):
            yield Input(placeholder="part of a name, branch or title", id="words", compact=True)
            yield LineView(id="found")
            yield FooterBar(id="footer")

    def on_mount(self) -> None:
        """Offer all of them."""
        titled(self.query_one(".dialog"), "find a workstream")
        self.query_one(FooterBar).show_hints(
            [Hint("enter", "Select", "take"), Hint("↑↓", "Choose"), Hint("escape", "Back", "leave")]
        )
        self._show()
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _show(self) -> None:
        wanted = self.query_one(Input).value.lower().split()
        found = [view for view in self._views if all(word in _text(view) for word in wanted)]
        self.query_one(LineView).show_rows(lambda width: _rows(found, width))

    def action_move(self, by: int) -> None:
        """Move the cursor while the words keep the focus."""
        self.query_one(LineView).action_move(by)

    @on(Input.Submitted)
    @on(LineView.Chosen)
    def action_take(self) -> None:
        """Close with the one under the cursor."""
        self.dismiss(self.query_one(LineView).selected)

    def action_leave(self) -> None:
        """Close without one."""
        self.dismiss("")

    @on(FooterBar.Picked)
    async def _picked(self, message: FooterBar.Picked) -> None:
        await self.run_action(message.action)


def _text(view: WorkstreamView) -> str:
    return f"{view.name} {view.record.branch or view.spec.branch} {view.spec.title}".lower()


def _rows(views: Sequence[WorkstreamView], width: int) -> list[Row]:
    if not views:
        return [row(("nothing is called so", "dim"))]
    name = min(max(len(view.name) for view in views) + 2, max(width - 24, 12))
    rows = []
    for view in views:
        look = words.WORKSTREAM[view.record.state]
        title = shorten(view.spec.title, max(width - name - 14, 4))
        rows.append(
            row((fit(f"{look.mark} {look.word}", 12), look.role), fit(view.name, name), (title, "dim"), key=view.name)
        )
    return rows
