"""Sessions that wait and runs that never ask, as the command line tells them."""

from __future__ import annotations

import json

from msgspec.structs import replace

from autod_tui.core import run_events as ev
from autod_tui.core.events import Recorded
from autod_tui.core.plan import AgentProfile
from autod_tui.core.requests import Answer, StartRun
from autod_tui.core.run import Halt, RunRecord, RunState, SessionState
from autod_tui.core.workstream import Source, WorkstreamState
from tests.unit.cli.test_cli_runs import BROKEN, put, record

WAITS = Halt(state=WorkstreamState.WAITING, reason="permission: Bash", source=Source.HOOK, since=5.0)
LIVING = replace(BROKEN, state=SessionState.RUNNING, reason="")
FREE = AgentProfile(name="claude", command=("claude",), permission="all", permissions={"all": ("-y",)})


def going(halt: Halt | None = WAITS, permission: str = "") -> RunRecord:
    session = replace(LIVING, halt=halt, permission=permission)
    return record(state=RunState.RUNNING, reason="", sessions={"build-1": session})


def test_who_waits_is_told_first_with_the_way_to_answer(run, desk) -> None:
    put(desk, going(), replace(going(None), id="other"))
    name = record().id
    out = run("show", name).out
    assert f"build-1 waits for you: permission: Bash: autod answer {name}/build-1" in out
    assert "1 waits for you" in out.splitlines()[0]
    assert any(line.split()[:2] == ["build-1", "waiting"] for line in out.splitlines())
    listed = run("runs").out.splitlines()
    assert listed[1].startswith(name) and "build-1 waits for you: permission: Bash" in listed[1]
    assert "build-1 waits for you" in run("status").out


def test_scripts_find_who_waits(run, desk) -> None:
    put(desk, going())
    halt = {"state": "waiting", "reason": "permission: Bash", "source": "hook", "since": 5.0, "until": None}
    assert json.loads(run("show", "week1", "--json").out)["sessions"][0]["halt"] == halt
    assert json.loads(run("runs", "--json").out)["runs"][0]["halted"] == [{"session": "build-1", **halt}]


def test_a_run_that_one_stays_with_says_once_who_waits(run, desk) -> None:
    id = record().id
    halted = ev.SessionHalted(run=id, session="build-1", state=WAITS.state, reason=WAITS.reason, source=WAITS.source)
    limited = replace(halted, state=WorkstreamState.RATE_LIMITED)
    desk.answers[StartRun] = Answer(message="started", data={"id": id})
    put(desk, going())
    desk.batches = [(Recorded(1, 1000.0, halted), Recorded(2, 1000.0, limited))]
    told = run("run", "week1").err
    assert told.count(f"build-1 waits for you: permission: Bash (autod answer {id}/build-1)") == 1
    assert "rate-limited" not in told


def test_agents_that_never_ask_are_marked(run, desk) -> None:
    desk.plan = replace(desk.plan, agents={"claude": FREE})
    put(desk, going(None, permission="all"))
    out = run("show", "week1").out
    assert "! build: agents run without asking" in out
    assert f"{LIVING.agent}!" in out
    assert "runs without asking" in run("runs").out
    assert "runs without asking" in run("status").out
    assert json.loads(run("show", "week1", "--json").out)["unasked"] == ["build"]


def test_those_who_ask_are_not(run, desk) -> None:
    put(desk, going(None))
    for verb in (("show", "week1"), ("runs",), ("status",)):
        assert "without asking" not in run(*verb).out
