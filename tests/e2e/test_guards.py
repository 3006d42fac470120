"""What a merge must refuse, and what it must leave alone."""

from __future__ import annotations

import contextlib
import json
import subprocess

import pytest

from tests.support.e2e_world import World
from tests.support.terminals import wait_until

pytestmark = pytest.mark.e2e
SETTINGS = '[[checkpoint]]\nname = "first"\nmerge = ["a"]\n'
STAGED = '[[checkpoint]]\nname = "first"\nmerge = ["a"]\ninto = "integration/x"\nthen = "main"\n'


def ready(stand: World, settings: str = SETTINGS, **files: str) -> None:
    """Bring one workstream up and commit `files` in it."""
    stand.declare(settings, "a")
    stand.ask("up")
    stand.commit(cwd=stand.worktree("a"), **(files or {"a.txt": "a\n"}))


def refused(stand: World, *words: str) -> str:
    """Run a command that must refuse and move no ref; return its message."""
    before = stand.refs("refs/heads", "refs/tags")
    done = stand.autod(*words, "--json", "--yes")
    assert done.returncode == 1, done
    assert stand.refs("refs/heads", "refs/tags") == before
    return str(json.loads(done.stdout)["error"]["message"])


@pytest.mark.parametrize(("moved", "conducted"), [("workstream/a", False), ("main", False), ("workstream/a", True)])
def test_what_moves_between_the_plan_and_its_approval_is_not_merged(
    stand: World, moved: str, *, conducted: bool
) -> None:
    ready(stand)
    by_another = stand.conductor() if conducted else contextlib.nullcontext()
    with by_another, stand.terminal("checkpoint", "merge", "first") as terminal:
        terminal.wait_for("Merge first?")
        stand.commit(cwd=stand.root if moved == "main" else stand.worktree("a"), **{"unseen.txt": "x\n"})
        before = stand.refs("refs/heads", "refs/tags")
        terminal.type("y")
        terminal.press("Enter")
        assert f"'{moved}' has moved" in terminal.wait_for("since the plan was approved")
        wait_until(terminal.ended, "the end of the merge")
    assert stand.refs("refs/heads", "refs/tags") == before
    assert stand.git("status", "--short") == ""
    assert not (stand.root / "a.txt").exists()
    assert stand.checkpoint("first")["state"] == "open"
    stand.ask("checkpoint", "merge", "first")  # planned anew it goes


def test_without_a_terminal_nothing_is_approved(stand: World) -> None:
    ready(stand)
    before = stand.refs()
    assert stand.autod("checkpoint", "merge", "first").returncode == 2
    assert stand.refs() == before


@pytest.mark.parametrize("settings", [SETTINGS, STAGED])
def test_an_ignored_file_in_the_way_refuses_and_survives(stand: World, settings: str) -> None:
    stand.write(".gitignore", "*.secret\n")
    stand.declare(settings, "a")
    stand.ask("up")
    worktree = stand.worktree("a")
    stand.write("my.secret", "theirs\n", worktree)
    stand.git("add", "-f", "my.secret", cwd=worktree)
    stand.git("commit", "-qm", "secret", cwd=worktree)
    stand.write("my.secret", "mine\n")
    assert "my.secret" in refused(stand, "checkpoint", "merge", "first")
    assert (stand.root / "my.secret").read_text() == "mine\n"


def test_the_users_changes_survive_a_merge_that_follows(stand: World) -> None:
    stand.commit("base", **{"mine.txt": "1\n", "other.txt": "1\n"})
    ready(stand)
    stand.write("mine.txt", "changed\n")
    stand.write("other.txt", "staged\n")
    stand.git("add", "other.txt")
    stand.write("new.txt", "untracked\n")
    before = stand.git("status", "--short")
    stand.ask("checkpoint", "merge", "first")
    assert stand.git("status", "--short") == before
    assert (stand.root / "a.txt").read_text() == "a\n"
    stand.ask("checkpoint", "rollback", "first")
    assert stand.git("status", "--short") == before
    assert not (stand.root / "a.txt").exists()


def test_the_users_changes_in_the_way_refuse_beforehand(stand: World) -> None:
    stand.commit("base", **{"a.txt": "1\n"})
    ready(stand)
    stand.write("a.txt", "mine\n")
    assert "a.txt" in refused(stand, "checkpoint", "merge", "first")
    assert (stand.root / "a.txt").read_text() == "mine\n"


