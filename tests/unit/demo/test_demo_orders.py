import pytest

from autod_tui.core.run_plan import TaskSpec
from autod_tui.demo.orders import LOG, Job, Memory, Order, read_jobs
from autod_tui.engine.runs.prompts import Assignment, render

TASKS = (
    TaskSpec(id="1.1", title="Skeleton", body="A frame.\ndemo: reject once in review", outputs=("a/b.md", "c.json")),
    TaskSpec(id="1.10", title="1.1 again", body="demo: write=shared.txt\ndemo: score=60 2 times"),
    TaskSpec(id="b1:1"),
)


def test_jobs_are_found_in_a_prompt_as_it_is_rendered():
    told = Assignment(
        run="r", stage="s", tasks=TASKS, worktree="/w", findings={"1.1": "demo: hang", "b1:1": "Outputs: x"}
    )
    for template in ("", "<!-- demo: judge -->\nDo\n\n{tasks}\n\n{findings}\n"):
        common = [Order("judge")] if template else []
        assert read_jobs([task.id for task in TASKS], render(template, told)) == [
            Job("1.1", "Skeleton", ["a/b.md", "c.json"], [Order("reject", "", 1, "review"), *common]),
            Job("1.10", "1.1 again", [], [Order("write", "shared.txt"), Order("score", "60", 2), *common]),
            Job("b1:1", "", [], common),
        ]


def test_outputs_may_be_a_list():
    jobs = read_jobs(["a", "b"], "## a - First\nOutputs:\n- `x.md`\n- y.md\n\nwords\n- z.md\n## b: Second\n")
    assert [(job.title, job.outputs) for job in jobs] == [("First", ["x.md", "y.md"]), ("Second", [])]


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ("demo: hang", Order("hang")),
        ("words; demo: fail twice", Order("fail", "", 2)),
        ("demo: reject 3 times in PLAY-TEST.", Order("reject", "", 3, "PLAY-TEST")),
        ("demo:score=8.5 once", Order("score", "8.5", 1)),
    ],
)
def test_orders(line, order):
    assert read_jobs(["a"], f"Task a\n{line}\n")[0].orders == [order]


def test_an_order_counts_as_often_as_it_says_over_all_sessions_of_its_stage(tmp_path):
    job = Job("a", orders=[Order("reject", times=2, stage="audit")])
    obeyed = []
    for number, stage in enumerate(["audit", "build", "audit", "audit"]):
        session = tmp_path / f"{stage}-{number}"
        session.mkdir()
        memory = Memory({"AUTOD_VERDICTS": str(session / "verdicts"), "AUTOD_STAGE": stage})
        obeyed.append(memory.obeys(job, "reject") is not None)
    assert obeyed == [True, False, True, False]
    assert (tmp_path / "audit-0" / LOG).read_text() == "audit a reject\n"


def test_an_order_without_a_number_always_counts(tmp_path):
    memory = Memory({"AUTOD_VERDICTS": str(tmp_path / "s" / "verdicts")})
    assert all(memory.obeys(Job("a", orders=[Order("judge")]), "judge") for _ in range(3))
