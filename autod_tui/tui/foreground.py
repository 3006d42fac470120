"""What needs the terminal itself: programs in the foreground, and the terminal's title."""

from __future__ import annotations

import base64
import os
import shlex
from collections.abc import Sequence
from typing import Any

from textual.app import App, SuspendNotSupported

from autod_tui import process
from autod_tui.tui.safe import clean

_LONGEST = 200
"""Characters of a notification."""


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
    _write(app, f"\x1b]0;{clean(title)}\x07")


def tell_terminal(app: App[Any], words: str) -> None:
    """Have the terminal notify the person, by OSC 9 and OSC 777; a tmux around is asked to pass both on."""
    text = f"autod: {clean(words)}"[:_LONGEST].replace(";", ",")
    for sequence in (f"\x1b]9;{text}\x07", f"\x1b]777;notify;autod;{text}\x07"):
        _write(app, _passed_on(sequence) if os.environ.get("TMUX") else sequence)


def copy(app: App[Any], text: str) -> None:
    """Put `text` into the terminal's clipboard by OSC 52; a tmux around is asked to pass it on."""
    sequence = f"\x1b]52;c;{base64.b64encode(text.encode()).decode('ascii')}\x07"
    _write(app, _passed_on(sequence) if os.environ.get("TMUX") else sequence)


def _passed_on(sequence: str) -> str:
    doubled = sequence.replace("\x1b", "\x1b\x1b")
    return f"\x1bPtmux;{doubled}\x1b\\"


def _write(app: App[Any], sequence: str) -> None:
    driver = app._driver
    if driver is not None and not app.is_headless:
        driver.write(sequence)
        driver.flush()


__all__ = ["SuspendNotSupported", "copy", "editor", "run_foreground", "run_shell", "set_title", "tell_terminal"]
