"""Plan, approve, execute: nothing happens that nobody agreed to."""

from __future__ import annotations

import json

import pytest

from autod_tui.core.board_json import to_json
from autod_tui.core.checkpoint import MergeStep, RollbackPlan
from autod_tui.core.requests import Answer, Down, Merge, New, PlanMerge, PlanRollback, Rollback, Send, Sync, Undo, Up
from tests.unit.cli.conftest import merge_plan

CHANGING = [
    ["down", "testing"],
    ["checkpoint", "merge", "foundation"],
    ["checkpoint", "rollback", "foundation"],
    ["checkpoint", "sync", "foundation"],
    ["undo", "refs/autod/backup/1"],
    ["init"],
]
DEEDS = (Merge, Rollback, Undo)


def deeds(desk) -> list:
    return [
        request
        for request in desk.asked
        if isinstance(request, DEEDS) or (isinstance(request, Down | Sync) and request.approved)
    ]


@pytest.mark.parametrize("words", CHANGING, ids=" ".join)
def test_without_a_terminal_and_without_yes_nothing_changes(words, run, desk, engine) -> None:
    result = run(*words)
    assert result.code == 2
    assert "--yes" in result.err
    assert deeds(desk) == []
    assert engine.entered == []


@pytest.mark.parametrize("words", CHANGING, ids=" ".join)
def test_yes_approves_beforehand(words, run, desk, engine) -> None:
    assert run(*words, "--yes").code == 0
    assert len(deeds(desk)) == 1 or engine.entered == ["init"]


@pytest.mark.parametrize("words", CHANGING, ids=" ".join)
@pytest.mark.parametrize("typed", ["n\n", "\n", ""])
def test_a_no_changes_nothing(words, typed, run, desk, engine) -> None:
    result = run(*words, typed=typed)
    assert result.code == 0
    assert "Nothing was changed" in result.out
    assert deeds(desk) == []
    assert engine.entered == []


@pytest.mark.parametrize("words", CHANGING, ids=" ".join)
def test_a_yes_carries_it_out(words, run, desk, engine) -> None:
    assert run(*words, typed="y\nn\n").code == 0
    assert len(deeds(desk)) == 1 or engine.entered == ["init"]


def test_the_plan_is_told_as_json_when_nobody_can_approve(run) -> None:
    result = run("checkpoint", "merge", "foundation", "--json")
    told = json.loads(result.out)
    assert result.code == 2
    assert told["plan"]["checkpoint"] == "foundation"
    assert told["error"]["exit_code"] == 2
    assert "--yes" in told["error"]["hint"]


def test_json_never_asks_even_on_a_terminal(run, desk) -> None:
    assert run("checkpoint", "merge", "foundation", "--json", typed="y\n").code == 2
    assert deeds(desk) == []


@pytest.mark.parametrize(
    ("words", "request_type"), [(["up", "testing"], Up), (["send", "testing", "hi"], Send), (["new", "docs"], New)]
)
def test_up_send_and_new_need_no_approval(words, request_type, run, desk) -> None:
    assert run(*words).code == 0
    assert isinstance(desk.asked[-1], request_type)


def dirty(desk) -> None:
    step = MergeStep(workstream="testing", branch="workstream/testing", head="a" * 40, uncommitted=2)
    desk.answers[PlanMerge] = Answer(data={"plan": to_json(merge_plan(steps=(step,)))})


def test_uncommitted_work_has_to_be_decided_about(run, desk) -> None:
    dirty(desk)
    result = run("checkpoint", "merge", "foundation", "--yes")
    assert result.code == 2
    assert "--commit" in result.err
    assert deeds(desk) == []


@pytest.mark.parametrize(("option", "commit"), [("--commit", ("testing",)), ("--no-commit", ())])
def test_uncommitted_work_is_decided_by_an_option(option, commit, run, desk) -> None:
    dirty(desk)
    assert run("checkpoint", "merge", "foundation", "--yes", option).code == 0
    assert deeds(desk)[0].approved.commit == commit


@pytest.mark.parametrize(("typed", "commit"), [("c\ny\nn\n", ("testing",)), ("w\ny\nn\n", ())])
def test_uncommitted_work_is_asked_about(typed, commit, run, desk) -> None:
    dirty(desk)
    assert run("checkpoint", "merge", "foundation", typed=typed).code == 0
    assert deeds(desk)[0].approved.commit == commit


def test_stopping_at_uncommitted_work_changes_nothing(run, desk) -> None:
    dirty(desk)
    assert run("checkpoint", "merge", "foundation", typed="s\n").code == 0
    assert deeds(desk) == []


def test_the_approved_plan_is_the_one_that_was_shown(run, desk) -> None:
    run("checkpoint", "merge", "foundation", "--leave-out", "pipeline", "--yes")
    asked, done = desk.asked
    assert asked == PlanMerge(checkpoint="foundation", leave_out=("pipeline",))
    assert done.approved.plan == merge_plan()


def test_a_refused_plan_is_not_carried_out(run, desk) -> None:
    desk.answers[PlanMerge] = Answer(data={"plan": to_json(merge_plan(refusals=("integration is dirty",)))})
    result = run("checkpoint", "merge", "foundation", "--yes")
    assert result.code == 1
    assert "integration is dirty" in result.err
    assert deeds(desk) == []


def test_a_refused_rollback_is_not_carried_out(run, desk) -> None:
    plan = RollbackPlan(
        checkpoint="foundation", into="i", before_oid="a", after_oid="b", into_oid="c", exact=False, later=3,
        refusals=("dirty",),
    )  # fmt: skip
    desk.answers[PlanRollback] = Answer(data={"plan": to_json(plan)})
    result = run("checkpoint", "rollback", "foundation", "--yes")
    assert result.code == 1
    assert "3 later commits on i stay" in result.out
    assert deeds(desk) == []


def test_sync_is_offered_after_a_merge_on_a_terminal(run, desk) -> None:
    assert run("checkpoint", "merge", "foundation", typed="y\ny\n").code == 0
    assert [type(request).__name__ for request in desk.asked] == ["PlanMerge", "Merge", "Sync", "Sync"]
    assert desk.asked[-1].approved


def test_sync_is_not_offered_to_scripts(run, desk) -> None:
    run("checkpoint", "merge", "foundation", "--yes")
    assert [type(request).__name__ for request in desk.asked] == ["PlanMerge", "Merge"]


def test_discard_without_remove_is_refused(run, desk) -> None:
    assert run("down", "testing", "--discard", "--yes").code == 2
    assert desk.asked == []


def test_down_passes_its_options_on(run, desk) -> None:
    run("down", "--remove", "testing", "--discard", "--yes")
    assert desk.asked[-1] == Down(names=("testing",), remove=True, discard=True, approved=True)
