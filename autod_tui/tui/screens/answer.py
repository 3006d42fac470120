"""Answer an agent: its question, the choices it offers by number or arrow, and a field for words of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from autod_tui.core.agent_ports import Choice, Question
from autod_tui.core.requests import Answer, AnswerAgent, ReadQuestion
from autod_tui.tui import words
from autod_tui.tui.screens.base import titled
from autod_tui.tui.text import Row, fit, row, wrap
from autod_tui.tui.widgets.bars import FooterBar, Hint
from autod_tui.tui.widgets.lines import LineView

if TYPE_CHECKING:
    from autod_tui.tui.app import AutodApp


async def answer_agent(app: AutodApp, name: str) -> None:
    """Show what an agent asks and send the answer; a question that follows is shown in turn."""
    asked = await app.desk.ask(ReadQuestion(name=name))
    while True:
        if not asked.data.get("question"):
            app.tell_answer(asked)
            return
        request = await app.push_screen_wait(AnswerDialog(name, asked))
        if request is None:
            return
        told = await app.ask(request, quiet=True)
        if told.ok and not told.data.get("question"):
            return
        asked = told if told.ok else await app.desk.ask(ReadQuestion(name=name))


class AnswerDialog(ModalScreen[AnswerAgent | None]):
    """Closes with the answer to exactly the question that it shows; None when it is left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("tab,shift+tab", "other", show=False, priority=True),
    ]

    def __init__(self, name: str, asked: Answer) -> None:
        """Show what `name` asks, as the answer to `ReadQuestion` tells it."""
        super().__init__()
        self._who = name
        self._seen = str(asked.data.get("seen", ""))
        self._question = msgspec.convert(asked.data["question"], Question)

    def compose(self) -> ComposeResult:
        """Yield the question, the choices, the field, the keys."""
        with Vertical(classes="dialog fitting"):
            yield LineView(id="asked")
            if self._question.choices:
                yield LineView(id="choices")
            if self._question.free_text:
                yield Input(placeholder="words of your own", id="words", compact=True)
            yield FooterBar(id="footer")

    def on_mount(self) -> None:
        """Stand where the agent's own cursor stands."""
        question = self._question
        titled(self.query_one(".dialog"), f"{self._who} asks")
        self.query_one("#asked", LineView).show_rows(lambda width: _asked(question, width))
        if question.choices:
            choices = self.query_one("#choices", LineView)
            choices.show_rows(lambda width: _choices(question, width))
            choices.select_when_there(next((one.key for one in question.choices if one.selected), ""))
            choices.focus()
        elif question.free_text:
            self.query_one("#words").focus()
        self._show_hints()

    def _show_hints(self) -> None:
        keys = [one.key for one in self._question.choices if len(one.key) == 1]
        hints = [Hint("/".join(keys), "Answer at once")] if keys and not self._writing else []
        hints.append(Hint("enter", "Send" if self._writing else "Answer", "take"))
        if self._question.free_text and self._question.choices:
            hints.append(Hint("tab", "Choices" if self._writing else "Own words", "other"))
        self.query_one(FooterBar).show_hints([*hints, Hint("escape", "Leave it", "leave")])

    @property
    def _writing(self) -> bool:
        return isinstance(self.focused, Input)

    def on_descendant_focus(self) -> None:
        """Tell the keys that work now."""
        self._show_hints()

    def on_key(self, event: events.Key) -> None:
        """Answer by a choice's own key, unless words are being written."""
        choice = next((one for one in self._question.choices if one.key == event.character), None)
        if choice is not None and not self._writing:
            event.stop()
            self._answer(choice=choice.key)

    def action_other(self) -> None:
        """Go from the choices to the words, or back."""
        if self._question.choices and self._question.free_text:
            # at once: `focus()` would come after keys that are typed already
            self.set_focus(self.query_one("#choices" if self._writing else "#words"))

    @on(Input.Submitted)
    @on(LineView.Chosen, "#choices")
    def action_take(self) -> None:
        """Send the words, or the choice under the cursor."""
        if not self._writing and self._question.choices:
            self._answer(choice=self.query_one("#choices", LineView).selected)
        elif self._question.free_text and (text := self.query_one("#words", Input).value.strip()):
            self._answer(text=text)

    def _answer(self, *, choice: str = "", text: str = "") -> None:
        self.dismiss(AnswerAgent(name=self._who, choice=choice, text=text, seen=self._seen))

    def action_leave(self) -> None:
        """Close without an answer."""
        self.dismiss(None)

    @on(FooterBar.Picked)
    async def _picked(self, message: FooterBar.Picked) -> None:
        await self.run_action(message.action)


def _asked(question: Question, width: int) -> list[Row]:
    lines = [part for line in question.text.split("\n") for part in wrap(line, width)]
    return [row((line, "bold" if number == len(lines) - 1 else "")) for number, line in enumerate(lines)]


def _choices(question: Question, width: int) -> list[Row]:
    return [line for choice in question.choices for line in _choice(choice, width)]


def _choice(choice: Choice, width: int) -> list[Row]:
    """Return a choice's label wrapped beside its key; only its first row can be selected."""
    size = max(len(choice.key), 1)
    mark = words.glyph("pointer") if choice.selected else " "
    first, *rest = wrap(choice.label, max(width - size - 4, 8))
    return [
        row((f"{mark} ", "accent"), (fit(choice.key, size), "key"), (f"  {first}", ""), key=choice.key),
        *(row((" " * (size + 4) + line, "")) for line in rest),
    ]
