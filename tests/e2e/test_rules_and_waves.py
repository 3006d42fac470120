"""Workstreams that merge more than once or are left out in between, rules of [resolve], and the report's numbers."""

from __future__ import annotations

import json

import pytest

from tests.support.e2e_world import World

pytestmark = pytest.mark.e2e
WAVES = """
[[checkpoint]]
name = "early"
merge = ["a", "b"]
[[checkpoint]]
name = "middle"
after = ["early"]
merge = ["a", "c"]
[[checkpoint]]
name = "late"
after = ["middle"]
after_soft = ["aside"]
merge = ["a", "b", "c"]
[[checkpoint]]
name = "aside"
merge = ["c"]
"""
RULES = """
[[checkpoint]]
name = "all"
merge = ["a", "b"]
[resolve]
"gen/newest.lock" = "newest"
"gen/ours.lock" = "ours"
"*.theirs" = "theirs"
"/docs" = "a"
"src/**" = "b"
"""


def lay(stand: World, settings: str, *names: str, **files: str) -> None:
    """Declare and start workstreams in a repository that holds `files`."""
    for name, text in files.items():
        stand.write(name, text)
    stand.declare(settings, *names)
    stand.ask("up")


def work(stand: World, name: str, message: str = "work", **files: str) -> str:
    """Commit `files` in a workstream."""
    return stand.commit(message, cwd=stand.worktree(name), **files)


def plan(stand: World, checkpoint: str, *words: str) -> dict[str, list[str]]:
    """Return the plan of a merge that is not approved."""
    done = stand.autod("checkpoint", "merge", checkpoint, *words, "--json")
    assert done.returncode in (1, 2), done
    answer = json.loads(done.stdout)
    assert "plan" in answer, answer
    return dict(answer["plan"])


def test_a_workstream_merges_at_three_checkpoints_and_is_left_out_in_the_middle(stand: World) -> None:
    lay(stand, WAVES, "a", "b", "c")
    work(stand, "a", **{"a.txt": "1\n"})
    work(stand, "b", **{"b.txt": "1\n"})
    work(stand, "c", **{"c.txt": "1\n"})
    assert any("'early' has to be merged first" in text for text in plan(stand, "middle")["refusals"])
    early = stand.ask("checkpoint", "merge", "early")
    assert early["merged"] == ["a", "b"]

    work(stand, "a", **{"a.txt": "2\n"})
    middle = stand.ask("checkpoint", "merge", "middle", "--leave-out", "a")
    assert (middle["merged"], middle["left_out"]) == (["c"], ["a"])
    assert stand.git("show", "main:a.txt") == "1"
    assert stand.checkpoint("middle")["deferred"] == ["a"]

    work(stand, "b", **{"b.txt": "2\n"})
    late = plan(stand, "late")
    assert late["refusals"] == []
    assert late["warnings"] == [
        "checkpoint 'aside' should be merged first",
        "'a' was left out at checkpoint 'middle'",
    ]
    assert [step["merged"] for step in late["steps"]] == [False, False, True]  # type: ignore[index]
    stand.ask("checkpoint", "merge", "late")
    assert stand.git("show", "main:a.txt", "main:b.txt").split() == ["2", "2"]
    merges = stand.git("log", "--first-parent", "--merges", "--format=%s", "main").splitlines()
    assert [subject.split("'")[1::2] for subject in reversed(merges)] == [
        ["a", "early"], ["b", "early"], ["c", "middle"], ["a", "late"], ["b", "late"],
    ]  # fmt: skip

    rolled = stand.ask("checkpoint", "rollback", "late")
    assert rolled
    assert stand.git("show", "main:a.txt", "main:b.txt").split() == ["1", "1"]
    assert stand.checkpoint("early")["state"] == stand.checkpoint("middle")["state"] == "merged"


def test_rules_settle_by_path_and_the_answer_says_so(stand: World) -> None:
    paths = ("gen/newest.lock", "gen/ours.lock", "x.theirs", "docs/deep/d.md", "src/s.py")
    lay(stand, RULES, "a", "b", **dict.fromkeys(paths, "base\n"))
    stand.env |= {"GIT_COMMITTER_DATE": "2026-01-02T00:00:00Z"}
    work(stand, "a", **dict.fromkeys(paths, "a\n"))
    stand.env |= {"GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z"}
    work(stand, "b", **dict.fromkeys(paths, "b\n"))
    del stand.env["GIT_COMMITTER_DATE"]
    expected = [{"path": path, "workstream": "b", "how": "rule"} for path in sorted(paths)]
    foreseen = plan(stand, "all")
    assert foreseen["conflicts"] == []
    assert sorted(foreseen["settled"], key=str) == sorted(expected, key=str)
    said = stand.autod("checkpoint", "merge", "all", "--yes")
    assert said.returncode == 0, said
    assert "src/s.py of b by a rule of [resolve]" in said.stdout
    kept = {path: stand.git("show", f"main:{path}") for path in paths}
    assert kept == dict(zip(paths, ("a", "a", "b", "a", "b"), strict=True))

    stand.ask("checkpoint", "rollback", "all")
    again = stand.ask("checkpoint", "merge", "all")
    assert sorted(again["settled"], key=str) == sorted(expected, key=str)


