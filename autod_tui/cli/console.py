"""The console: what a command prints, in which form, and how it asks a person."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autod_tui.core.errors import AutodError, UsageError

_COLOURS = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36", "dim": "2", "bold": "1"}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~])"
)


def clean(text: str) -> str:
    """Strip terminal escapes and control characters, so that names and agents' words can't steer the terminal."""
    return _CONTROL.sub("", _ESCAPES.sub("", text))


def clean_line(text: str) -> str:
    """Clean a text and lay it in one line."""
    return " ".join(clean(text).split())


def _dumps(value: dict[str, Any], indent: int | None = None) -> str:
    import json  # the dashboard's first frame needn't wait for it

    return json.dumps(value, ensure_ascii=False, indent=indent)


class Console:
    """Prints for a person, or as JSON when `as_json`; every text is cleaned here, at the door."""

    def __init__(self, *, as_json: bool = False, approved: bool = False) -> None:
        """Take the common options `--json` and `--yes`."""
        self.as_json = as_json
        self.approved = approved
        self.facts: dict[str, Any] = {}
        """What a failure's JSON tells besides the error, such as the plan that was not approved."""
        self.colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"

    @property
    def interactive(self) -> bool:
        """True when a person can be asked: both ends are a terminal and no JSON is wanted."""
        return sys.stdin.isatty() and sys.stdout.isatty() and not self.as_json

    def say(self, text: str = "") -> None:
        """Print lines for a person; silent with `--json`."""
        if not self.as_json:
            print_out(clean(text) + "\n")

    def show(self, text: str) -> None:
        """Print a cleaned line that may hold colours made by `paint`; silent with `--json`."""
        if not self.as_json:
            print_out(text + "\n")

    def json(self, value: dict[str, Any]) -> None:
        """Print one JSON document; silent without `--json`."""
        if self.as_json:
            print_out(_dumps(value, indent=2) + "\n")

    def json_line(self, value: dict[str, Any]) -> None:
        """Print one line of JSON at once, whatever the options say."""
        print_out(_dumps(value) + "\n")
        sys.stdout.flush()

    def status(self, text: str) -> None:
        """Show a line that the next one replaces; only on a terminal, and an empty text takes it away."""
        if sys.stdout.isatty() and not self.as_json:
            print_out(f"\r\x1b[2K{text}")
            sys.stdout.flush()

    def flush(self) -> None:
        """Make everything printed so far visible."""
        sys.stdout.flush()

    def warn(self, text: str) -> None:
        """Print to standard error."""
        sys.stderr.write(clean(text) + "\n")

    @property
    def width(self) -> int:
        """Columns to keep within; 0 when no terminal sets a limit."""
        return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0

    def fail(self, error: AutodError) -> int:
        """Tell an error on standard error, and on standard output with `--json`; return its exit code."""
        self.warn(f"autod: {error}")
        detail = {"message": error.message, "hint": error.hint, "exit_code": int(error.exit_code)}
        self.json({**self.facts, "error": detail})
        return int(error.exit_code)

    def paint(self, text: str, colour: str) -> str:
        """Colour a cleaned text when colours are wanted; an empty colour leaves it alone."""
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if self.colours and colour else text

    def show_table(self, rows: Sequence[Sequence[str]], colour: Colour | None = None) -> None:
        """Print a table within the terminal's width, its head dim; `colour` gives the colour of each other cell."""

        def paint(row: int, column: int, text: str) -> str:
            return self.paint(text, "dim" if row == 0 else colour(row, column) if colour else "")

        for line in table(rows, width=self.width, paint=paint):
            self.show(line)

    async def ask(self, question: str, choices: Sequence[str] = ("y", "n")) -> str:
        """Ask a person; returns one of `choices` (by first letters), the last one when nothing was answered."""
        while True:
            print_out(f"{clean(question)} [{'/'.join(choices)}] ")
            sys.stdout.flush()
            line = await _typed_line()
            if not line.strip():
                return choices[-1]
            found = [choice for choice in choices if choice.startswith(line.strip().lower())]
            if len(found) == 1:
                return found[0]

    async def read(self, question: str) -> str:
        """Ask a person for a line of text; empty when nothing was answered. End of input counts as an interrupt."""
        print_out(f"{clean(question)}: ")
        sys.stdout.flush()
        line = await _typed_line()
        if not line:
            raise KeyboardInterrupt
        return line.strip()

    async def approve(self, question: str, *, what: str) -> bool:
        """Have a shown plan approved: by `--yes`, or by a person; UsageError when there is neither.

        `what` names the command in the error, e.g. `merging "foundation"`.
        """
        if self.approved:
            return True
        if not self.interactive:
            raise UsageError(
                f"{what} needs approval and there is no terminal to ask on; nothing was changed",
                hint="add --yes to approve it beforehand",
            )
        if await self.ask(question) == "y":
            return True
        self.say("Nothing was changed.")
        return False


async def _typed_line() -> str:
    """Return the next line that a person types; the event loop goes on meanwhile, for this process may conduct."""
    if sys.stdin.isatty() and (descriptor := _descriptor()) is not None:
        import asyncio

        loop = asyncio.get_running_loop()
        typed = asyncio.Event()
        loop.add_reader(descriptor, typed.set)
        try:
            await typed.wait()
        finally:
            loop.remove_reader(descriptor)
    return sys.stdin.readline()


def _descriptor() -> int | None:
    try:
        return sys.stdin.fileno()
    except (OSError, ValueError):  # not a real file
        return None


def print_out(text: str) -> None:
    """Write to standard output; what its encoding can't say is replaced."""
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding or "ascii"
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))


Colour = Callable[[int, int], str]
"""Returns the colour of the cell in (row, column), empty for none; row 0 is the head."""


def by_state(rows: Sequence[Sequence[str]], column: int, colours: Mapping[str, str]) -> Colour:
    """Return the colours of a table in which each state, in `column`, has its own."""
    return lambda row, at: colours.get(rows[row][column], "") if at == column else ""


def moment(at: float | None, otherwise: str = "-") -> str:
    """Return a Unix time as people read it; `otherwise` for none."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at)) if at else otherwise


Paint = Callable[[int, int, str], str]
"""Colours a padded cell: (row, column, text) to text of the same width."""


def table(rows: Sequence[Sequence[str]], *, width: int = 0, paint: Paint | None = None) -> list[str]:
    """Lay cells out in aligned columns, the first row being the head; with `width` the last column is cut to fit."""
    cells = [[clean_line(cell) for cell in row] for row in rows]
    last = len(cells[0]) - 1
    widths = [max(cell_width(row[index]) for row in cells) for index in range(last)]
    room = max(width - sum(widths) - 2 * last, 8) if width else 0
    lines = []
    for number, row in enumerate(cells):
        padded = [_pad(cell, size) for cell, size in zip(row, widths, strict=False)]
        padded.append(cut(row[last], room) if room else row[last])
        if paint:
            padded = [paint(number, index, cell) for index, cell in enumerate(padded)]
        lines.append("  ".join(padded).rstrip())
    return lines


def _pad(text: str, width: int) -> str:
    return text + " " * (width - cell_width(text))


def cell_width(text: str) -> int:
    """Return how many terminal columns a cleaned text takes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def cut(text: str, width: int) -> str:
    """Cut a cleaned text to `width` columns, an ellipsis marking the cut."""
    if cell_width(text) <= width:
        return text
    kept = text
    while kept and cell_width(kept) >= width:
        kept = kept[:-1]
    return kept + "…"
