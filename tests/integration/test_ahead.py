"""Reading ahead: a child process reads what the first frame shows; whatever becomes of it, the same is read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from autod_tui.ahead import read_here
from autod_tui.core.errors import AutodError
from autod_tui.store.lock import ConductorLock, Holder

TAKING = """
import os, signal, sys
from pathlib import Path
from autod_tui import ahead
from autod_tui.core.errors import AutodError

here, open_reading = os.getpid(), ahead.open_reading
def reading(start):
    if os.getpid() == here:
        print("read by the parent")
    elif sys.argv[2] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    return open_reading(start)
ahead.open_reading = reading
try:
    written = ahead.Ahead(Path(sys.argv[1])).take()
    print(*(spec.name for spec in written.plan.workstreams), written.recalled)
    assert written.plan.agents["claude"].name == "claude" and written.plan.prices.models
    if {"autod_tui.reading", "autod_tui.store", "autod_tui.agents", "sqlite3", "tomllib"} & set(sys.modules):
        print("it needs what reads")
except AutodError as error:
    print(type(error).__name__)
try:
    os.waitpid(-1, 0)
except ChildProcessError:
    print("no child is left")
"""


def repository(directory: Path) -> Path:
    subprocess.run(["git", "init", "-q", "-b", "main", directory], check=True)
    (directory / "workstreams" / "a").mkdir(parents=True)
    (directory / "workstreams" / "a" / "STARTUP.md").write_text("# a\n")
    return directory


def taken(start: Path, fate: str = "") -> list[str]:
    """Read ahead in a process of its own and return what that says."""
    argv = [sys.executable, "-c", TAKING, str(start), fate]
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()


def test_reading_takes_nothing_and_starts_nothing(tmp_path: Path) -> None:
    root = repository(tmp_path / "re po")
    written = read_here(root)
    assert [spec.name for spec in written.plan.workstreams] == ["a"]
    assert written.recalled
    assert ConductorLock(root / ".git").holder() is None


def test_under_a_living_conductor_the_journal_is_true(tmp_path: Path) -> None:
    root = repository(tmp_path / "repo")
    lock = ConductorLock(root / ".git")
    assert lock.try_acquire(Holder(pid=1, role="watch"))
    assert not read_here(root).recalled
    lock.release()


def test_the_child_reads_alone_and_is_gone(tmp_path: Path) -> None:
    assert taken(repository(tmp_path / "repo")) == ["a True", "no child is left"]


def test_a_child_that_was_killed_is_replaced(tmp_path: Path) -> None:
    said = taken(repository(tmp_path / "repo"), "killed")
    assert said == ["read by the parent", "a True", "it needs what reads", "no child is left"]


def test_what_hinders_the_child_is_raised_by_the_parent(tmp_path: Path) -> None:
    root = repository(tmp_path / "repo")
    (root / "autod.toml").write_text("[projct]\n")
    assert taken(root) == ["read by the parent", "SettingsError", "no child is left"]
    with pytest.raises(AutodError, match="projct"):
        read_here(root)
