"""Sessions that don't go on, and agents that run without asking."""

from __future__ import annotations

from msgspec.structs import replace

from autod_tui.core import run_events as ev
from autod_tui.core.attention import Calls
from autod_tui.core.board import make_board
from autod_tui.core.board_json import status_json
from autod_tui.core.events import Recorded
from autod_tui.core.plan import AgentProfile
from autod_tui.core.run import RunState, SessionState
from autod_tui.core.run_json import run_json
from autod_tui.core.run_plan import By, StageSpec
from autod_tui.core.run_sessions import halt_words, halted_first, session_permission, unasked_stages
from autod_tui.core.run_view import run_view
from autod_tui.core.workstream import Source, WorkstreamState
from tests.support.engine import make_plan
from tests.support.simulate import RUN, Simulation, make_run_plan, stage

W = WorkstreamState
FREE = AgentProfile(name="free", command=("x",), permission="all", permissions={"all": ("-y",)})
ASKS = AgentProfile(name="agent", command=("x",), permissions={"edits": ("-e",)})


def halted(session: str, state: W, reason: str = "", until: float = 0.0) -> ev.SessionHalted:
    return ev.SessionHalted(run=RUN, session=session, state=state, reason=reason, source=Source.HOOK, until=until)


def at_work() -> Simulation:
    """A run with two sessions at work."""
    simulation = Simulation(make_run_plan([stage("build", 1, sessions=2)], 4))
    simulation.once()
    assert [one.id for one in simulation.run.living] == ["build-1", "build-2"]
    return simulation


def test_a_halt_keeps_its_beginning_while_its_words_change_and_ends() -> None:
    simulation = at_work()
    simulation.tell(halted("build-2", W.WAITING))
    begun = simulation.run.sessions["build-2"].halt
    simulation.tell(halted("build-2", W.WAITING, "permission: Bash"))
    now = simulation.run.sessions["build-2"].halt
    assert begun and now and (now.since, now.reason) == (begun.since, "permission: Bash")
    simulation.tell(ev.SessionWentOn(run=RUN, session="build-2"))
    assert simulation.run.sessions["build-2"].halt is None
    simulation.tell(halted("build-2", W.WAITING))
    simulation.tell(ev.SessionEnded(run=RUN, session="build-2", state=SessionState.LOST))
    simulation.tell(halted("build-2", W.WAITING))
    simulation.tell(halted("build-9", W.WAITING))
    assert simulation.run.sessions["build-2"].halt is None


def test_those_that_wait_for_a_person_come_first_in_words_and_in_json() -> None:
    simulation = at_work()
    simulation.tell(halted("build-1", W.RATE_LIMITED, "429", until=77.0))
    simulation.tell(halted("build-2", W.WAITING, "permission: Bash"))
    assert [one.id for one in halted_first(simulation.run.sessions.values())] == ["build-2", "build-1"]
    view = run_view(simulation.run, simulation.now)
    assert view.waiting == ("build-2",)
    assert [halt_words(one) for one in view.halted] == [
        "build-2 waits for you: permission: Bash",
        "build-1 is rate-limited: 429",
    ]
    board = make_board(make_plan([]), simulation.state, simulation.now)
    assert board.waiting == (f"{RUN}/build-2",)
    (entry,) = status_json(board)["runs"]
    assert [(one["session"], one["state"], one["until"]) for one in entry["halted"]] == [
        ("build-2", "waiting", None),
        ("build-1", "rate-limited", 77.0),
    ]
    halts = {one["id"]: one["halt"] for one in run_json(simulation.run)["sessions"]}
    assert halts["build-2"]["reason"] == "permission: Bash"


def test_a_session_calls_once_for_a_person_and_never_for_a_limit() -> None:
    calls = Calls(sessions=["r/old"])

    def follow(*events: ev.Event) -> list[str]:
        return [call.words for call in calls.follow(Recorded(1, 1.0, event) for event in events)]

    waits = ev.SessionHalted(run="r", session="a", state=W.WAITING, reason="question", source=Source.HOOK)
    limited = replace(waits, state=W.RATE_LIMITED)
    assert follow(replace(waits, session="old"), limited) == []
    assert follow(waits, waits) == ["r/a waits for you: question"]
    assert follow(ev.SessionWentOn(run="r", session="a"), waits) == ["r/a waits for you: question"]
    assert follow(limited, waits) == ["r/a waits for you: question"]
    assert follow(ev.SessionEnded(run="r", session="a", state=SessionState.DONE), waits) != []


def test_headless_agents_edit_where_they_would_have_to_ask() -> None:
    assert session_permission(ASKS) == "ask"
    assert session_permission(replace(ASKS, headless=("x",))) == "edits"
    assert session_permission(replace(ASKS, headless=("x",), permissions={})) == "ask"
    assert session_permission(replace(FREE, headless=("x",))) == "all"
    assert session_permission(None) == ""


def test_stages_are_marked_whose_agents_never_ask() -> None:
    agents = {"free": FREE, "agent": ASKS}
    stages = [StageSpec(name="a", agent="free"), StageSpec(name="b"), StageSpec(name="c", by=By.PERSON, agent="free")]
    plan = make_run_plan(stages, 2)
    assert unasked_stages(plan, agents) == {"a"}
    assert unasked_stages(plan, {"agent": ASKS}) == frozenset()
    task = replace(plan.tasks[0], role="dev")
    by_role = replace(plan, tasks=(task, *plan.tasks[1:]), roles={"dev": "free", "qa": "free"})
    assert unasked_stages(by_role, agents) == {"a", "b"}
    assert unasked_stages(replace(by_role, tasks=plan.tasks), agents) == {"a"}


def test_a_run_is_marked_while_it_lasts_or_once_an_agent_of_it_never_asked() -> None:
    simulation = at_work()
    agents = {"demo": FREE}
    assert run_view(simulation.run, 9.0, agents).unasked and not run_view(simulation.run, 9.0).unasked
    assert run_json(simulation.run, agents)["unasked"] == ["build"]
    over = replace(simulation.run, state=RunState.STOPPED)
    assert not run_view(over, 9.0, agents).unasked
    sessions = {id: replace(one, permission="all") for id, one in over.sessions.items()}
    assert run_view(replace(over, sessions=sessions), 9.0).unasked
