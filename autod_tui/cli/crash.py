"""The crash log: what an unexpected error leaves behind, fit to paste into a report."""

from __future__ import annotations

import os
import platform
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from autod_tui import __version__
from autod_tui.cli.console import Console
from autod_tui.core.errors import AutodError
from autod_tui.store.user_state import state_directory


def tell_crash(console: Console, words: Sequence[str], error: Exception) -> int:
    """Write the crash log, say where it is, and return the exit code."""
    text = crash_text(words, error)
    try:
        where = write_crash(text)
        hint = f"please report it with {where}"
    except OSError as trouble:
        console.warn(text)
        hint = f"please report the lines above (they could not be kept in a file: {trouble})"
    return console.fail(AutodError(f"unexpected error: {type(error).__name__}: {error}", hint=hint))


def crash_text(words: Sequence[str], error: Exception) -> str:
    """Return the report: versions, the command and the traceback, the home directory shown as ~."""
    trace = "".join(traceback.format_exception(error))
    lines = [
        f"autod {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"command: autod {' '.join(words)}",
        f"terminal: TERM={os.environ.get('TERM', '')} tty={sys.stdout.isatty()}",
        "",
        trace,
    ]
    home = str(Path.home())
    text = "\n".join(lines)
    return text.replace(home, "~") if home not in ("", "/") else text


def write_crash(text: str) -> Path:
    """Keep a report under the state directory and return its path; raises OSError."""
    directory = state_directory(os.environ)
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    path.write_text(text, encoding="utf-8", errors="replace")
    path.chmod(0o600)
    return path
