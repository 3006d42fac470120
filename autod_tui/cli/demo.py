"""`autod demo`: the whole story on a throw-away repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from autod_tui.cli.engine import load_engine
from autod_tui.cli.enter import need_terminal
from autod_tui.cli.main import Request
from autod_tui.core.errors import UsageError


def demo(request: Request) -> int:
    """Play the demo; with --json each step is a line of JSON."""
    options, console = request.options, request.console
    if options.as_json and not options.headless:
        raise UsageError("--json tells the story of a headless demo", hint="add --headless")
    if not options.headless:
        need_terminal("the demo")
    directory = _kept_directory(options.keep)

    def emit(step: dict[str, Any]) -> None:
        if console.as_json:
            console.json_line(step)
        else:
            console.say(str(step.get("text", "")))
            console.flush()

    return load_engine().play_demo(directory, headless=options.headless, emit=emit)


def _kept_directory(keep: str | None) -> Path | None:
    if keep is None:
        return None
    directory = Path(keep).expanduser().absolute()
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UsageError(
            f"{str(directory)!r} is there already and not empty", hint="--keep takes a new or empty directory"
        )
    return directory