def test_into_checked_out_elsewhere_follows_or_refuses(stand: World) -> None:
    stand.git("commit", "-q", "--allow-empty", "-m", "root")
    stand.git("branch", "integration/x")
    elsewhere = stand.directory / "else where"
    stand.git("worktree", "add", "-q", str(elsewhere), "integration/x")
    ready(stand, STAGED)
    stand.git("merge", "-q", "--ff-only", "main", cwd=elsewhere)
    merged = stand.ask("checkpoint", "merge", "first")
    assert stand.git("rev-parse", "HEAD", cwd=elsewhere) == merged["after_oid"]
    assert stand.git("status", "--short", cwd=elsewhere) == ""
    assert (elsewhere / "a.txt").exists()
    assert (stand.root / "a.txt").exists()
    stand.ask("checkpoint", "rollback", "first")
    assert not (elsewhere / "a.txt").exists()
    stand.write("a.txt", "untracked\n", elsewhere)
    assert "a.txt" in refused(stand, "checkpoint", "merge", "first")


def test_a_detached_main_checkout_is_no_hindrance(stand: World) -> None:
    ready(stand)
    stand.git("checkout", "-q", "--detach")
    merged = stand.ask("checkpoint", "merge", "first")
    assert stand.git("rev-parse", "main") == merged["after_oid"]
    assert stand.git("rev-parse", "HEAD") == merged["before_oid"]
    assert stand.git("status", "--short") == ""


def test_unborn_head_is_told(stand: World) -> None:
    stand.declare(SETTINGS, "a", commit=False)
    done = stand.autod("up", "--json")
    assert done.returncode in (1, 3)
    assert "commit something first" in done.stdout
    assert not stand.worktree("a").exists()
    assert stand.ask("status")["workstreams"][0]["state"] in ("planned", "failed")


def test_a_sha256_repository_works_all_the_way(tmp_path) -> None:
    stand = World(tmp_path, init=("--object-format=sha256",))
    try:
        ready(stand)
        assert len(stand.ask("checkpoint", "merge", "first")["after_oid"]) == 64
        stand.ask("checkpoint", "rollback", "first")
        assert not (stand.root / "a.txt").exists()
    finally:
        stand.close()


def test_removal_of_unsaved_and_unmerged_work_is_refused_and_discarding_undone(stand: World) -> None:
    ready(stand)
    worktree = stand.worktree("a")
    stand.write("draft.txt", "unsaved\n", worktree)
    refused(stand, "down", "a", "--remove")
    assert (worktree / "draft.txt").exists()
    head = stand.git("rev-parse", "workstream/a")
    stand.ask("down", "a", "--remove", "--discard")
    assert not worktree.exists()
    backups = stand.autod("undo", "--json")
    assert backups.returncode == 0
    ref = next(one["ref"] for one in json.loads(backups.stdout)["backups"])
    stand.ask("undo", ref)
    assert (worktree / "draft.txt").read_text() == "unsaved\n"
    assert stand.git("rev-parse", "workstream/a") == head


def test_a_squash_merged_branch_is_safe_to_remove(stand: World) -> None:
    ready(stand)
    stand.commit("again", cwd=stand.worktree("a"), **{"b.txt": "b\n"})
    stand.git("merge", "-q", "--squash", "workstream/a")
    stand.git("commit", "-qm", "squashed")
    stand.ask("down", "a", "--remove")
    assert not stand.worktree("a").exists()


def test_two_ports_blocks_copies_and_the_setup(stand: World) -> None:
    stand.write(".gitignore", ".env\n")
    stand.write(".env", "KEY=1\n")
    settings = (
        '[project]\ntarget = "main"\nagent = "script"\ncopy = [".env"]\nports = 10\n'
        'setup = "echo SETTING UP; echo x >> ../setups-$AUTOD_WORKSTREAM; test -e ../fine"\n'
    )
    running = dict.fromkeys(("a", "b"), ("working", "idle"))
    agent = "echo PORT $AUTOD_PORT; echo $AUTOD_PORT > ../port-$AUTOD_WORKSTREAM; exec sleep 1000"
    stand.declare(settings, "a", "b", agent=agent)
    stand.ask("up")
    for name, seen in stand.wait_states({"a": ["failed"], "b": ["failed"]}).items():
        assert "exit status" in seen["reason"]
        assert (stand.worktree(name) / ".env").read_text() == "KEY=1\n"
        assert not (stand.directory / f"port-{name}").exists()
    assert "SETTING UP" in stand.autod("log", "a").stdout
    stand.write("../fine", "")
    stand.ask("up")
    stand.wait_states(running)
    stand.ask("down")
    stand.ask("up")
    stand.wait_states(running)
    for name in ("a", "b"):
        assert (stand.directory / f"setups-{name}").read_text() == "x\nx\n"
    ports = [int((stand.directory / f"port-{name}").read_text()) for name in ("a", "b")]
    assert abs(ports[0] - ports[1]) >= 10


def test_leftovers(stand: World) -> None:
    ready(stand)
    (stand.directory / "tmp" / "autod-git-stale").mkdir()
    stand.ask("checkpoint", "merge", "first")
    stand.ask("down", "--remove")
    assert stand.git("worktree", "list").splitlines() == [stand.git("worktree", "list").splitlines()[0]]
    assert not stand.processes()
    done = subprocess.run(["git", "fsck"], cwd=stand.root, env=stand.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0
