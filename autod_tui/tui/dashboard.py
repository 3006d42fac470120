"""The dashboard as a process: it shows what is known, opens the desk, and takes over when a conductor lets go."""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FrameType

from autod_tui.ahead import Ahead, read_here
from autod_tui.core.written import Written
from autod_tui.opening import EarlyDesk
from autod_tui.tui.app import AutodApp
from autod_tui.tui.own_title import own_title

TAKE_OVER = 75
"""The app ends with this code to start again as the conductor."""
STARTED = 2.0
"""Seconds after which what was made so far is taken to stay until the end."""
PROMPT, USUAL = 0.0005, sys.getswitchinterval()
"""Seconds until another thread has its turn: during the start, for one of them writes the first frame; and later."""


def run_dashboard(start: Path, ahead: Ahead) -> int:
    """Run the TUI in this terminal until the person leaves it; return the process exit code.

    `ahead` reads what the first frame shows.
    """
    gc.disable()  # a start makes only what stays: collecting would search it all several times
    sys.setswitchinterval(PROMPT)
    with own_title():
        code = asyncio.run(_once(start, ahead.take))
        while code == TAKE_OVER:
            code = asyncio.run(_once(start, partial(read_here, start)))
    return code


def _spare_what_stays() -> None:
    """Collect from now on, but only what comes later: a full search of modules and styles stops a frame for long."""
    gc.freeze()
    gc.enable()
    sys.setswitchinterval(USUAL)


async def _once(start: Path, read: Callable[[], Written]) -> int:
    loop = asyncio.get_running_loop()
    written = read()
    shown, early = asyncio.Event(), EarlyDesk(written)
    app = AutodApp(early, shown=shown, theme=written.theme, keep_theme=_keep_theme)
    loop.call_later(STARTED, _spare_what_stays)
    desk = asyncio.create_task(_open(app, early, start, shown))
    desk.add_done_callback(lambda ended: None if ended.cancelled() else app.exit())
    try:
        result = await app.run_async()
    finally:
        desk.cancel()
        with suppress(asyncio.CancelledError):
            await desk
    return result if result is not None else app.return_code or 0


def _keep_theme(name: str) -> None:
    from autod_tui.store.choices import keep_theme  # the first frame needs nothing of it

    keep_theme(os.environ, name)


async def _open(app: AutodApp, early: EarlyDesk, start: Path, shown: asyncio.Event) -> None:
    """Once the first frame stands: conduct, or follow who does, until cancelled; errors end the app and are raised."""
    await shown.wait()
    go_on_after_a_halt()
    wiring = await asyncio.to_thread(importlib.import_module, "autod_tui.wiring")
    async with wiring.open_desk(start, role="tui") as desk:
        early.become(desk)
        if not desk.conducting:
            await wiring.conductor_gone(start)
            app.exit(TAKE_OVER)
        await asyncio.Event().wait()


def go_on_after_a_halt() -> None:
    """Let a process that is halted (SIGSTOP) and continued go on as it was.

    Textual takes every SIGCONT for the end of a suspension (SIGTSTP), which gave the terminal back beforehand. After a
    mere halt it would read the keys twice and wait for ever when it ends.
    """
    suspend, resume = signal.getsignal(signal.SIGTSTP), signal.getsignal(signal.SIGCONT)
    suspended = False

    def asked(number: int, frame: FrameType | None) -> None:
        nonlocal suspended
        suspended = True
        if callable(suspend):
            suspend(number, frame)

    def continued(number: int, frame: FrameType | None) -> None:
        nonlocal suspended
        if suspended and callable(resume):
            resume(number, frame)
        suspended = False

    signal.signal(signal.SIGTSTP, asked)
    signal.signal(signal.SIGCONT, continued)
