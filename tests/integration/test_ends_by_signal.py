"""Whoever ends by a closed terminal or at somebody's word leaves no directory of its own in TMPDIR."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

CONDUCTING = """
import asyncio, signal, sys
from pathlib import Path
from autod_tui.git.scratch import ScratchDirectory
from autod_tui.wiring import open_desk

async def main():
    async with open_desk(Path(sys.argv[1]), role="up"):
        kept = ScratchDirectory()
        (kept.path / "index").write_text("something")
        print(kept.path, flush=True)
        await asyncio.Event().wait()

if len(sys.argv) > 2:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
asyncio.run(main())
"""


def conducting(directory: Path, *words: str) -> tuple[subprocess.Popen[str], Path]:
    """Start a process that conducts and holds a directory for a moment; return it and the directory."""
    for name in ("repo/workstreams/a", "tmp"):
        (directory / name).mkdir(parents=True)
    subprocess.run(["git", "init", "-q", "-b", "main", directory / "repo"], check=True)
    (directory / "repo/workstreams/a/STARTUP.md").write_text("# a\n")
    env = {**os.environ, "TMPDIR": str(directory / "tmp"), "TMUX_TMPDIR": str(directory / "tmp")}
    argv = [sys.executable, "-c", CONDUCTING, str(directory / "repo"), *words]
    child = subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    return child, Path(child.stdout.readline().strip())


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_it_ends_by_the_signal_and_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    child, kept = conducting(tmp_path)
    with child:
        assert kept.is_dir()
        child.send_signal(number)
        assert child.wait(20) == -number
    assert not list((tmp_path / "tmp").glob("autod-git-*"))


def test_a_hang_up_that_is_ignored_stays_so(tmp_path: Path) -> None:
    child, kept = conducting(tmp_path, "ignoring")
    with child:
        child.send_signal(signal.SIGHUP)
        assert kept.is_dir()
        child.send_signal(signal.SIGTERM)
        assert child.wait(20) == -signal.SIGTERM
