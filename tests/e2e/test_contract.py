"""What scripts rely on: the keys of `status --json`, the exit codes, and that nothing changes without an approval."""

from __future__ import annotations

import json
import signal

import pytest

from tests.support.e2e_world import World
from tests.support.terminals import wait_until

pytestmark = pytest.mark.e2e
WORKSTREAM = {
    *("name", "title", "branch", "worktree", "pane", "agent", "model", "state", "reason", "since", "ahead", "behind"),
    *("files", "insertions", "deletions", "uncommitted", "conflicts", "progress", "tokens", "cost_usd", "checkpoint"),
}
CHECKPOINT = {
    *("name", "title", "state", "after", "merge", "into", "gates", "conflicts", "before_oid", "after_oid", "tag"),
}
GATE = {"name", "state", "measured", "threshold", "seconds", "log"}
SETTINGS = """
[gates.size]
command = "echo size 70"
measure = 'size (\\d+)'
at_least = 60
[[checkpoint]]
name = "first"
merge = ["a", "b"]
gates = ["size"]
tag = "one"
[[checkpoint]]
name = "red"
after = ["first"]
merge = ["c"]
gates = ["size>=90"]
"""


def clashing(stand: World) -> None:
    """Bring up three workstreams, two of which conflict in one file."""
    stand.declare(SETTINGS, "a", "b", "c")
    stand.ask("up")
    for name in ("a", "b"):
        stand.write("progress.md", "Status: working\nProgress: 3/10 tasks (30%)\nETA: 2h\n", stand.worktree(name))
        stand.commit(cwd=stand.worktree(name), **{"same.txt": f"{name}\n"})
    stand.commit(cwd=stand.worktree("c"), **{"c.txt": "c\n"})


def test_status_has_the_documented_keys(stand: World) -> None:
    clashing(stand)
    status = stand.ask("status")
    assert set(status) >= {"project", "workstreams", "checkpoints", "runs"}
    assert set(status["project"]) >= {"root", "target", "conductor"}
    one = status["workstreams"][0]
    assert set(one) >= WORKSTREAM
    assert one["conflicts"] == [{"with": "b", "files": ["same.txt"]}]
    assert set(one["progress"]) >= {"status", "percent", "eta", "blockers"}
    assert one["tokens"] is None  # nobody has measured any
    assert set(status["checkpoints"][0]) >= CHECKPOINT
    assert set(status["checkpoints"][0]["gates"][0]) >= GATE


def test_exit_codes_and_the_approval(stand: World) -> None:
    clashing(stand)
    before = stand.refs()
    for words in (("checkpoint", "merge", "first"), ("down", "a", "--remove"), ("down",)):
        assert stand.autod(*words).returncode == 2, words
        assert stand.autod(*words, "--json").returncode == 2, words
    assert stand.autod("nonsense").returncode == 2
    assert stand.autod("checkpoint", "show", "nonsense").returncode == 2
    assert stand.autod("status", cwd=stand.directory).returncode == 3
    assert stand.autod("up", PATH="/nowhere").returncode == 3
    assert stand.refs() == before
    conflict = stand.ask("checkpoint", "merge", "first", code=1)
    assert conflict["conflict"] == {"workstream": "b", "files": ["same.txt"]}
    stand.ask("checkpoint", "resolve", "first", "--theirs")
    assert stand.git("show", "main:same.txt") == "b"
    red = stand.ask("checkpoint", "merge", "red", code=1)
    assert (red["gate"]["measured"], red["moved"]) == (70.0, False)
    stand.write("autod.toml", "[projekt]\n")
    done = stand.autod("status", "--json")
    assert done.returncode == 2
    assert "project" in done.stdout


def test_an_interrupt_ends_with_130(stand: World) -> None:
    stand.declare("", "a")
    watch = stand.start("watch")
    wait_until(lambda: stand.ask("status")["project"]["conductor"], "a conductor")
    watch.send_signal(signal.SIGINT)
    watch.communicate(timeout=15)
    assert watch.returncode == 130


def test_seven_workstreams_in_five_waves(stand: World) -> None:
    names = [f"w{number}" for number in range(1, 8)]
    waves = [["w1"], ["w2", "w3"], ["w4"], ["w5", "w6"], ["w7"]]
    tables = []
    for number, wave in enumerate(waves):
        after = f'after = ["k{number - 1}"]\n' if number else ""
        tables.append(f'[[checkpoint]]\nname = "k{number}"\n{after}merge = {json.dumps(wave)}\n')
        for name in wave:
            held = f'after = ["k{number - 1}"]\n' if number else ""
            stand.write(f"workstreams/{name}/workstream.toml", held)
    script = "echo $AUTOD_WORKSTREAM > $AUTOD_WORKSTREAM.txt; git add -A; git commit -qm work; exec sleep 1000"
    stand.declare("".join(tables), *names, agent=script)
    stand.ask("up")
    for number, wave in enumerate(waves):
        later = [name for rest in waves[number + 1 :] for name in rest]
        for name in wave:
            wait_until(lambda name=name: stand.git("log", "main..workstream/" + name, check=False), f"{name}'s commit")
        panes = {name: one["pane"] for name, one in stand.wait_up(*wave).items()}
        assert all(panes.values())
        waiting = [one["pane"] for one in stand.ask("status")["workstreams"] if one["name"] in later]
        assert waiting == [None] * len(later)
        stand.ask("checkpoint", "merge", f"k{number}")
        if later:
            stand.ask("up")
            for name in waves[number + 1]:
                assert (stand.worktree(name) / f"{wave[0]}.txt").exists()
    assert stand.git("ls-tree", "--name-only", "main", "--", *(f"{name}.txt" for name in names)).split() == [
        f"{name}.txt" for name in names
    ]
