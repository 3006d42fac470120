"""The demo's story on plain git: what the engine plays later has to hold without it."""

import pytest

from autod_tui.demo import story
from tests.support.demo import add_worktree, gate, git, make_repository, play


@pytest.fixture
def home(tmp_path):
    """A repository whose agents have all worked, with the integration branch checked out."""
    repository = make_repository(tmp_path)
    for name in story.WORKSTREAMS:
        assert play(add_worktree(repository, name), name, "y\n" if name == story.ASKING else "").returncode == 0
    git(repository, "switch", "-q", "-c", story.INTO)
    return repository


def merge(repository, name):
    """Merge a workstream; return the paths that conflict."""
    git(repository, "merge", "--no-ff", "-q", "-m", f"Merge {name}", f"workstream/{name}", ok=False)
    return tuple(git(repository, "diff", "--name-only", "--diff-filter=U").splitlines())


def merge_foundation(repository):
    """Merge the first checkpoint with the story's resolution."""
    assert merge(repository, "testing") == ()
    assert merge(repository, story.CONFLICT_WORKSTREAM) == story.CONFLICT_FILES
    for path in story.CONFLICT_FILES:
        (repository / path).write_bytes(story.resolution(path))
    git(repository, "commit", "-q", "-a", "-m", "Merge with the conflict settled")


def red_gates(repository, checkpoint):
    """Return the checkpoint's gates that miss their bound, with what they measured."""
    numbers = {name: gate(repository, name) for name in story.THRESHOLDS[checkpoint]}
    assert gate(repository, "tests") == (0, None)
    assert all(status == 0 for status, _ in numbers.values())
    bounds = story.THRESHOLDS[checkpoint]
    return {name: number for name, (_, number) in numbers.items() if number < bounds[name]}


def test_the_whole_story(home):
    merge_foundation(home)
    assert red_gates(home, "foundation") == {}
    assert gate(home, "coverage") == (0, 64.7)

    before = git(home, "rev-parse", "HEAD")
    assert merge(home, story.RED_WORKSTREAM) == ()
    assert red_gates(home, story.RED_CHECKPOINT) == {story.RED_GATE: 90.5}
    git(home, "reset", "-q", "--hard", before)

    said = f"The gate '{story.RED_GATE}' of checkpoint 'retry' failed\n"
    play(home.with_name(f"paperflow-{story.RED_WORKSTREAM}"), story.RED_WORKSTREAM, said)
    assert merge(home, story.RED_WORKSTREAM) == ()
    assert red_gates(home, story.RED_CHECKPOINT) == {}
    assert gate(home, story.RED_GATE) == (0, 99.5)

    lane = home.with_name(f"paperflow-{story.UNCOMMITTED_WORKSTREAM}")
    git(lane, "add", "--", *story.UNCOMMITTED_FILES)
    git(lane, "-c", "user.name=A", "-c", "user.email=a@b", "commit", "-q", "-m", "Add the report")
    assert merge(home, story.UNCOMMITTED_WORKSTREAM) == ()
    assert red_gates(home, "final") == {}
    assert gate(home, "documents") == (0, 100)


@pytest.mark.parametrize("side", ["--ours", "--theirs"])
def test_either_side_of_the_conflict_passes_as_well(home, side):
    merge(home, "testing")
    merge(home, story.CONFLICT_WORKSTREAM)
    git(home, "checkout", side, "--", *story.CONFLICT_FILES)
    git(home, "commit", "-q", "-a", "-m", "Merge with one side's word")
    assert red_gates(home, "foundation") == {}


def test_no_other_pair_conflicts(home):
    branches = [f"workstream/{name}" for name in story.WORKSTREAMS]
    pairs = [(one, two) for index, one in enumerate(branches) for two in branches[index + 1 :]]
    clashes = [pair for pair in pairs if _clash(home, *pair)]
    assert clashes == [("workstream/database-pipeline", "workstream/testing")]


def _clash(repository, one, two):
    tree = git(repository, "merge-tree", "--write-tree", "--name-only", "--no-messages", one, two, ok=False)
    return tree.splitlines()[1:]


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("src/paperflow/stages.py", "context.duplicate = self", "context.duplicate = True or self"),
        ("src/paperflow/model.py", "INSERT INTO documents", "INSERT INTO papers"),
    ],
)
def test_gates_notice_what_is_broken(home, path, old, new):
    merge_foundation(home)
    file = home / path
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    status, number = gate(home, "documents")
    assert status != 0 or number < 100
    assert gate(home, "tests")[0] != 0
    assert gate(home, "coverage")[0] != 0
