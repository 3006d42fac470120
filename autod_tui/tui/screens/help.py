"""Help: the command table, laid out."""

from __future__ import annotations

from autod_tui.core.commands import COMMANDS, Command
from autod_tui.tui.text import Row, fit, row, wrap
from autod_tui.tui.widgets.bars import key_word

_SCOPES = {
    "workstream": "the selected workstream",
    "checkpoint": "the checkpoint (selected in the plan, or next for the workstream)",
    "conflict": "conflicts of a merge under way",
    "any": "everywhere",
    "pane": "the pane",
    "runs": "the list of runs",
    "run": "the selected run of tasks",
    "stage": "the selected stage of a run",
    "task": "the selected task of a run",
    "session": "the selected session of a run",
    "review": "tasks that wait for your review",
}
_MOVING = (
    ("↑ ↓ j k", "select"),
    ("pgup pgdn g G", "page, first, last"),
    ("1 2 3 4", "panels of the plan; shift+tab goes round"),
    ("tab", "from the list to the plan and back"),
    ("esc", "back"),
    ("mouse", "click selects, double click attaches, the wheel scrolls, the footer can be clicked"),
)


def help_rows(width: int) -> list[Row]:
    """Return all commands by what they act on, with keys, sentence and command line."""
    rows: list[Row] = []
    for scope, title in _SCOPES.items():
        entries = [entry for entry in COMMANDS if entry.scope == scope]
        if entries:
            rows += [row((title.capitalize(), "title")), *_entries(entries, width), row("")]
    rows.append(row(("Moving about", "title")))
    rows += [row((f"  {fit(keys, 14)}", "key"), (words, "")) for keys, words in _MOVING]
    return rows


def _entries(entries: list[Command], width: int) -> list[Row]:
    rows: list[Row] = []
    for entry in entries:
        keys = " ".join(key_word(key) for key in entry.keys)
        room = max(width - 31, 20)
        verb = entry.verb.replace("{name}", "NAME") if width >= 110 else ""
        help_width = room - 48 if verb else room
        lines = wrap(entry.help, help_width)
        tail = [(verb, "dim")] if verb else []
        head = (f"  {fit(keys, 10)}", "key"), (fit(entry.title, 17), "bold"), (fit(lines[0], help_width + 2), "")
        rows.append(row(*head, *tail))
        rows += [row((" " * 29 + line, "")) for line in lines[1:]]
    return rows
