import subprocess

import pytest

from autod_tui.demo.script import Script
from autod_tui.demo.worker import Worker, WorkFailed
from tests.support.demo import environment

SCRIPT = Script(name="w", title="A lane", eta="Day 3", tasks=("one", "two", "three"), steps=(), material=None)


@pytest.fixture
def worktree(tmp_path, monkeypatch):
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=tmp_path, check=True)
    return tmp_path


def test_a_commit_needs_no_identity_and_takes_only_its_files(worktree):
    (worktree / "a").write_text("1")
    (worktree / "b").write_text("2")
    assert Worker(SCRIPT, worktree).commit("Add a", ["a"])
    assert _git(worktree, "show", "--format=%an %s", "--name-only").split() == ["Demo", "agent", "Add", "a", "a"]
    assert _git(worktree, "status", "--porcelain") == "?? b"


def test_nothing_new_is_no_commit(worktree):
    (worktree / "a").write_text("1")
    worker = Worker(SCRIPT, worktree)
    worker.commit("Add a", ["a"])
    assert worker.commit("Add a again", ["a"]) == ""
    assert worker.committed() == {"Add a"}


def test_a_refusal_of_git_is_told(worktree):
    with pytest.raises(WorkFailed, match=r"git add failed: .*missing"):
        Worker(SCRIPT, worktree).commit("Add nothing", ["missing"])


def test_a_missing_program_is_told(tmp_path):
    with pytest.raises(WorkFailed, match="no-such-program can't be started"):
        Worker(SCRIPT, tmp_path).run("no-such-program --now")


def test_progress_on_the_way(tmp_path):
    worker = Worker(SCRIPT, tmp_path)
    worker.done, worker.blockers = 1, ("no answer yet",)
    worker.report("🔴 Blocked")
    text = (tmp_path / "progress.md").read_text()
    assert "**Status**: 🔴 Blocked\n**Progress**: 1/3 tasks complete (33%)\n**ETA**: Day 3\n" in text
    assert "## In Progress\n- 🔄 two\n" in text
    assert "## Blockers\n- no answer yet\n" in text


def test_progress_at_the_end(tmp_path):
    worker = Worker(SCRIPT, tmp_path)
    worker.done = 3
    worker.report()
    text = (tmp_path / "progress.md").read_text()
    assert "**Status**: 🟢 Complete\n**Progress**: 3/3 tasks complete (100%)\n**ETA**: done\n" in text
    assert "In Progress" not in text
    assert "## Blockers\n- None\n" in text


def _git(directory, *arguments):
    return subprocess.run(["git", *arguments], cwd=directory, check=True, capture_output=True, text=True).stdout.strip()
