"""The project-manager view: timeline, merge order and gates, conflict matrix, risks."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical

from autod_tui.core.amounts import count
from autod_tui.core.desk import Update
from autod_tui.core.timeline import make_timeline
from autod_tui.core.workstream import WorkstreamState
from autod_tui.tui.commands import Selection
from autod_tui.tui.screens.base import BoardScreen, titled
from autod_tui.tui.widgets import details, risks, timeline
from autod_tui.tui.widgets.lines import LineView
from autod_tui.tui.widgets.matrix import Matrix

WIDE = 110
OTHERS = "[2] checkpoint  [3] conflicts  [4] attention"
PANELS = ("timeline", "checkpoint", "matrix", "risks")


class PmScreen(BoardScreen):
    """Where the plan stands; narrow screens show one of the lower panels at a time."""

    PLACE = "plan"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "command('pm')", show=False),
        Binding("1", "panel('timeline')", show=False),
        Binding("2", "panel('checkpoint')", show=False),
        Binding("3", "panel('matrix')", show=False),
        Binding("4", "panel('risks')", show=False),
        Binding("shift+tab", "next_panel", show=False),
    ]

    def body(self) -> ComposeResult:
        """Timeline and risks on one side, checkpoint and matrix on the other."""
        with Container(id="main"):
            with Vertical(id="left"):
                yield LineView(id="timeline", classes="panel")
                yield LineView(id="risks", classes="panel lower")
            with Vertical(id="right"):
                yield LineView(id="checkpoint", classes="panel lower")
                yield Matrix(id="matrix").add_class("panel", "lower")

    def __init__(self, checkpoint: str = "") -> None:
        """Start with `checkpoint` selected."""
        super().__init__()
        self._start_at = checkpoint

    def on_mount(self) -> None:
        """Start with the timeline."""
        super().on_mount()
        table = self.query_one("#timeline", LineView)
        table.selected = self._start_at
        table.focus()
        self.add_class("show-checkpoint")

    def selection(self) -> Selection:
        """Return the checkpoint selected in the timeline."""
        board = self.autod.board
        name = self.query_one("#timeline", LineView).selected
        return Selection(None, board.checkpoint(name) if board and name else None, home=False)

    def board_changed(self, update: Update) -> None:
        """Show the new board."""
        board = update.board
        now = self.autod.clock()
        times = make_timeline(board, now)
        self.query_one("#timeline", LineView).show_rows(
            lambda width: timeline.timeline_rows(board.checkpoints, times, width, now)
        )
        self.query_one("#risks", LineView).show_rows(lambda width: risks.risk_rows(board, times, width))
        self.query_one(Matrix).show_board(board)
        done = sum(1 for view in board.workstreams if view.record.state is WorkstreamState.DONE)
        tally = f"{done} of {count(len(board.workstreams), 'workstream')} done"
        titled(self.query_one("#timeline"), "[1] checkpoints", tally)
        others = "" if self.size.width >= WIDE else OTHERS
        titled(self.query_one("#matrix"), "[3] conflicts ahead", others)
        titled(self.query_one("#risks"), "[4] needs attention", others)
        self._show_checkpoint()
        super().board_changed(update)

    def _show_checkpoint(self) -> None:
        view = self.selection().checkpoint
        panel = self.query_one("#checkpoint", LineView)
        others = "" if self.size.width >= WIDE else OTHERS
        titled(panel, f"[2] {view.name}" if view else "[2] checkpoint", others)
        now = self.autod.clock()
        panel.show_rows(lambda width: details.checkpoint_rows(view, width, now) if view else [])

    def action_panel(self, name: str) -> None:
        """Show and focus a panel."""
        if name != "timeline":
            self.remove_class(*(f"show-{panel}" for panel in PANELS))
            self.add_class(f"show-{name}")
        self.query_one(f"#{name}").focus()

    def action_next_panel(self) -> None:
        """Go to the next panel."""
        focused = self.focused.id if self.focused and self.focused.id in PANELS else PANELS[-1]
        self.action_panel(PANELS[(PANELS.index(str(focused)) + 1) % len(PANELS)])

    def on_click(self, event: events.Click) -> None:
        """Show the panel whose name, in the lower border of the one that is seen, is clicked."""
        panel, _ = self.get_widget_at(event.screen_x, event.screen_y)
        if not panel.has_class("lower") or event.screen_y != panel.region.bottom - 1:
            return
        at = event.screen_x - (panel.region.right - 3 - len(OTHERS))
        names = [(OTHERS.index(f"[{number}]"), name) for number, name in enumerate(PANELS[1:], 2)]
        if 0 <= at < len(OTHERS) and self.size.width < WIDE:
            self.action_panel(max(one for one in names if one[0] <= at)[1])

    @on(LineView.Highlighted, "#timeline")
    def _selected(self) -> None:
        self._show_checkpoint()
        self.show_footer()

    @on(LineView.Chosen, "#timeline")
    def _chosen(self) -> None:
        self.action_panel("checkpoint")
