"""The files and the safety net: `init` and `undo`."""

from __future__ import annotations

from autod_tui.cli.action import ask, settle, with_desk
from autod_tui.cli.console import Console, table
from autod_tui.cli.engine import load_engine
from autod_tui.cli.main import Request, checked_start
from autod_tui.core.desk import Desk
from autod_tui.core.requests import Undo


def init(request: Request) -> int:
    """Write autod.toml and workstreams/ where they are missing."""
    start, console = checked_start(request), request.console
    console.say(
        "autod.toml and workstreams/ are made at the root of this repository; files that exist stay as they are."
    )
    import asyncio

    if not asyncio.run(console.approve("Make them?", what="init")):
        return 0
    made = [str(path) for path in load_engine().init(start)]
    for path in made:
        console.say(f"made {path}")
    if not made:
        console.say("Everything was there already; nothing was changed.")
    console.json({"made": made})
    return 0


def undo(request: Request) -> int:
    """List the backups, or bring one back."""
    ref: str = request.options.ref

    async def act(desk: Desk) -> int:
        if not ref:
            return await _list(desk, request.console)
        request.console.say(f"The backup {ref} is brought back; what is there now is kept as a new backup.")
        if not await request.console.approve("Go on?", what="undo"):
            return 0
        return await ask(desk, request.console, Undo(ref=ref))

    return with_desk(request, act)


async def _list(desk: Desk, console: Console) -> int:
    answer = await desk.ask(Undo())
    backups = answer.data.get("backups", [])
    if not answer.ok or not backups or console.as_json:
        return settle(console, answer)
    rows = [["BACKUP", "WHAT IT WAS"], *([str(item.get("ref", "")), str(item.get("what", ""))] for item in backups)]
    for line in table(rows, width=console.width):
        console.show(line)
    console.say("Bring one back: autod undo BACKUP")
    return 0
