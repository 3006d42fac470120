"""The dashboard as a process: it opens the desk, runs the app, and takes over when another conductor lets go."""

from __future__ import annotations

import asyncio
import gc
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, cast

from autod_tui.wiring import conductor_gone, open_desk

if TYPE_CHECKING:
    from autod_tui.tui.app import AutodApp

TAKE_OVER = 75
"""The app ends with this code to start again as the conductor."""
STARTED = 2.0
"""Seconds after which what was made so far is taken to stay until the end."""


def run_dashboard(start: Path) -> int:
    """Run the TUI in this terminal until the person leaves it; return the process exit code."""
    gc.disable()  # a start makes only what stays: collecting would search it all several times
    while (code := asyncio.run(_once(start))) == TAKE_OVER:
        pass
    return code


def _app_class() -> type[AutodApp]:
    return cast("type[AutodApp]", importlib.import_module("autod_tui.tui.app").AutodApp)


def _spare_what_stays() -> None:
    """Collect from now on, but only what comes later: a full search of modules and styles stops a frame for long."""
    gc.freeze()
    gc.enable()


async def _once(start: Path) -> int:
    loading = asyncio.create_task(asyncio.to_thread(_app_class))  # while git and tmux are asked
    shown = asyncio.Event()
    async with open_desk(start, role="tui", shown=shown) as desk:
        app = (await loading)(desk, shown=shown)
        asyncio.get_running_loop().call_later(STARTED, _spare_what_stays)
        waiting = None if desk.conducting else asyncio.create_task(_take_over(app, start))
        try:
            result = await app.run_async()
        finally:
            if waiting is not None:
                waiting.cancel()
        return result if result is not None else app.return_code or 0


async def _take_over(app: AutodApp, start: Path) -> None:
    await conductor_gone(start)
    app.exit(TAKE_OVER)
