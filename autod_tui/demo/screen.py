"""What the demo agent shows: coloured lines as a coding agent prints them, and OSC 7501 words about its state.

Standard library only.
"""

from __future__ import annotations

import base64
import difflib
import sys
import time
from collections.abc import Sequence
from itertools import cycle, islice

RESET = "\x1b[0m"
BOLD, DIM, RED, GREEN, YELLOW, BLUE, CYAN = (f"\x1b[{code}m" for code in (1, 2, 31, 32, 33, 34, 36))
SHOWN_LINES = 6
"""Lines of a change that are shown."""


class Screen:
    """Prints at a pace: `pace` seconds after each thing, none when 0."""

    def __init__(self, pace: float) -> None:
        """Make standard output take any character."""
        self._pace = pace
        self._tty = sys.stdout.isatty()
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]

    def state(self, state: str, *, kind: str = "", message: str = "") -> None:
        """Tell the terminal the agent's state: working, blocked, done or error."""
        words = f"state={state}:app=demo"
        if kind:
            words += f":kind={kind}"
        if message:
            words += f":msg={base64.b64encode(message.encode()).decode()}"
        self.put(f"\x1b]7501;{words}\x07")

    def put(self, text: str) -> None:
        """Write as it is, at once."""
        sys.stdout.write(text)
        sys.stdout.flush()

    def pause(self, steps: float = 1.0) -> None:
        """Let `steps` steps' time pass."""
        if self._pace > 0:
            time.sleep(self._pace * steps)

    def bullet(self, text: str, colour: str = CYAN) -> None:
        """Print a line of what the agent says or does."""
        self.put(f"{colour}●{RESET} {text}\n")

    def note(self, text: str) -> None:
        """Print the result of the line above."""
        self.put(f"  {DIM}⎿  {text}{RESET}\n")

    def change(self, path: str, old: str, new: str) -> None:
        """Print an edit: how many lines it adds and removes, and the first of them."""
        diff = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0))[2:]
        lines = [line for line in diff if not line.startswith("@@")]
        added = sum(line.startswith("+") for line in lines)
        self.bullet(f"{BOLD}{'Edit' if old else 'Write'}{RESET}({path})", GREEN)
        self.note(f"{added} line{'s' * (added != 1)} added, {len(lines) - added} removed")
        for line in lines[:SHOWN_LINES]:
            colour = GREEN if line.startswith("+") else RED
            self.put(f"     {colour}{line[0]} {line[1:]}{RESET}\n")
        if len(lines) > SHOWN_LINES:
            self.put(f"     {DIM}… {len(lines) - SHOWN_LINES} more{RESET}\n")

    def spin(self, text: str) -> None:
        """Show a spinner for two steps' time, then leave the line."""
        if self._tty and self._pace > 0:
            for glyph in islice(cycle("✶✸✹✺"), max(2, round(self._pace * 20))):
                self.put(f"\r{YELLOW}{glyph} {text}…{RESET}")
                time.sleep(0.1)
            self.put("\r\x1b[K")
        self.put(f"{YELLOW}✻ {text}…{RESET}\n")

    def todo(self, tasks: Sequence[str], done: int) -> None:
        """Print the list of tasks, the first `done` of them ticked."""
        self.bullet(f"{BOLD}Todos{RESET} ({done}/{len(tasks)})", BLUE)
        for index, task in enumerate(tasks):
            self.put(f"  {DIM}☒ {task}{RESET}\n" if index < done else f"  ☐ {task}\n")
