import base64
import os
import pty
import re
import select
import subprocess
import sys
import time

import pytest

from autod_tui.demo import story
from autod_tui.demo.script import load_script
from tests.support.demo import add_worktree, environment, git, make_repository, play

STATES = re.compile(r"\x1b\]7501;state=(\w+):app=demo([^\x07]*)\x07")


@pytest.fixture
def repository(tmp_path):
    return make_repository(tmp_path)


@pytest.mark.parametrize("name", story.WORKSTREAMS)
def test_an_agent_commits_what_its_script_says(repository, name):
    worktree = add_worktree(repository, name)
    done = play(worktree, name, "y\n" if name == story.ASKING else "")
    assert (done.returncode, done.stderr) == (0, "")
    wanted = [step.commit for step in load_script(name).steps if step.commit]
    assert git(worktree, "log", "--reverse", "--format=%s", "main..HEAD").splitlines() == wanted
    left = git(worktree, "status", "--porcelain", "--untracked-files=all").splitlines()
    expected = story.UNCOMMITTED_FILES if name == story.UNCOMMITTED_WORKSTREAM else ()
    assert left == [f"?? {path}" for path in expected]
    assert "tasks complete (100%)" in (worktree / "progress.md").read_text()
    assert git(worktree, "ls-files", "STARTUP.md", "progress.md") == ""


def test_the_terminal_is_told_each_state(repository):
    worktree = add_worktree(repository, story.ASKING)
    said = play(worktree, story.ASKING, f"{story.ANSWER}\n").stdout
    states = STATES.findall(said)
    assert [state for state, _ in states] == ["working", "blocked", "working", "done"]
    kind, message = re.fullmatch(r":kind=(\w+):msg=(\S+)", states[1][1]).groups()
    assert (kind, base64.b64decode(message).decode()) == ("question", story.QUESTION)
    assert "Generic JSON it is" in said


def test_the_prompt_is_not_printed(repository):
    worktree = add_worktree(repository, "testing")
    (worktree / "STARTUP.md").write_text("a secret sentence\n")
    assert "a secret sentence" not in play(worktree, "testing").stdout


def test_an_answer_no_is_noted(repository):
    worktree = add_worktree(repository, story.ASKING)
    assert "I stay with generic JSON" in play(worktree, story.ASKING, "n\n").stdout
    assert "## Notes\n- A JSONB column was wished for" in (worktree / "progress.md").read_text()


def test_what_is_no_answer_is_kept_for_later(repository):
    worktree = add_worktree(repository, story.ASKING)
    said = play(worktree, story.ASKING, "mind the conflict with testing\ny\n").stdout
    assert said.index("please answer y or n") < said.index("Generic JSON it is") < said.index("keep both intentions")


GATE_MESSAGE = (
    "The gate 'success-rate' of checkpoint 'retry' failed: 90.5 is not >= 95. Measured 90.5, needed >= 95."
    " Log: /x/y.log - please fix it, commit, and say when you are done."
)


def test_a_red_gate_is_mended_once(repository):
    worktree = add_worktree(repository, story.RED_WORKSTREAM)
    done = play(worktree, story.RED_WORKSTREAM, f"{GATE_MESSAGE}\n{GATE_MESSAGE}\nexit\nnever read\n")
    assert done.returncode == 0
    assert git(worktree, "log", "--format=%s", "main..HEAD").splitlines().count(story.FIX_SUBJECT) == 1
    assert git(worktree, "log", "-1", "--format=%s") == story.FIX_SUBJECT
    assert "Please run the gate again" in done.stdout
    assert "fixed and committed already" in done.stdout
    assert git(worktree, "status", "--porcelain") == ""
    assert [state for state, _ in STATES.findall(done.stdout)] == ["working", "done"] * 3


def test_a_gate_that_is_not_ones_own_changes_nothing(repository):
    worktree = add_worktree(repository, "testing")
    said = play(worktree, "testing", GATE_MESSAGE + "\n").stdout
    assert "does not come from what I changed" in said
    assert len(git(worktree, "log", "--format=%s", "main..HEAD").splitlines()) == 4


