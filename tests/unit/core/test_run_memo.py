"""Runs at rest are summed up once, runs at work each time."""

from __future__ import annotations

import gc
from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from autod_tui.core import run_memo
from autod_tui.core.board import make_board
from autod_tui.core.plan import AgentProfile
from autod_tui.core.run import RunRecord
from autod_tui.core.run_view import RunView, run_view
from autod_tui.core.state import State
from tests.support.engine import make_plan
from tests.support.simulate import Simulation, make_run_plan, stage

PLAN = make_run_plan([stage("build", 2)], 4)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the ids of the runs that were summed up."""
    made: list[str] = []

    def counted(run: RunRecord, now: float, agents: Mapping[str, AgentProfile]) -> RunView:
        made.append(run.id)
        return run_view(run, now, agents)

    monkeypatch.setattr(run_memo, "run_view", counted)
    return made


def at_rest(id: str = "r") -> RunRecord:
    return replace(Simulation(PLAN).play().run, id=id)


def test_a_run_at_rest_is_summed_up_once_and_as_ever(looks: list[str]) -> None:
    state = State(runs={id: at_rest(id) for id in ("a", "b")})
    plan = make_plan([])
    boards = [make_board(plan, replace(state, seq=seq), 5.0 + seq) for seq in range(3)]
    assert looks == ["a", "b"]
    assert [one.runs for one in boards] == [tuple(run_view(run, 9.0) for run in state.runs.values())] * 3


def test_a_changed_run_is_summed_up_anew(looks: list[str]) -> None:
    run = at_rest()
    first = run_memo.remembered_view(run, 1.0)
    changed = replace(run, reason="because")
    assert run_memo.remembered_view(changed, 1.0).reason == "because"
    assert run_memo.remembered_view(run, 1.0) is first
    assert looks == ["r", "r"]


def test_time_goes_on_for_a_run_at_work(looks: list[str]) -> None:
    simulation = Simulation(PLAN)
    simulation.once()
    spent = [run_memo.remembered_view(simulation.run, simulation.now + add).working_seconds for add in (3.0, 8.0)]
    assert (spent, looks) == ([3.0, 8.0], ["r", "r"])


def test_nothing_is_kept_of_records_that_are_gone() -> None:
    gc.collect()
    before = len(run_memo._known)
    runs = [at_rest() for _ in range(20)]
    for run in runs:
        run_memo.remembered_view(run, 1.0)
    assert len(run_memo._known) == before + 20
    del runs, run
    gc.collect()
    assert len(run_memo._known) == before
