"""What needs the terminal itself: programs in the foreground, and the terminal's title."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from typing import Any

from textual.app import App, SuspendNotSupported

from autod_tui import process
from autod_tui.tui.safe import clean


async def run_foreground(app: App[Any], argv: Sequence[str], cwd: str | None = None) -> int:
    """Give the terminal to a program until it ends and return its exit status.

    The batch keeps repaints back meanwhile: painting into a suspended driver would fill its queue and block.
    Raises SuspendNotSupported where the terminal can't be handed over, EnvironmentUnfitError where there is no such
    program, OSError when it can't start otherwise.
    """
    env = {name: value for name, value in os.environ.items() if name not in ("TMUX", "TMUX_PANE")}
    with app.batch_update(), app.suspend():
        status = await process.foreground(argv, cwd=cwd, env=env)
    app.refresh(layout=True)
    return status


async def run_shell(app: App[Any], command: str) -> int:
    """Run a shell command in the foreground, as `run_foreground` does."""
    return await run_foreground(app, ("sh", "-c", command))


def editor() -> list[str]:
    """Return the person's editor as argv."""
    words = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    return shlex.split(words)


def set_title(app: App[Any], title: str) -> None:
    """Set the terminal's title by OSC 0; Textual has no call for it."""
    driver = app._driver
    if driver is not None and not app.is_headless:
        driver.write(f"\x1b]0;{clean(title)}\x07")
        driver.flush()


__all__ = ["SuspendNotSupported", "editor", "run_foreground", "run_shell", "set_title"]
