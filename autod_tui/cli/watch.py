"""`autod watch`: every event as a line of JSON."""

from __future__ import annotations

from typing import Any

from autod_tui.cli.action import with_desk
from autod_tui.cli.console import Console
from autod_tui.cli.main import Request
from autod_tui.core.board_json import to_json
from autod_tui.core.desk import Desk
from autod_tui.core.events import Recorded


def watch(request: Request) -> int:
    """Print events until interrupted."""
    return with_desk(request, lambda desk: _follow(desk, request.console, request.options.last))


async def _follow(desk: Desk, console: Console, last: int) -> int:
    seen = desk.board().seq
    for entry in desk.history(last) if last > 0 else []:
        if entry.seq <= seen:
            console.json_line(event_json(entry))
    async for update in desk.updates():
        for entry in update.entries:
            if entry.seq > seen:
                console.json_line(event_json(entry))
                seen = entry.seq
    return 0


def event_json(entry: Recorded) -> dict[str, Any]:
    """Return {seq, at, kind, ...}: Unix time, the event's name, then the event's own fields."""
    fields = dict(to_json(entry.event))
    return {"seq": entry.seq, "at": entry.at, "kind": fields.pop("type"), **fields}