def test_a_second_life_goes_on_where_the_first_one_stopped(repository):
    worktree = add_worktree(repository, story.RED_WORKSTREAM)
    play(worktree, story.RED_WORKSTREAM, GATE_MESSAGE + "\n")
    head = git(worktree, "rev-parse", "HEAD")
    said = play(worktree, story.RED_WORKSTREAM).stdout
    assert "2 commits of mine are here already" in said
    assert git(worktree, "rev-parse", "HEAD") == head
    assert git(worktree, "status", "--porcelain") == ""
    assert "7/7 tasks complete (100%)" in (worktree / "progress.md").read_text()


def test_a_workstream_of_ones_own_gets_a_note(repository):
    worktree = add_worktree(repository, "a-new-one")
    assert play(worktree, "a-new-one").returncode == 0
    assert git(worktree, "show", "--format=%s", "--name-only").split("\n\n") == [
        "Note the plan for a-new-one",
        "notes/a-new-one.md",
    ]


def test_a_missing_prompt_is_a_wrong_use(tmp_path):
    done = play(tmp_path, "testing")
    assert done.returncode == 2
    assert "PROMPT_FILE" in done.stderr


def test_git_that_refuses_ends_the_agent_with_an_error(tmp_path):
    (tmp_path / "STARTUP.md").write_text("go\n")
    done = play(tmp_path, "testing")
    assert done.returncode == 1
    assert "state=error" in done.stdout
    assert "Traceback" not in done.stderr


def test_on_a_terminal_it_stays_until_it_is_told_to_leave(repository):
    worktree = add_worktree(repository, story.RED_WORKSTREAM)
    master, slave = pty.openpty()
    agent = subprocess.Popen(
        [sys.executable, "-m", "autod_tui.demo_agent", "STARTUP.md"],
        cwd=worktree,
        env=environment(AUTOD_WORKSTREAM=story.RED_WORKSTREAM),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    try:
        _read_until(master, "state=done")
        os.write(master, GATE_MESSAGE.replace(" Log", "\nLog").encode() + b"\r")
        assert "Please run the gate again" in _read_until(master, "state=done")
        os.write(master, b"exit\r")
        assert agent.wait(timeout=20) == 0
    finally:
        agent.kill()
        agent.wait()
        os.close(master)


def _read_until(descriptor, words, seconds=20.0):
    text, deadline = "", time.monotonic() + seconds
    while words not in text:
        left = deadline - time.monotonic()
        assert left > 0 and select.select([descriptor], [], [], left)[0], f"{words!r} never came: {text[-2000:]}"
        text += os.read(descriptor, 65536).decode("utf-8", "replace")
    return text


def test_handed_the_conflicts_of_a_merge_it_settles_them_and_commits_nothing(repository):
    path = story.CONFLICT_FILES[0]
    (repository / "other.txt").write_text("a\nb\nc\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "base")
    for name, line in (("one", "ours"), ("two", "theirs")):
        git(repository, "checkout", "-qb", name, "main")
        for file in (path, "other.txt"):
            (repository / file).write_text(f"a\n{line}\nc\n")
        git(repository, "commit", "-qam", name)
    git(repository, "checkout", "-q", "--detach", "one")
    git(repository, "-c", "merge.conflictStyle=diff3", "merge", "-q", "two", ok=False)
    (repository / "STARTUP.md").write_text("Solve the conflicts.\n")
    head = git(repository, "rev-parse", "HEAD")
    done = play(repository, "resolve-foundation")
    assert (done.returncode, done.stderr) == (0, "")
    assert (repository / path).read_bytes() == story.resolution(path)
    assert (repository / "other.txt").read_text() == "a\nours\ntheirs\nc\n"
    assert git(repository, "rev-parse", "HEAD") == head
    assert [state for state, _ in STATES.findall(done.stdout)] == ["working", "done"]
    assert not (repository / "progress.md").exists()
