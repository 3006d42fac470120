"""Several autods at once: one conducts, the others are served by it, and nobody waits for the dead."""

from __future__ import annotations

import json
import os
import shutil
import signal

import pytest

from tests.support.e2e_world import World
from tests.support.terminals import wait_until

pytestmark = pytest.mark.e2e


def test_commands_started_together_are_all_carried_out(stand: World) -> None:
    names = ("a", "b", "c", "d")
    stand.declare("", *names)
    asked = [stand.start("up", name, "--json") for name in names]
    for name, process in zip(names, asked, strict=True):
        out, err = process.communicate(timeout=15)
        assert process.returncode == 0, err
        assert [one["name"] for one in json.loads(out)["workstreams"]] == [name]
    seen = stand.wait_up(*names)
    for name in names:
        assert seen[name]["pane"]
        assert len(stand.processes(AUTOD_WORKSTREAM=name)) == 1


def test_a_conductor_serves_the_requests_of_others(stand: World) -> None:
    stand.declare("", "a")
    with stand.conductor() as watch:
        assert stand.ask("status")["project"]["conductor"] == watch.pid
        stand.ask("up")
        assert stand.ask("status")["project"]["conductor"] == watch.pid
        assert stand.wait_state("a", "working", "starting", "idle")["pane"]
        assert stand.ask("down")
        stand.wait_state("a", "stopped")


def test_a_second_watch_takes_over_from_a_killed_one(stand: World) -> None:
    stand.declare("", "a")
    with stand.conductor() as first:
        second = stand.start("watch", "--last", "1")
        assert second.stdout is not None
        assert second.stdout.readline()  # it follows
        os.kill(first.pid, signal.SIGKILL)
        wait_until(lambda: stand.ask("status")["project"]["conductor"] == second.pid, "the second watch to conduct")
        stand.ask("up")
        assert stand.wait_state("a", "working", "starting", "idle")["pane"]
        os.kill(second.pid, signal.SIGTERM)
        second.communicate(timeout=10)


def test_the_lock_of_a_killed_conductor_is_free_at_once(stand: World) -> None:
    stand.declare("", "a")
    with stand.conductor() as watch:
        os.kill(watch.pid, signal.SIGKILL)
        stand.ask("up")
        assert stand.ask("status")["project"]["conductor"] is None


def test_who_waits_for_a_killed_conductor_is_told(stand: World) -> None:
    stand.declare(
        '[gates.slow]\ncommand = "touch $E2E_FLAG; sleep 60"\n'
        '[[checkpoint]]\nname = "first"\nmerge = ["a"]\ngates = ["slow"]\n',
        "a",
    )
    flag = stand.directory / "flag"
    stand.env["E2E_FLAG"] = str(flag)
    stand.ask("up")
    stand.commit(cwd=stand.worktree("a"), **{"a.txt": "a\n"})
    with stand.conductor() as watch:
        check = stand.start("checkpoint", "check", "first", "--json")
        wait_until(flag.exists, "the gate")
        os.kill(watch.pid, signal.SIGKILL)
        out, _ = check.communicate(timeout=15)
        assert check.returncode == 1
        assert "ended" in json.loads(out)["error"]["message"]
    assert stand.checkpoint("first")["state"] in ("open", "blocked")


def test_a_dashboard_takes_over_from_a_killed_watch(stand: World) -> None:
    stand.declare("", "a")
    with stand.conductor() as watch, stand.terminal("dashboard") as terminal:
        terminal.wait_for("workstreams 1")
        os.kill(watch.pid, signal.SIGKILL)
        wait_until(
            lambda: stand.ask("status")["project"]["conductor"] not in (None, watch.pid), "the dashboard to conduct"
        )
        terminal.wait_for("conducts as tui")
        terminal.press("q")
        wait_until(terminal.ended, "the dashboard to end")
    assert stand.ask("status")["project"]["conductor"] is None


def test_a_dashboard_whose_desk_can_not_be_opened_says_why(stand: World) -> None:
    stand.declare("", "a")
    stand.ask("status")
    old = stand.directory / "old-git"
    old.mkdir()
    git = shutil.which("git")
    (old / "git").write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo git version 2.1.0 && exit\nexec {git} "$@"\n')
    (old / "git").chmod(0o755)
    with stand.terminal("dashboard", PATH=f"{old}:{os.environ['PATH']}") as terminal:
        assert "needs git 2.38" in terminal.wait_for("too old")
