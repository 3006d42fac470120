"""Launches under autod: the mode that files say, hooks of this launch, and nothing left of them afterwards."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.script_agents import ScriptWorld

CLAUDE = """#!/bin/sh
# stands where Claude Code would: keeps its arguments, and fires a hook as that would
printf '%s\\n' "$@" >"$KEEP/$AUTOD_WORKSTREAM.argv"
[ "$1" = --settings ] && settings=$2
command=$(sed -n '/"PermissionRequest"/,$s/.*"command": "\\(.*\\)",$/\\1/p' "$settings" | head -1 | sed 's/\\\\"/"/g')
echo '{"hook_event_name": "PermissionRequest", "session_id": "conv", "tool_name": "Bash"}' | sh -c "$command"
exec sleep 1000
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ScriptWorld]:
    made = ScriptWorld(tmp_path)
    made.program("claude", CLAUDE)
    made.configure(f"""
[agents.claude]
env = {{ KEEP = "{tmp_path}", AUTOD_TEST_MARK = "{tmp_path}" }}
""")
    yield made
    made.autod("down", "--yes")


def until(true: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def states(world: ScriptWorld) -> dict[str, dict]:
    status = json.loads(world.autod("status", "--json").stdout)
    return {one["name"]: one for one in status["workstreams"]}


def argv(world: ScriptWorld, name: str) -> list[str]:
    path = world.directory / f"{name}.argv"
    until(lambda: path.exists() and path.read_text().endswith("\n"), f"{name} was not started")
    return path.read_text().splitlines()


def test_each_workstream_gets_its_mode_and_all_get_hooks(world: ScriptWorld) -> None:
    world.workstream("careful", "")
    world.workstream("free", "permission = 'all'\n")
    done = world.autod("up")
    assert (done.returncode, done.stderr) == (0, "")
    careful, free = argv(world, "careful"), argv(world, "free")
    assert careful[2:4] == ["--permission-mode", "default"]
    assert free[2] == "--dangerously-skip-permissions"
    until(lambda: states(world)["careful"]["state"] == "waiting", "the hook was not heard")
    told = states(world)
    assert (told["careful"]["reason"], told["careful"]["source"]) == ("permission: Bash", "hook")
    assert (told["careful"]["permission"], told["free"]["permission"]) == ("ask", "all")
    shown = world.autod("status").stdout
    assert "claude!" in shown
    assert "runs without asking" in shown
    assert Path(careful[1]).is_relative_to(world.spool)
    assert len(list(world.spool.iterdir())) == 2


def test_nothing_of_a_launch_is_left_when_its_session_is_over(world: ScriptWorld) -> None:
    world.workstream("one", "")
    watch = world.start("watch", "--last", "9")
    try:
        assert watch.stdout is not None
        assert "ConductorStarted" in watch.stdout.readline()  # it follows from now on
        world.autod("up")
        argv(world, "one")
        assert len(list(world.spool.iterdir())) == 1
        assert world.autod("down", "one", "--yes").returncode == 0
        assert world.left() == []
        until(lambda: list(world.spool.iterdir()) == [], "its spool stays")
    finally:
        watch.terminate()
        watch.communicate()


def test_a_mode_that_an_agent_lacks_is_told_before_anything_starts(world: ScriptWorld) -> None:
    world.workstream("one", "agent = 'pi'\npermission = 'ask'\n")
    done = world.autod("up")
    assert done.returncode == 2
    assert "'pi' has no permission mode 'ask'" in done.stderr
    assert "known: edits, all" in done.stderr
