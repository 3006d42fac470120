"""The comment that sends a task back."""

from __future__ import annotations

from autod_tui.tui.screens.base import titled
from autod_tui.tui.screens.dialogs import SendDialog


class CommentDialog(SendDialog):
    """Takes the comment of a request for changes; empty means that nothing is sent."""

    def __init__(self, task: str, text: str = "") -> None:
        """Ask what is to be changed in `task`, beginning with `text`."""
        super().__init__(task, text)
        self._about = task

    def on_mount(self) -> None:
        """Say what the text is for."""
        super().on_mount()
        titled(self.query_one(".dialog"), f"what has to change in {self._about}", "it becomes part of the next prompt")
