"""The dashboard: plain `autod`, `autod --here` and the hidden `dashboard`."""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType
from typing import cast

from autod_tui.ahead import Ahead
from autod_tui.cli.engine import load_dashboard, load_engine
from autod_tui.cli.main import Request, checked_start
from autod_tui.core.errors import EnvironmentUnfitError, UsageError


def enter(request: Request) -> int:
    """Show the dashboard in autod's own tmux server, or in this terminal with --here."""
    if request.options.here:
        return dashboard(request)
    need_terminal("the dashboard")
    return load_engine().enter(checked_start(request))


def dashboard(request: Request) -> int:
    """Run the TUI in this terminal."""
    need_terminal("the dashboard")
    start = checked_start(request)
    _import_asyncio()  # which both need
    ahead = Ahead(start)
    return load_dashboard()(start, ahead)


def _import_asyncio() -> None:
    """Have asyncio do without TLS, which nothing here speaks: a sixth of the time until Textual can be imported."""
    sys.modules.setdefault("ssl", cast(ModuleType, None))  # which makes its import fail
    importlib.import_module("asyncio")
    if sys.modules["ssl"] is None:
        del sys.modules["ssl"]


def need_terminal(what: str) -> None:
    """Raise UsageError when there is no terminal for `what`, EnvironmentUnfitError when it is one that can't draw."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(f"{what} needs a terminal", hint="for scripts: autod status --json, autod demo --headless")
    if os.environ.get("TERM", "") in ("", "dumb", "unknown"):
        raise EnvironmentUnfitError(
            f"{what} needs a terminal that can draw; this one says TERM={os.environ.get('TERM', '')!r}",
            hint="name what it is: TERM=xterm-256color autod",
        )
