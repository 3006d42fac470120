"""The agents: installed or not, with versions, permission modes and models."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from autod_tui.core.agent_ports import InstalledAgent
from autod_tui.core.agent_rows import HEAD, MODES, NOTE, VERSION, agent_row
from autod_tui.core.agent_words import PERMISSIONS
from autod_tui.tui.safe import clean
from autod_tui.tui.text import Row, fit, row


def agent_lines(found: Sequence[InstalledAgent]) -> list[Row]:
    """Return a table of the agents and what their modes mean; what is wider than the screen is reached sideways."""
    table = [HEAD, *map(agent_row, found)]
    sizes = [max(cell_len(clean(cell)) for cell in column) for column in zip(*table, strict=True)]
    head = "  ".join(fit(cell.lower(), size) for cell, size in zip(HEAD, sizes, strict=True))
    rows = [row((f" {head}", "head"))]
    for one, cells in zip(found, table[1:], strict=True):
        spans = [
            (fit(cell, size) + "  ", _role(one, place))
            for place, (cell, size) in enumerate(zip(cells, sizes, strict=True))
        ]
        rows.append(row(" ", *spans))
    rows += [row(""), row((f" {NOTE}", "dim"))]
    return [*rows, *(row((f"   {mode}: {meaning}", "dim")) for mode, meaning in PERMISSIONS.items())]


def _role(found: InstalledAgent, column: int) -> str:
    if column == VERSION:
        return "ok" if found.path else "dim"
    return "warn" if column == MODES and found.profile.permission == "all" else ""
