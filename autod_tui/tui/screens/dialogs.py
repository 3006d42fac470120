"""Small modal dialogs: confirm, send."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, TextArea

from autod_tui.tui.safe import clean, clean_block
from autod_tui.tui.screens.base import titled
from autod_tui.tui.text import Row, paragraph, row
from autod_tui.tui.widgets.bars import FooterBar, Hint
from autod_tui.tui.widgets.lines import LineView, Source

FEW = 40
"""Characters of one line that are written again without anger."""


class Confirm(ModalScreen[bool]):
    """Says what will happen and asks; with `word` the person must type it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "answer(False)", show=False),
        Binding("y", "yes", show=False),
        Binding("enter", "yes", show=False),
    ]

    def __init__(self, title: str, source: Source, *, verb: str, word: str = "", possible: bool = True) -> None:
        """Ask for `verb`; when it is not `possible`, only show why."""
        super().__init__()
        self._title = title
        self._source = source
        self._verb = verb
        self._word = word
        self._possible = possible

    def compose(self) -> ComposeResult:
        """Yield the text, the word to type, the keys."""
        with Vertical(classes="dialog fitting"):
            yield LineView(id="text")
            if self._word and self._possible:
                yield Input(placeholder=f"type {self._word} to go on", id="word", compact=True)
            yield FooterBar(id="footer")

    def on_mount(self) -> None:
        """Show the text and the keys."""
        titled(self.query_one(".dialog"), self._title)
        self.query_one("#text", LineView).show_rows(self._source)
        keys = "enter" if self._word else "y"
        yes = [Hint(keys, self._verb, "yes")] if self._possible else []
        self.query_one(FooterBar).show_hints([*yes, Hint("escape", "Leave it" if yes else "Back", "answer(False)")])
        (self.query_one("#word") if self._word and self._possible else self.query_one("#text")).focus()

    def action_yes(self) -> None:
        """Agree, if the word is there."""
        if self._possible and (not self._word or self.query_one("#word", Input).value == self._word):
            self.dismiss(True)

    def action_answer(self, yes: bool) -> None:
        """Close with an answer."""
        self.dismiss(yes)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_yes()

    @on(FooterBar.Picked)
    async def _picked(self, message: FooterBar.Picked) -> None:
        await self.run_action(message.action)


class Pick(ModalScreen[str]):
    """Offers a few ways to go on; closes with the key of one, empty when it is left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self, title: str, ways: Sequence[tuple[str, str]]) -> None:
        """Offer `ways`: the letter that takes each, and what it does."""
        super().__init__()
        self._title = title
        self._ways = ways

    def compose(self) -> ComposeResult:
        """Yield the ways and the keys."""
        with Vertical(classes="dialog fitting"):
            yield LineView(id="ways")
            yield FooterBar(id="footer")

    def on_mount(self) -> None:
        """Stand on the first one."""
        titled(self.query_one(".dialog"), self._title)
        rows = [row((f"{key}  ", "key"), (what, ""), key=key) for key, what in self._ways]
        self.query_one("#ways", LineView).show_rows(lambda width: rows)
        self.query_one("#ways").focus()
        self.query_one(FooterBar).show_hints([Hint("enter", "Take it"), Hint("escape", "Leave it", "leave")])

    def on_key(self, event: events.Key) -> None:
        """Take a way by its letter."""
        if event.character in dict(self._ways):
            event.stop()
            self.dismiss(event.character)

    @on(LineView.Chosen)
    def _chosen(self, message: LineView.Chosen) -> None:
        self.dismiss(message.key)

    def action_leave(self) -> None:
        """Close without any."""
        self.dismiss("")

    @on(FooterBar.Picked)
    async def _picked(self, message: FooterBar.Picked) -> None:
        await self.run_action(message.action)


class LineDialog(ModalScreen[str]):
    """Takes one line, such as a path; empty when it is left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self, title: str, text: str) -> None:
        """Offer `text` to be changed or taken as it is."""
        super().__init__()
        self._title = title
        self._text = text

    def compose(self) -> ComposeResult:
        """Yield the line and the keys."""
        with Vertical(classes="dialog line"):
            yield Input(clean(self._text), id="line", compact=True)
            yield FooterBar(id="footer")

    def on_mount(self) -> None:
        """Start writing."""
        titled(self.query_one(".dialog"), self._title)
        self.query_one(FooterBar).show_hints([Hint("enter", "Take it", "take"), Hint("escape", "Leave it", "leave")])
        self.query_one("#line").focus()

    @on(Input.Submitted)
    def action_take(self) -> None:
        """Close with the line."""
        self.dismiss(self.query_one("#line", Input).value.strip())

    def action_leave(self) -> None:
        """Close without one."""
        self.dismiss("")

    @on(FooterBar.Picked)
    async def _picked(self, message: FooterBar.Picked) -> None:
        await self.run_action(message.action)


def leave_written(screen: Screen[Any], written: str, leave: Callable[[], object]) -> None:
    """Leave at once when nothing was written, else after a question: nobody writes a long text twice."""
    if not written.strip():
        leave()
        return

    def answered(yes: bool | None) -> None:
        if yes:
            leave()

    screen.app.push_screen(Confirm("leave", text_source("What is written here is not kept."), verb="Leave"), answered)


def text_source(text: str, role: str = "") -> Source:
    """Return a source that wraps plain text."""

    def make(width: int) -> list[Row]:
        return paragraph(text, width, role)

    return make


class SendDialog(ModalScreen[str]):
    """Takes a text of one or more lines; empty means that nothing is to be sent."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("ctrl+s", "send", show=False, priority=True),
    ]

    def __init__(self, to: str, text: str = "") -> None:
        """Ask for a text to send to `to`."""
        super().__init__()
        self._to = to
        self._text = text

    def heading(self) -> str:
        """Say what the text is for."""
        return f"send to {self._to}"

    def compose(self) -> ComposeResult:
        """Yield an editor and the keys."""
        with Vertical(classes="dialog"):
            yield TextArea(clean_block(self._text), id="message", compact=True)
            yield FooterBar(id="footer")

    def on_mount(self) -> None:
        """Start writing."""
        titled(self.query_one(".dialog"), self.heading())
        self.query_one(FooterBar).show_hints(
            [Hint("ctrl+s", "Send", "send"), Hint("enter", "New line"), Hint("escape", "Leave it", "leave")]
        )
        area = self.query_one(TextArea)
        area.focus()
        area.move_cursor(area.document.end)

    def action_send(self) -> None:
        """Close with the text."""
        self.dismiss(self.query_one(TextArea).text.strip())

    def action_leave(self) -> None:
        """Close without a text; more than a few words are lost only after a question."""
        text = self.query_one(TextArea).text
        short = len(text) < FEW and "\n" not in text
        leave_written(self, "" if short or text == clean_block(self._text) else text, partial(self.dismiss, ""))

    @on(FooterBar.Picked)
    async def _picked(self, message: FooterBar.Picked) -> None:
        await self.run_action(message.action)
