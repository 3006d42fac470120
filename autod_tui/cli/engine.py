"""What the command line needs from the wiring; it is imported only when a command really needs it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol, cast

from autod_tui.ahead import Ahead
from autod_tui.core.board import Board
from autod_tui.core.desk import Desk
from autod_tui.core.plan import AgentProfile
from autod_tui.core.run import RunRecord

Emit = Callable[[dict[str, Any]], None]
"""Takes one step of a story: `text` for a person, further keys for scripts."""


class Engine(Protocol):
    """The module autod_tui.wiring as the command line sees it."""

    def open_desk(self, start: Path, *, role: str) -> AbstractAsyncContextManager[Desk]:
        """Open the repository that holds `start`; conducts when nobody does."""
        ...

    def status_board(self, start: Path) -> Board:
        """Read what is true, without starting anything."""
        ...

    def known_agents(self, start: Path) -> Mapping[str, AgentProfile]:
        """Return the agents that `start` may use; raises SettingsError when files that declare agents are wrong."""
        ...

    def enter(self, start: Path) -> int:
        """Make or join autod's tmux server with the TUI as its first window; does not return on success."""
        ...

    def attach_command(self, start: Path, name: str, part: str = "") -> list[str]:
        """Return the argv that shows a workstream's pane, or that of session `part` of a run, in this terminal."""
        ...

    def init(self, start: Path) -> list[Path]:
        """Write the files that are missing for this repository and return them."""
        ...

    def play_demo(self, directory: Path | None, *, headless: bool, emit: Emit) -> int:
        """Play the demo in `directory` (kept), or in one that is removed afterwards."""
        ...

    def carry_on(self, start: Path) -> None:
        """Have a process in autod's own tmux server conduct until no run goes on."""
        ...

    def export_run(self, run: RunRecord, directory: Path) -> list[Path]:
        """Write a run's tracker and records into `directory` (new or empty) and return the files."""
        ...


def load_engine() -> Engine:
    """Import the wiring."""
    return cast(Engine, importlib.import_module("autod_tui.wiring"))


def load_profiles() -> Mapping[str, AgentProfile]:
    """Return the built-in agent profiles by name."""
    module = importlib.import_module("autod_tui.agents.profiles")
    return cast(Mapping[str, AgentProfile], module.load_profiles())


def load_dashboard() -> Callable[[Path, Ahead], int]:
    """Import the TUI and return what runs it in this terminal."""
    return cast(Callable[[Path, Ahead], int], importlib.import_module("autod_tui.tui.dashboard").run_dashboard)
