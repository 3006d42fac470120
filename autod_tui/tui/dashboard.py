"""The dashboard as a process: it opens the desk, runs the app, and takes over when another conductor lets go."""

from __future__ import annotations

import asyncio
from pathlib import Path

from autod_tui.tui.app import AutodApp
from autod_tui.wiring import conductor_gone, open_desk

TAKE_OVER = 75
"""The app ends with this code to start again as the conductor."""


def run_dashboard(start: Path) -> int:
    """Run the TUI in this terminal until the person leaves it; return the process exit code."""
    while (code := asyncio.run(_once(start))) == TAKE_OVER:
        pass
    return code


async def _once(start: Path) -> int:
    async with open_desk(start, role="tui") as desk:
        app = AutodApp(desk)
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