def test_what_is_remembered_is_said_and_what_was_asked_is_not(stand: World) -> None:
    lay(stand, '[[checkpoint]]\nname = "all"\nmerge = ["a", "b"]\n', "a", "b", **{"same.txt": "1\n2\n3\n"})
    work(stand, "a", **{"same.txt": "1\na\n3\n"})
    work(stand, "b", **{"same.txt": "1\nb\n3\n"})
    stopped = stand.ask("checkpoint", "merge", "all", code=1)
    assert stopped["settled"] == []
    by_hand = stand.ask("checkpoint", "resolve", "all", "--theirs")
    assert by_hand["settled"] == []
    stand.ask("checkpoint", "rollback", "all")
    again = stand.ask("checkpoint", "merge", "all")
    assert again["settled"] == [{"path": "same.txt", "workstream": "b", "how": "remembered"}]
    stand.ask("checkpoint", "rollback", "all")


def test_what_rerere_knows_is_said(stand: World) -> None:
    lay(stand, '[[checkpoint]]\nname = "all"\nmerge = ["a", "b"]\n', "a", "b", **{"same.txt": "1\n2\n3\n"})
    work(stand, "a", **{"same.txt": "1\na\n3\n"})
    work(stand, "b", **{"same.txt": "1\nb\n3\n"})
    stand.ask("checkpoint", "merge", "all", code=1)
    stand.write("editor.sh", 'printf "1\\nboth\\n3\\n" > "$1"\n', stand.directory)
    with stand.terminal("checkpoint", "resolve", "all", "--edit", EDITOR=f"sh {stand.directory}/editor.sh") as terminal:
        terminal.wait_for("all: merged a, b into main")
    assert stand.git("show", "main:same.txt").split() == ["1", "both", "3"]
    stand.ask("checkpoint", "rollback", "all")
    # The same conflict between other blobs: autod's own memory is bound to the blobs, rerere's to the lines.
    work(stand, "a", **{"same.txt": "1\na\n3\n" + "more\n" * 20})
    again = stand.ask("checkpoint", "merge", "all")
    assert again["settled"] == [{"path": "same.txt", "workstream": "b", "how": "rerere"}]
    assert stand.git("show", "main:same.txt").split()[:4] == ["1", "both", "3", "more"]


def test_the_report_counts_from_git(stand: World) -> None:
    settings = '[[checkpoint]]\nname = "all"\nmerge = ["a", "b"]\ninto = "integration/x"\n'
    lay(stand, settings, "a", "b")
    for name in ("a", "b"):
        work(stand, name, **{"one.txt": f"{name}\n", "two.txt": f"{name}\n"})
    nothing = stand.ask("report")
    assert (nothing["conflicted_files"], nothing["rollbacks"], nothing["direct_commits"]) == (0, 0, 0)
    stand.ask("checkpoint", "merge", "all", code=1)
    stand.ask("checkpoint", "resolve", "all", "--ours")
    stand.ask("checkpoint", "rollback", "all")
    rolled = stand.ask("report")
    assert (rolled["conflicts"], rolled["conflicted_files"], rolled["rollbacks"]) == (1, 2, 1)
    assert rolled["direct_commits"] == 0

    stand.ask("checkpoint", "merge", "all")
    elsewhere = stand.directory / "elsewhere"
    stand.git("worktree", "add", "-q", str(elsewhere), "integration/x")
    for number in range(3):
        stand.commit(f"repair {number}", cwd=elsewhere, **{"repair.txt": f"{number}\n"})
    stand.git("checkout", "-q", "-b", "side", cwd=elsewhere)
    stand.commit("on a branch", cwd=elsewhere, **{"side.txt": "x\n"})
    stand.git("checkout", "-q", "integration/x", cwd=elsewhere)
    stand.git("merge", "-q", "--no-ff", "-m", "by hand", "side", cwd=elsewhere)
    work(stand, "a", **{"later.txt": "x\n"})
    assert stand.ask("report")["direct_commits"] == 4
    stand.ask("checkpoint", "merge", "all")
    assert stand.ask("report")["direct_commits"] == 4
    stand.ask("checkpoint", "rollback", "all")
    assert stand.ask("report")["direct_commits"] == 4
    assert stand.ask("report")["rollbacks"] == 2


def test_what_waited_for_a_checkpoint_starts_after_a_merge_that_nobody_watches(stand: World) -> None:
    stand.write("workstreams/later/workstream.toml", 'after = ["early"]\n')
    lay(stand, WAVES, "a", "b", "c", "later")
    assert stand.workstream("later")["state"] == "planned"
    work(stand, "a", **{"a.txt": "1\n"})
    stand.ask("checkpoint", "merge", "early")
    assert stand.workstream("later")["state"] != "planned"
    assert stand.git("show", "HEAD:a.txt", cwd=stand.worktree("later")) == "1"
