"""The demo in a terminal: whatever way one leaves it, nothing of a throw-away demo stays."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.support.raw_terminal import RawTerminal
from tests.support.terminals import clean_env, wait_until

pytestmark = pytest.mark.e2e


def living(place: Path) -> list[str]:
    """The command lines of living processes that name `place`."""
    lines = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(entry.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:
            continue
    return [line for line in lines if str(place) in line]


@pytest.mark.parametrize("way", ["q", "terminal closes"])
def test_nothing_of_a_demo_stays(tmp_path: Path, way: str) -> None:
    place = tmp_path / "t"
    place.mkdir()
    env = clean_env(
        HOME=str(tmp_path), TMPDIR=str(place), TERM="xterm-256color", XDG_STATE_HOME=str(tmp_path / "state")
    )
    terminal = RawTerminal([sys.executable, "-m", "autod_tui", "demo"], env=env, cwd=tmp_path, size=(100, 30))
    try:
        terminal.wait_for(lambda seen: b"token-tracking" in seen and b"q" in seen, "the dashboard")
        assert living(place)
        if way == "q":
            terminal.type(b"q")
        else:
            os.killpg(terminal.process.pid, signal.SIGHUP)
        wait_until(lambda: terminal.read() is not None and terminal.process.poll() is not None, "the end")
        assert b"detached" not in terminal.read()
        assert not list(place.glob("autod-demo-*"))
        wait_until(lambda: not living(place), "the end of all agents")
        assert not list((tmp_path / "state").rglob("*.*"))
    finally:
        terminal.close()
