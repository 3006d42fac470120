"""The sample plans, as they stand in the demo's repository: valid, and true to the five ways of working."""

from pathlib import Path

import pytest

from autod_tui.agents.profiles import load_profiles
from autod_tui.core.run_choice import plan_warnings, take_items
from autod_tui.core.run_plan import By, Isolation
from autod_tui.core.templates import words_in
from autod_tui.demo.material import workstreams_directory
from autod_tui.demo.sample import make_sample
from autod_tui.store.plan_files import load_run_plan, run_plan_names
from autod_tui.store.settings import load_plan

NAMES = ("batches", "manager", "sessions", "sessions-162", "supervised", "workers")


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    root = tmp_path_factory.mktemp("sample") / "paperflow"
    make_sample(root)
    return root, load_plan(root, profiles=load_profiles())


@pytest.fixture
def load(sample):
    root, settings = sample
    return lambda name: load_run_plan(root, name, settings)


def stages(plan, key):
    return {stage.name: getattr(stage, key) for stage in plan.stages}


def test_the_demo_s_repository_has_them_all(sample):
    assert run_plan_names(sample[0]) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_plan_is_valid_and_its_prompts_name_the_tasks_and_the_form_of_a_verdict(load, name):
    plan = load(name)
    assert plan.agent == "demo"
    assert plan.into != plan.target
    for stage in plan.stages:
        if stage.by is By.AGENT:
            text = Path(stage.prompt).read_text()
            assert "tasks" in words_in(text)
            assert "VERDICT" in text
            assert not any(line.startswith("VERDICT") for line in text.splitlines())


def test_every_prompt_and_list_is_used(load):
    used = {stage.prompt.rpartition("/")[2] for name in NAMES for stage in load(name).stages if stage.prompt}
    assert {path.name for path in (workstreams_directory() / "prompts").iterdir()} == used
    assert {path.name for path in (workstreams_directory() / "lists").iterdir()} == {"roadmap.md", "tracker.json"}


def test_batches(load):
    plan = load("batches")
    assert plan.isolation is Isolation.WORKTREE
    assert [(batch.name, batch.tasks, batch.after) for batch in plan.batches] == [
        ("week1_batch1", ("1.1", "1.2", "1.3"), ()),
        ("week1_batch2", ("1.4", "1.5"), ("week1_batch1",)),
        ("week2_batch1", ("2.1", "2.2", "2.3"), ("week1_batch2",)),
        ("week2_batch2", ("2.4", "2.5"), ("week2_batch1",)),
    ]
    assert {task.id for task in plan.tasks if task.model == "pro"} == {"1.5", "2.4"}
    assert stages(plan, "by") == {"build": By.AGENT, "review": By.PERSON}
    assert [gate.name for gate in plan.stage("review").gates] == ["tests"]
    assert len(plan.stage("review").checklist) == 4
    assert [task.id for task in take_items(plan, "week1_batch1").tasks] == ["1.1", "1.2", "1.3"]


def test_workers(load, sample):
    plan = load("workers")
    assert stages(plan, "batch_size") == {
        "SPEC": 5,
        "TESTS_PRE": 5,
        "IMPL": 3,
        "TESTS_POST": 1,
        "REVIEW": 5,
        "PLAYTEST": 5,
        "COMMIT": 5,
    }
    assert {plan.stage(name).needs_work for name in ("TESTS_POST", "REVIEW", "PLAYTEST")} == {"IMPL"}
    assert (len(plan.tasks), max(plan.tasks, key=lambda task: task.priority).id) == (
        8,
        "villagers-lose-their-way-when-it-snows",
    )
    assert plan_warnings(plan, sample[1]) == ("workstreams/lists/roadmap.md: 2 of 10 tasks are done and left out",)


def test_sessions(load):
    plan = load("sessions")
    assert plan.isolation is Isolation.SHARED
    assert stages(plan, "batch_size") == {"execute": 3, "audit": 3}
    assert [gate.threshold for gate in plan.stage("audit").gates] == [">= 70"]
    assert plan.stage("execute").attempts == 3
    assert [len(batch.tasks) for batch in plan.batches] == [3, 3, 3]
    assert {task.kind: task.role for task in plan.tasks} == {
        "architecture": "architect",
        "page": "researcher",
        "section": "researcher",
        "component": "researcher",
        "api": "integrator",
    }
    assert [warning.partition(": ")[2] for warning in plan.warnings] == [
        "totalTasks is 10, but 9 tasks are listed",
        "completed, but their audit has not approved them: TASK-001",
    ]


def test_sessions_at_full_length(load):
    plan = load("sessions-162")
    assert len(plan.tasks) == 162
    assert plan.tasks[-1].outputs == ("results/completed/TASK-162-result.json",)


def test_the_manager(load):
    plan = load("manager")
    assert stages(plan, "needs_work") == {"fix": "fix", "review": "fix"}
    assert plan.stage("review").gates[0].at_least == 90
    assert len(take_items(plan, "b1:1-20").tasks) == plan.max_tasks == 20
    assert plan.task("b2-hist:10").outputs == ("modules/b2-hist/10.json",)


def test_supervised_is_one_lane_in_order(load):
    plan = load("supervised")
    assert (plan.isolation, plan.max_sessions) == (Isolation.SHARED, 1)
    ids = ["database-pipeline", "retry-error-handling", "token-tracking", "testing"]
    assert [(task.id, task.after) for task in plan.tasks] == list(zip(ids, [(), *((id,) for id in ids)], strict=False))
    assert all(task.body.startswith("# Workstream") for task in plan.tasks)
