"""The command line as a process: a real terminal, Ctrl-C, a reader that leaves."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[3]
PROGRAM = """
import asyncio, sys
from autod_tui.__main__ import main
from autod_tui.core.desk import Update
from autod_tui.core.events import Noted, Recorded
from tests.unit.cli.conftest import FakeDesk, FakeEngine, merge_plan
from autod_tui.core.board_json import to_json
from autod_tui.core.requests import Answer, PlanMerge

class Endless(FakeDesk):
    async def updates(self):
        number = 0
        while True:
            number += 1
            yield Update(self.board(), (Recorded(number, 1.0, Noted(level="info", text="x" * 1000)),))
            await asyncio.sleep(0)

desk = Endless()
desk.answers[PlanMerge] = Answer(data={"plan": to_json(merge_plan())})
sys.modules["autod_tui.wiring"] = FakeEngine(desk)
code = main(sys.argv[1:])
sys.stderr.write(f"asked {len(desk.asked)}")
sys.exit(code)
"""
DEADLINE = 30.0


def start(*words: str, **settings) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-c", PROGRAM, *words]
    return subprocess.Popen(argv, cwd=ROOT, env={**os.environ, "NO_COLOR": "1"}, **settings)


def read_until(descriptor: int, words: str) -> str:
    seen, end = "", time.monotonic() + DEADLINE
    while words not in seen and time.monotonic() < end:
        seen += os.read(descriptor, 4096).decode()
    assert words in seen
    return seen


def test_a_person_is_asked_on_a_real_terminal() -> None:
    ours, theirs = pty.openpty()
    program = start("checkpoint", "merge", "foundation", stdin=theirs, stdout=theirs, stderr=subprocess.PIPE)
    os.close(theirs)
    read_until(ours, "Merge foundation? [y/n]")
    os.write(ours, b"n\n")
    _, err = program.communicate(timeout=DEADLINE)
    os.close(ours)
    assert (program.returncode, err) == (0, b"asked 1")


def test_ctrl_c_at_a_question_ends_with_130_and_changes_nothing() -> None:
    ours, theirs = pty.openpty()
    program = start("checkpoint", "merge", "foundation", stdin=theirs, stdout=theirs, stderr=subprocess.PIPE)
    os.close(theirs)
    read_until(ours, "Merge foundation? [y/n]")
    program.send_signal(signal.SIGINT)
    _, err = program.communicate(timeout=DEADLINE)
    os.close(ours)
    assert (program.returncode, err) == (130, b"asked 1")


def test_ctrl_c_ends_watch_with_130() -> None:
    program = start("watch", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert program.stdout is not None
    program.stdout.readline()
    program.send_signal(signal.SIGINT)
    _, err = program.communicate(timeout=DEADLINE)
    assert (program.returncode, err) == (130, b"asked 0")


def test_a_reader_that_has_seen_enough_ends_watch_quietly() -> None:
    program = start("watch", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert program.stdout is not None
    assert program.stderr is not None
    program.stdout.readline()
    program.stdout.close()
    err = program.stderr.read()
    assert (program.wait(timeout=DEADLINE), err) == (0, b"asked 0")
    program.stderr.close()
