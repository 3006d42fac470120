"""Home: all workstreams, and the live pane of the selected one."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container, Vertical

from autod_tui.core.board import WorkstreamView
from autod_tui.core.checkpoint import CheckpointState
from autod_tui.core.desk import Update
from autod_tui.tui import words
from autod_tui.tui.commands import Selection
from autod_tui.tui.screens.base import BoardScreen, titled
from autod_tui.tui.text import Row, row
from autod_tui.tui.widgets import details, feed, workstreams
from autod_tui.tui.widgets.bars import FooterBar, Hint
from autod_tui.tui.widgets.lines import LineView
from autod_tui.tui.widgets.live_pane import LivePane
from autod_tui.tui.widgets.run_rows import going, going_row

WIDE = 110
"""Columns from which list and pane stand side by side."""


MOST_RUNS = 3
"""Runs seen at once beside the workstreams."""
FEED = 60
"""Rows of news beside the list; the events page has all."""


class HomeScreen(BoardScreen):
    """The list, the pane, and on wide screens what is known about the selected workstream and what happened."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012

    def body(self) -> ComposeResult:
        """Put the list with details and feed on one side, the pane on the other."""
        with Container(id="main"):
            with Vertical(id="left"):
                yield LineView(id="workstreams", classes="panel")
                yield LineView(id="runs", classes="panel")
                yield LineView(id="details", classes="panel")
                yield LineView(id="feed", classes="panel")
            live = LivePane(self.autod.desk, id="live")
            live.add_class("panel")
            yield live

    def on_mount(self) -> None:
        """Start with the list in focus."""
        self.set_class(self.app.size.width < WIDE, "-narrow")
        super().on_mount()
        self.table.focus()
        titled(self.table, "workstreams")

    @property
    def table(self) -> LineView:
        """The list of workstreams."""
        return self.query_one("#workstreams", LineView)

    @property
    def live(self) -> LivePane:
        """The live pane."""
        return self.query_one(LivePane)

    def view(self) -> WorkstreamView | None:
        """Return the selected workstream."""
        board = self.autod.board
        return board.workstream(self.table.selected) if board and self.table.selected else None

    def selection(self) -> Selection:
        """Return the selected workstream, and the checkpoint that it comes to next."""
        board, view = self.autod.board, self.view()
        if board is None:
            return Selection()
        names: Sequence[str] = view.checkpoints if view and view.checkpoints else ()
        own = [checkpoint for checkpoint in board.checkpoints if checkpoint.name in names] or list(board.checkpoints)
        still = [checkpoint for checkpoint in own if checkpoint.record.state is not CheckpointState.MERGED]
        checkpoints = still or own[-1:]
        return Selection(view, checkpoints[0] if checkpoints else None)

    def board_changed(self, update: Update) -> None:
        """Show the new board; only what differs is drawn, and nothing while a page covers all of it."""
        if self.app.screen is not self and not self.app.screen.is_modal:
            return
        views = workstreams.in_order(update.board.workstreams)
        self._fit_list(len(views))
        self.table.selected = self.table.selected or next((view.name for view in views), "")
        self.table.show_rows(lambda width: self._rows(views, width))
        number = len(views)
        titled(self.table, f"workstreams {number}" if number else "workstreams")
        self.query_one("#feed", LineView).show_rows(self._feed)
        titled(self.query_one("#feed"), "events")
        self._show_runs()
        self._show_selected()
        super().board_changed(update)

    def _show_runs(self) -> None:
        """Tell of the runs that go on or wait for a person; without any, nothing stands here."""
        runs = going(self.autod.desk.runs.values())
        panel = self.query_one("#runs", LineView)
        panel.display = bool(runs)
        if runs:
            panel.styles.height = min(len(runs), MOST_RUNS) + 2
            titled(panel, "runs", "b all, enter opens")
            panel.show_rows(lambda width: [going_row(run, width, self.autod.desk.plan.agents) for run in runs])

    def _rows(self, views: Sequence[WorkstreamView], width: int) -> list[Row]:
        if not views:
            return [row(""), row(("  no workstreams yet: ", "dim"), ("n", "key"), (" makes one", "dim"))]
        return workstreams.workstream_rows(views, width, self.autod.clock())

    def _feed(self, width: int) -> list[Row]:
        return feed.feed_rows(reversed(self.autod.entries), width, most=FEED)

    def _fit_list(self, number: int) -> None:
        """Give the list the rows it needs, but leave room for the rest."""
        size = self.app.size  # the screen itself has none before the first layout
        height = size.height - 2
        share = 0.45 if size.width >= WIDE else 0.5
        self.table.styles.height = max(5, min(number + 3, int(height * share)))

    def _show_selected(self) -> None:
        view = self.view()
        panel = self.query_one("#details", LineView)
        titled(panel, view.name if view else "details")
        now = self.autod.clock()
        panel.show_rows(lambda width: details.workstream_rows(view, width, now) if view else [])
        self._show_live(view)
        self.show_footer()

    def _show_live(self, view: WorkstreamView | None) -> None:
        live = self.live
        if view is None:
            live.follow("", ("no workstream is selected",))
            titled(live, "pane")
            return
        look = words.WORKSTREAM[view.record.state]
        live.follow(view.name, _no_pane_note(view), pane=view.record.pane)
        mode = "typing: every key goes to the agent, F12 or ctrl+] leaves" if live.typing else ""
        titled(live, f"{view.name} {look.mark} {look.word}", mode)

    def on_screen_resume(self) -> None:
        """Capture again: the pane is on screen."""
        self.live.watch_now(True)
        self._first()

    def on_screen_suspend(self) -> None:
        """Another screen covers the pane."""
        self.live.watch_now(self.app.screen.is_modal)

    def on_resize(self, event: events.Resize) -> None:
        """Divide the height anew."""
        if self.autod.board is not None:
            self._fit_list(len(self.autod.board.workstreams))

    @on(LineView.Highlighted, "#workstreams")
    def _selected(self) -> None:
        self._show_selected()

    @on(LineView.Chosen, "#workstreams")
    def _chosen(self) -> None:
        self.action_command("attach")

    @on(LineView.Chosen, "#runs")
    def _run_chosen(self, message: LineView.Chosen) -> None:
        from autod_tui.tui.screens.board import RunBoard  # not needed for the first frame

        self.autod.read_pages()
        self.app.push_screen(RunBoard(message.key))

    @on(LivePane.TypeModeChanged)
    def _type_mode(self) -> None:
        if self.live.typing:
            self.query_one(FooterBar).show_hints([Hint("F12", "Leave type mode"), Hint("ctrl+]", "the same")])
        elif self.live.has_focus:
            self.table.focus()
        self._show_live(self.view())
        if not self.live.typing:
            self.show_footer()

    def show_footer(self) -> None:
        """Offer the keys that suit the selection; in type mode none of them works."""
        if not self.live.typing:
            super().show_footer()


def _no_pane_note(view: WorkstreamView) -> tuple[str, ...]:
    if view.record.pane:
        return ("the pane shows nothing yet",)
    if view.waits_for:
        return (f"starts after {', '.join(view.waits_for)}",)
    if view.record.to_start:
        return ("is about to start",)
    return ("no agent is running here", "u starts it")
