"""Contradictions between the parts of a plan are all found, each where it can be mended."""

from __future__ import annotations

import msgspec
import pytest

from autod_tui.core.checkpoint import RollbackPlan
from autod_tui.core.plan import Plan, ResolveRule, plan_problems
from tests.support.engine import checkpoint, make_plan, workstream


def only(plan: Plan) -> tuple[str, str, str, str]:
    (problem,) = plan_problems(plan)
    return problem.file, problem.key, problem.message, problem.hint


def test_sound_plan_has_no_problem_even_with_a_workstream_in_several_checkpoints() -> None:
    lanes = [workstream("ws"), workstream("ws-1"), workstream("late", "first")]
    points = [checkpoint("first", "ws", "ws-1"), checkpoint("second", "ws", "late", after=("first",))]
    plan = make_plan(lanes, points, resolve=(ResolveRule("docs/**", "ws-1"), ResolveRule("*", "newest")))
    assert plan_problems(plan) == []
    assert [spec.name for spec in plan.checkpoints_of("ws")] == ["first", "second"]
    assert [spec.name for spec in plan.checkpoints_of("ws-1")] == ["first"]


def test_second_checkpoint_of_a_name() -> None:
    file, key, message, _ = only(make_plan([], [checkpoint("a"), checkpoint("a")]))
    assert (file, key, message) == ("autod.toml", "checkpoint[1].name", "a second checkpoint 'a'")


def test_names_that_are_offered_are_there_and_told_once() -> None:
    points = [checkpoint(""), checkpoint("a"), checkpoint("a"), checkpoint("b", after=("zzz",))]
    problem = next(one for one in plan_problems(make_plan([], points)) if "zzz" in one.message)
    assert problem.hint == "known: a, b"


def test_a_default_agent_that_nobody_knows_is_no_mistake_of_each_workstream() -> None:
    plan = make_plan([workstream("x", agent="shel"), workstream("y", agent="zell")])
    plan = msgspec.structs.replace(plan, project=msgspec.structs.replace(plan.project, agent="shel"))
    assert [(one.file, one.key) for one in plan_problems(plan)] == [("workstreams/y/workstream.toml", "agent")]


def test_workstream_named_twice_in_one_merge() -> None:
    _, key, message, _ = only(make_plan([workstream("x")], [checkpoint("a", "x", "x")]))
    assert (key, message) == ("checkpoint[0].merge", "'x' is named twice")


def test_names_that_differ_in_case_only() -> None:
    file, _, message, hint = only(make_plan([workstream("Docs"), workstream("docs")]))
    assert file == "workstreams/docs/workstream.toml"
    assert "'docs' and 'Docs'" in message
    assert hint == "rename one of them"


@pytest.mark.parametrize("attribute", ["worktree", "branch"])
def test_worktree_or_branch_taken_by_another(attribute: str) -> None:
    plan = make_plan([workstream("a", **{attribute: "same"}), workstream("b", **{attribute: "same"})])
    file, key, message, _ = only(plan)
    assert (file, key) == ("workstreams/b/workstream.toml", attribute)
    assert message == f"'same' is the {attribute} of 'a' already"


@pytest.mark.parametrize(
    ("plan", "key", "message", "hint"),
    [
        (make_plan([workstream("testing")], [checkpoint("a", "tesing")]),
         "checkpoint[0].merge", "unknown workstream 'tesing'", "did you mean 'testing'?"),
        (make_plan([], [checkpoint("first"), checkpoint("b", after=("frist",))]),
         "checkpoint[1].after", "unknown checkpoint 'frist'", "did you mean 'first'?"),
        (make_plan([], [checkpoint("b", after_soft=("zzz",))]),
         "checkpoint[0].after_soft", "unknown checkpoint 'zzz'", "known: b"),
        (make_plan([workstream("x", "zzz")]), "after", "unknown checkpoint 'zzz'", "known: none"),
        (make_plan([workstream("x", after_soft=("zzz",))]), "after_soft", "unknown checkpoint 'zzz'", "known: none"),
        (make_plan([workstream("x", agent="shel")]), "agent", "unknown agent 'shel'", "did you mean 'shell'?"),
        (make_plan([workstream("docs")], resolve=(ResolveRule("a/*", "dcos"),)),
         'resolve."a/*"', "unknown winner 'dcos'", "did you mean 'docs'?"),
    ],
)  # fmt: skip
def test_unknown_words_come_with_the_nearest_known_one(plan: Plan, key: str, message: str, hint: str) -> None:
    assert only(plan)[1:] == (key, message, hint)


@pytest.mark.parametrize(
    ("plan", "names"),
    [
        (make_plan([], [checkpoint("a", after=("a",))]), {"checkpoint a"}),
        (make_plan([], [checkpoint("a", after=("b",)), checkpoint("b", after=("a",))]),
         {"checkpoint a", "checkpoint b"}),
        (make_plan([workstream("x", "a")], [checkpoint("a", "x")]), {"checkpoint a", "workstream x"}),
        (make_plan([workstream("x", "b")], [checkpoint("a", "x"), checkpoint("b", after=("a",))]),
         {"checkpoint a", "checkpoint b", "workstream x"}),
    ],
)  # fmt: skip
def test_cycles_are_told_as_a_path(plan: Plan, names: set[str]) -> None:
    _, _, message, hint = only(plan)
    path = message.removeprefix("these wait for each other: ").split(" -> ")
    assert set(path) == names
    assert path[0] == path[-1]
    assert hint == "take one `after` away"


def test_soft_order_never_makes_a_cycle() -> None:
    assert plan_problems(make_plan([workstream("x", after_soft=("a",))], [checkpoint("a", "x")])) == []


def test_all_problems_come_at_once() -> None:
    plan = make_plan([workstream("x", "no", agent="none")], [checkpoint("a", "y"), checkpoint("a", after=("a",))])
    assert len(plan_problems(plan)) == 5


@pytest.mark.parametrize(("later", "words"), [(1, "1 later commit on main stays"), (2, "2 later commits on main stay")])
def test_a_rollback_counts_what_stays(later: int, words: str) -> None:
    plan = RollbackPlan(
        checkpoint="a", into="main", before_oid="", after_oid="1", into_oid="2", exact=False, later=later
    )
    assert plan.stays(" on main") == words
