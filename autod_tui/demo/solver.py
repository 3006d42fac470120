"""The demo agent handed the conflicts of a merge: it settles each marked file and commits nothing.

It knows what the demo's own conflict should become; in any other file both sides stay, one after the other. Standard
library only.
"""

from __future__ import annotations

import re
from pathlib import Path

from autod_tui.demo.listener import Listener
from autod_tui.demo.screen import BOLD, RESET, Screen
from autod_tui.demo.story import CONFLICT_FILES, resolution
from autod_tui.demo.worker import Worker

PREFIX = "resolve-"
"""How the agent that is handed conflicts is called: this, and the checkpoint's name."""
_CLASH = re.compile(
    r"^<{7}[^\n]*\n(?P<ours>.*?)(?:^\|{7}[^\n]*\n.*?)?^={7}\r?\n(?P<theirs>.*?)^>{7}[^\n]*(?:\n|\Z)",
    re.DOTALL | re.MULTILINE,
)


class Solver:
    """Works in the worktree where the conflicts are laid out."""

    def __init__(self, worker: Worker, worktree: Path, screen: Screen, listener: Listener) -> None:
        """Solve in `worktree`, then listen until told to leave."""
        self._worker = worker
        self._worktree = worktree
        self._screen = screen
        self._listener = listener

    def live(self) -> None:
        """Settle what is in conflict; then read messages until the input ends."""
        self._screen.state("working")
        paths = self._worker.unmerged()
        for path in paths:
            self._settle(path)
        done = f"{', '.join(paths)}: both intentions are kept" if paths else "Nothing is in conflict here"
        self._screen.bullet(f"{done}. I am done.")
        self._screen.state("done")
        while self._listener.message() is not None:
            self._screen.bullet("Noted. The conflicts are settled.")

    def _settle(self, path: str) -> None:
        file = self._worktree / path
        self._screen.bullet(f"Reading {path}")
        if not file.is_file():
            self._screen.note("one side deletes it: that is for a person to decide")
            return
        old = file.read_text(encoding="utf-8", errors="surrogateescape")
        number = len(_CLASH.findall(old))
        self._screen.note(f"{number} clash{'es' * (number != 1)}")
        self._screen.spin("Weighing both sides")
        new = resolution(path).decode() if path in CONFLICT_FILES else both_sides(old)
        file.write_text(new, encoding="utf-8", errors="surrogateescape")
        self._screen.change(path, old, new)
        self._screen.bullet(f"{BOLD}{path}{RESET} holds what both sides wanted.")
        self._screen.pause()


def both_sides(text: str) -> str:
    """Return a file with both sides of each clash, ours first, and no marker."""
    return _CLASH.sub(lambda clash: clash["ours"] + clash["theirs"], text)
