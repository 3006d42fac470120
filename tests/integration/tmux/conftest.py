"""A tmux server of its own for each test, and the panes on it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from autod_tui.core.pane_ports import Launch
from autod_tui.tmux.pane import Panes
from autod_tui.tmux.server import TmuxServer


@pytest.fixture(autouse=True)
def outside_tmux(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TMUX", "TMUX_PANE", "AUTOD_SESSION", "AUTOD_WORKSTREAM"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TmuxServer]:
    sockets = tempfile.mkdtemp(prefix="autod-test-")  # short: a socket's path has 107 bytes at most
    monkeypatch.setenv("TMUX_TMPDIR", sockets)
    server = TmuxServer(tmp_path / "repo" / ".git")
    yield server
    server.stop()
    shutil.rmtree(sockets)


@pytest.fixture
async def panes(server: TmuxServer) -> AsyncIterator[Panes]:
    panes = Panes(server)
    yield panes
    await panes.close()


class Launcher:
    """Makes launches with a name of their own."""

    def __init__(self, cwd: Path) -> None:
        self.cwd = cwd
        self.count = 0

    def __call__(self, *argv: str, **changes: object) -> Launch:
        self.count += 1
        defaults: dict[str, object] = {
            "workstream": f"ws{self.count}",
            "session": f"session-{self.cwd.name}-{self.count}",
            "title": "A title",
            "argv": argv,
            "cwd": str(self.cwd),
            "env": {"PATH": os.environ["PATH"], "HOME": str(self.cwd), "LANG": "C.UTF-8"},
        }
        return Launch(**{**defaults, **changes})  # type: ignore[arg-type]


@pytest.fixture
def launch(tmp_path: Path) -> Launcher:
    return Launcher(tmp_path)
