"""Agents that somebody started by hand in a worktree: they are told wherever the worktree's own agent is."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.e2e_world import SITTER, World
from tests.support.terminals import wait_until

pytestmark = pytest.mark.e2e


@contextlib.contextmanager
def by_hand(stand: World) -> Iterator[subprocess.Popen[bytes]]:
    """Have a program that bears an agent's name live in the worktree of `a`."""
    program = stand.directory / "claude"
    if not program.exists():
        shutil.copy(shutil.which("sleep") or "", program)
    with subprocess.Popen([program, "1000"], env=stand.env, cwd=stand.worktree("a"), start_new_session=True) as hand:
        try:
            wait_until(lambda: str(program) in stand.processes().get(hand.pid, ""), "the program")
            yield hand
        finally:
            hand.kill()


def told(stand: World) -> list[dict[str, Any]]:
    return list(stand.workstream("a")["by_hand"])


def test_each_look_without_a_conductor_tells_who_is_there(stand: World) -> None:
    stand.declare("", "a", "b", agent=SITTER)
    stand.ask("up")
    assert told(stand) == []
    with by_hand(stand) as hand:
        assert told(stand) == [{"agent": "claude", "pid": hand.pid}]
        assert stand.workstream("b")["by_hand"] == []
        assert f"by hand: claude (process {hand.pid})" in stand.autod("status").stdout
    assert told(stand) == []


def test_status_looks_though_somebody_conducts_and_hears_of_nothing(stand: World) -> None:
    stand.declare("", "a", agent=SITTER)
    stand.ask("up")
    with stand.conductor(), by_hand(stand) as hand:
        assert told(stand) == [{"agent": "claude", "pid": hand.pid}]


def test_a_conductor_tells_who_came_when_files_change_and_at_once_who_left(stand: World) -> None:
    stand.declare("", "a", agent=SITTER)
    stand.ask("up")
    with stand.conductor() as watch:
        said = bytearray()
        with by_hand(stand) as hand:
            stand.write("new", "x", stand.worktree("a"))
            wait_until(lambda: len(guests(watch, said)) == 1, "who came")
        wait_until(lambda: len(guests(watch, said)) == 2, "who left")
        assert guests(watch, said) == [[{"agent": "claude", "pid": hand.pid}], []]


def guests(watch: subprocess.Popen[bytes], said: bytearray) -> list[list[dict[str, Any]]]:
    """Add what `watch` has printed by now to `said`, and return what its events say of guests."""
    assert watch.stdout is not None
    while select.select([watch.stdout], [], [], 0)[0] and (more := os.read(watch.stdout.fileno(), 65536)):
        said += more
    whole, _, _ = said.rpartition(b"\n")
    events = [json.loads(line) for line in whole.splitlines()]
    return [event["guests"] for event in events if event["kind"] == "GuestsChanged"]
