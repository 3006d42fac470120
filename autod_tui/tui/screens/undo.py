"""The backups: everything autod moved or removed, to be brought back."""

from __future__ import annotations

import time
from typing import ClassVar

import msgspec
from textual import on
from textual.binding import Binding, BindingType

from autod_tui.core.git_ports import Backup
from autod_tui.core.requests import Answer, Undo
from autod_tui.tui.screens.dialogs import Confirm, text_source
from autod_tui.tui.screens.pager import Pager
from autod_tui.tui.text import Row, row, short, shorten
from autod_tui.tui.widgets.bars import Hint
from autod_tui.tui.widgets.lines import LineView
from autod_tui.tui.workers import start


class UndoPage(Pager):
    """Lists backups, newest first; enter brings one back after a question."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "restore", show=False)]

    def __init__(self, answer: Answer) -> None:
        """Show the backups that `answer` lists."""
        self.backups = msgspec.convert(answer.data.get("backups", []), list[Backup])
        super().__init__("backups", self._rows, f"{len(self.backups)}, newest first")

    def _rows(self, width: int) -> list[Row]:
        if not self.backups:
            return [row((" nothing was moved or removed yet", "dim"))]
        return [self._row(backup, width) for backup in self.backups]

    def _row(self, backup: Backup, width: int) -> Row:
        when = time.strftime("%d %b %H:%M", time.localtime(backup.at))
        return row(
            (f" {when}  {short(backup.oid)}  ", "dim"), (shorten(backup.what, max(width - 26, 10)), ""), key=backup.ref
        )

    def action_restore(self) -> None:
        """Ask, then bring the selected backup back."""
        start(self, self._restore, exclusive=True)

    @on(LineView.Chosen)
    def _chosen(self) -> None:
        self.action_restore()

    async def _restore(self) -> None:
        backup = next((entry for entry in self.backups if entry.ref == self.view.selected), None)
        if backup is None:
            return
        text = f"{backup.what}\n\nis brought back from {backup.ref}.\nWhat is there now is kept as a backup as well."
        if await self.app.push_screen_wait(Confirm("undo", text_source(text), verb="Bring back")):
            answer = await self.autod.ask(Undo(ref=backup.ref))
            if answer.ok:
                self.dismiss()

    def hints(self) -> list[Hint]:
        """How to bring one back."""
        return [Hint("enter", "Bring back", "restore"), Hint("escape", "Back", "leave")]
