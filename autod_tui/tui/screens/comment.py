"""The comment that sends a task back."""

from __future__ import annotations

from autod_tui.tui.screens.dialogs import SendDialog


class CommentDialog(SendDialog):
    """Takes the comment of a request for changes; empty means that nothing is sent."""

    def __init__(self, task: str, text: str = "") -> None:
        """Ask what is to be changed in `task`, beginning with `text`."""
        super().__init__(task, text)
        self._about = task

    def heading(self) -> str:
        """Say what the text is for."""
        return f"what has to change in {self._about}: part of the next prompt"
