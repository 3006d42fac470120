"""Allowing more: asks for a new limit of a workstream, or of the project, and sets it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from autod_tui.core.amounts import dollars_of, tokens_of
from autod_tui.core.board import WorkstreamView
from autod_tui.core.errors import UsageError
from autod_tui.core.requests import RaiseLimit
from autod_tui.core.usage import Usage
from autod_tui.core.usage_words import usage_words
from autod_tui.tui.screens.base import titled
from autod_tui.tui.screens.dialogs import text_source
from autod_tui.tui.widgets.bars import FooterBar, Hint
from autod_tui.tui.widgets.lines import LineView

if TYPE_CHECKING:
    from autod_tui.tui.app import AutodApp


class AllowDialog(ModalScreen[str]):
    """Takes an amount such as `$20` or `2M tokens`; empty leaves everything as it is."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self, who: str, told: str) -> None:
        """Ask how much `who` may use; `told` says what it has used."""
        super().__init__()
        self._who = who
        self._told = told

    def compose(self) -> ComposeResult:
        """Yield what is used, the amount, the keys."""
        with Vertical(classes="dialog fitting"):
            yield LineView(id="text")
            yield Input(placeholder="up to, in all: $20 or 2M tokens", id="amount", compact=True)
            yield FooterBar(id="footer")

    def on_mount(self) -> None:
        """Show what is known and start writing."""
        titled(self.query_one(".dialog"), f"allow {self._who} more")
        self.query_one("#text", LineView).show_rows(text_source(self._told))
        self.query_one(FooterBar).show_hints([Hint("enter", "Allow"), Hint("escape", "Leave it", "leave")])
        self.query_one(Input).focus()

    def action_leave(self) -> None:
        """Close without an amount."""
        self.dismiss("")

    @on(Input.Submitted)
    def _submitted(self, message: Input.Submitted) -> None:
        self.dismiss(message.value.strip())

    @on(FooterBar.Picked)
    async def _picked(self, message: FooterBar.Picked) -> None:
        await self.run_action(message.action)


async def allow_more(app: AutodApp, view: WorkstreamView | None, used: Usage, project_limit: str) -> None:
    """Ask for a new limit and set it: the workstream's, or the project's while that is reached or none is chosen."""
    whole = view is None or (project_limit and not view.limit)
    name = "" if whole or view is None else view.name
    usage, limit = (used, project_limit) if view is None or whole else (view.record.usage, view.limit)
    told = "\n".join(filter(None, (limit, f"used so far: {usage_words(usage) or 'nothing is known'}")))
    text = await app.push_screen_wait(AllowDialog(name or "the project", told))
    if not text:
        return
    try:
        await app.ask(request_of(name, text))
    except UsageError as error:
        app.say(f"{error.message}: {error.hint}", failed=True)


def request_of(name: str, text: str) -> RaiseLimit:
    """Read `$20`, `20`, `2M` or `500000 tokens`; UsageError for anything else."""
    words = text.lower().removesuffix("tokens").strip()
    tokens = words != text.lower().strip() or words.endswith(("k", "m"))
    if tokens:
        return RaiseLimit(name=name, tokens=tokens_of(words))
    return RaiseLimit(name=name, cost_usd=dollars_of(words))
