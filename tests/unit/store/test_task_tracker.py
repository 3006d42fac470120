import pytest

from autod_tui.store.files import UnreadableError
from autod_tui.store.task_tracker import read_tracker
from tests.support.plans import Files, tracker


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path / "repo")


def test_a_tracker_of_161_tasks_makes_53_batches_of_three_and_one_of_two(files):
    files.write("workstreams/tracker.json", tracker(161, executionPhase={"totalTasks": 162}))
    plan = files.load('[tasks]\nfrom = "tracker.json"\nbatches = 3\n')
    assert [len(batch.tasks) for batch in plan.batches] == [3] * 53 + [2]
    assert plan.batches[0].name == "batch-01"
    assert plan.batches[-1].tasks == ("TASK-160", "TASK-161")
    assert plan.warnings == ("workstreams/tracker.json: totalTasks is 162, but 161 tasks are listed",)


def test_a_tracker_s_task(files):
    changed = {
        2: {
            "priority": "high",
            "dependencies": ["TASK-001"],
            "estimatedTime": "45 minutes",
            "title": "Front page",
            "description": "What it does.",
            "execution": {"assignedAgent": "researcher", "resultSize": 12000},
            "audit": {"qualityScore": 60},
        }
    }
    files.write("tracker.json", tracker(2, changes=changed))
    plan = files.load('[tasks]\nfrom = "tracker.json"\nroles = { page = "architect" }\nmin_bytes = 9\nmodel = "pro"\n')
    task = plan.tasks[1]
    assert (task.id, task.title, task.body, task.kind, task.role) == (
        "TASK-002",
        "Front page",
        "What it does.",
        "page",
        "architect",
    )
    assert (task.outputs, task.min_bytes, task.model) == (("results/002.json",), 9, "pro")
    assert (task.priority, task.after) == (1, ("TASK-001",))
    assert task.declared == {
        "status": "pending",
        "estimated": "45 minutes",
        "agent": "researcher",
        "attempts": "2",
        "size": "12000",
        "score": "60",
        "audit": "pending",
    }


def test_completed_is_not_approved(files):
    changes = {
        1: {"status": "completed"},
        2: {"status": "approved", "audit": {"approved": True, "status": "approved"}},
        3: {"status": "approved"},
    }
    files.write("tracker.json", tracker(4, changes=changes))
    plan = files.load('[tasks]\nfrom = "tracker.json"\n')
    assert [task.id for task in plan.tasks] == ["TASK-001", "TASK-003", "TASK-004"]
    assert plan.warnings == (
        "tracker.json: completed, but their audit has not approved them: TASK-001",
        "tracker.json: approved by status, but not by their audit: TASK-003",
        "tracker.json: 1 of 4 tasks are done and left out",
    )
    assert len(files.load('[tasks]\nfrom = "tracker.json"\npending_only = false\n').tasks) == 4


def test_a_task_that_needs_an_approved_one_does_not_wait_for_it(files):
    changes = {1: {"audit": {"approved": True}, "status": "approved"}, 2: {"dependencies": ["TASK-001"]}}
    files.write("tracker.json", tracker(2, changes=changes))
    assert files.load('[tasks]\nfrom = "tracker.json"\n').tasks[0].after == ()


def test_contradictions_are_listed():
    changes = {
        1: {"status": "completed", "execution": {"resultFile": None}},
        2: {"status": "odd", "dependencies": ["TASK-009", "TASK-002"]},
        3: {"execution": {"resultFile": "/tmp/x"}, "audit": {"approved": True}},
    }
    warnings = []
    found = read_tracker(
        tracker(
            3,
            changes=changes,
            executionPhase={"totalTasks": 3, "completedTasks": 2},
            batchExecution={"tasksPerBatch": 3, "totalBatches": 54, "currentBatchTasks": ["TASK-003", "TASK-004"]},
            completionTracking={"byLevel": {"a": {"total": 1}, "b": {"total": 3}}},
            auditTracking={"approvedTasks": 0},
            statusDefinitions={"pending": "", "completed": ""},
        ),
        warnings,
    )
    assert found[2].spec.outputs == ()
    assert warnings == [
        "TASK-003: '/tmp/x' is not a path inside the worktree: left out",
        "completedTasks is 2, but 1 tasks have a status that says so",
        "totalBatches is 54, but 3 tasks in batches of 3 make 1",
        "the totals by level add up to 4, but 3 tasks are listed",
        "currentBatchTasks names tasks that are not listed: TASK-004",
        "approvedTasks is 0, but 1 tasks are approved",
        "statusDefinitions does not know odd",
        "completed, but their audit has not approved them: TASK-001",
        "approved by their audit, but not by status: TASK-003",
        "completed, but no result file is named: TASK-001",
    ]


def test_dependencies_that_are_not_listed_are_told_and_dropped(files):
    files.write("tracker.json", tracker(2, changes={2: {"dependencies": ["TASK-009", "TASK-002", "TASK-001"]}}))
    plan = files.load('[tasks]\nfrom = "tracker.json"\n')
    assert plan.tasks[1].after == ("TASK-001",)
    assert plan.warnings == (
        "tracker.json: depends on tasks that are not listed: TASK-009",
        "tracker.json: depend on themselves: TASK-002",
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is nested too deeply"),
        ("1" * 5000, "has a value that can't be read"),
        ("3", "has no tasks"),
        ('{"taskStatus": 3}', "has no tasks"),
        ("[1]", "has a task without an id, or that is no object: number 1"),
        ('[{"id": "a"}, {"id": "a"}]', "lists task 'a' twice"),
        ('{"taskStatus": {"a": {}, "a": {}}}', "names 'a' twice"),
    ],
)
def test_what_is_no_tracker(text, words):
    with pytest.raises(UnreadableError, match=words):
        read_tracker(text, [])
