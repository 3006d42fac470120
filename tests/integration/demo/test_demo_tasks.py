"""The demo agent in sessions of a run, on real git."""

import json
import subprocess
import sys

import pytest

from tests.support.demo import environment, git, make_repository


class Sessions:
    """Starts the demo agent as a run does, without the engine."""

    def __init__(self, directory):
        self.worktree = make_repository(directory)
        self.runs = directory / "runs"
        self.count = 0

    def start(self, stage, prompt, *ids, timeout=30):
        self.count += 1
        session = self.runs / f"{stage}-{self.count}"
        session.mkdir(parents=True)
        (session / "prompt.md").write_text(prompt)
        self.verdicts, self.handoff = session / "verdicts", session / "handoff"
        return subprocess.run(
            [sys.executable, "-P", "-m", "autod_tui.demo_agent", str(session / "prompt.md")],
            cwd=self.worktree,
            env=environment(
                AUTOD_TASKS=" ".join(ids),
                AUTOD_STAGE=stage,
                AUTOD_VERDICTS=str(self.verdicts),
                AUTOD_HANDOFF=str(self.handoff),
            ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )


@pytest.fixture
def sessions(tmp_path):
    return Sessions(tmp_path)


TWO = "Do this.\n\nTask 1.1: First\nFiles it has to leave: out/1.md\n\nTask 1.2: Second\n"


def test_each_task_is_written_committed_and_approved(sessions):
    done = sessions.start("build", TWO, "1.1", "1.2")
    assert (done.returncode, done.stderr) == (0, "")
    assert sessions.verdicts.read_text() == "VERDICT 1.1 APPROVED\nVERDICT 1.2 APPROVED\n"
    assert "VERDICT 1.1 APPROVED" in done.stdout
    assert sessions.handoff.read_text() == "build: 1.1, 1.2 are through; go on behind them.\n"
    assert git(sessions.worktree, "log", "-2", "--format=%s") == "build: 1.2 Second\nbuild: 1.1 First"
    assert git(sessions.worktree, "status", "--porcelain") == ""
    assert len((sessions.worktree / "out/1.md").read_bytes()) >= 500
    assert (sessions.worktree / "notes/1.2.md").is_file()


def test_a_second_pass_changes_something(sessions):
    for _ in range(2):
        sessions.start("build", TWO, "1.1", "1.2")
    assert git(sessions.worktree, "rev-list", "--count", "HEAD") == "6"


def test_a_judge_changes_nothing_and_sees_what_is_missing(sessions):
    prompt = "<!-- demo: judge -->\n" + TWO
    before = git(sessions.worktree, "rev-parse", "HEAD")
    sessions.start("audit", prompt, "1.1", "1.2")
    assert sessions.verdicts.read_text() == "VERDICT 1.1 NEEDS_WORK: out/1.md is missing\nVERDICT 1.2 APPROVED\n"
    assert git(sessions.worktree, "rev-parse", "HEAD") == before


def test_a_rejection_once_is_not_repeated(sessions):
    prompt = "Task a: A\ndemo: reject once in audit\n"
    verdicts = []
    for stage in ("build", "audit", "audit"):
        sessions.start(stage, prompt, "a")
        verdicts.append(sessions.verdicts.read_text().split(":")[0].strip())
    assert verdicts == ["VERDICT a APPROVED", "VERDICT a NEEDS_WORK", "VERDICT a APPROVED"]


@pytest.mark.parametrize(
    ("order", "status", "verdicts"),
    [
        ("fail", 7, "VERDICT a APPROVED\n"),
        ("crash", -9, None),
        ("silent", 0, None),
        ("unclear", 0, "VERDICT a APPROVED NEEDS_WORK\n"),
        ("missing", 0, "VERDICT a APPROVED\n"),
    ],
)
def test_misbehaviour(sessions, order, status, verdicts):
    done = sessions.start("build", f"Task a: A\nFiles it has to leave: a.md\ndemo: {order}\n", "a")
    assert done.returncode == status
    assert (sessions.verdicts.read_text() if sessions.verdicts.exists() else None) == verdicts
    assert (sessions.worktree / "a.md").exists() == (order not in ("crash", "missing"))


def test_a_flood_ends(sessions):
    assert len(sessions.start("build", "Task a: A\ndemo: flood\n", "a").stdout) > 4_900_000


def test_hanging_never_ends_by_itself(sessions):
    with pytest.raises(subprocess.TimeoutExpired):
        sessions.start("build", "Task a: A\ndemo: hang\n", "a", timeout=2)


def test_two_tasks_that_write_the_same_line_conflict(sessions):
    tree, start = sessions.worktree, git(sessions.worktree, "rev-parse", "HEAD")
    for task in ("a", "b"):
        git(tree, "checkout", "-q", "-B", task, start)
        sessions.start("build", f"Task {task}: x\ndemo: write=shared.txt\n", task)
    assert "CONFLICT" in git(tree, "merge", "--no-edit", "a", ok=False)


def test_scores_are_what_the_gate_measures(sessions):
    prompt = "Task a: A\nFiles it has to leave: results/a.json\ndemo: score=60 once\n"
    scores = []
    for _ in range(2):
        sessions.start("fix", prompt, "a")
        done = subprocess.run(
            [sys.executable, "tools/audit.py"], cwd=sessions.worktree, env=environment(), capture_output=True, text=True
        )
        scores.append(done.stdout.splitlines()[-1])
    assert scores == ["lowest score: 60", "lowest score: 95"]
    assert json.loads((sessions.worktree / "results/a.json").read_text())["passes"] == ["fix", "fix"]


def test_the_audit_is_red_without_a_result(sessions):
    for tasks, text in (("", "no result of any task"), ("x", "no result of x")):
        done = subprocess.run(
            [sys.executable, "tools/audit.py"],
            cwd=sessions.worktree,
            env=environment(AUTOD_TASKS=tasks),
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stderr.strip()) == (1, text)
