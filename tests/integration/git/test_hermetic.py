"""Nothing that a repository configures is ever run, and nothing inherited leads elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from autod_tui.core.forecast_ports import ForecastLane
from tests.support.repos import Sandbox, write


def arm(box: Sandbox, mark: Path) -> None:
    """Put a program that leaves a mark everywhere git would run one."""
    program = box.root / ".git/evil"
    program.write_text(f"#!/bin/sh\necho \"$0 $@\" >> '{mark}'\ncat 2>/dev/null || true\n")
    program.chmod(0o755)
    command = f"'{program}'"
    for key in ("filter.x.clean", "filter.x.smudge", "filter.x.process", "merge.x.driver", "diff.x.textconv"):
        box.git("config", key, command)
    for key in ("core.fsmonitor", "diff.external", "diff.x.command", "core.pager", "core.editor", "gpg.program"):
        box.git("config", key, command)
    box.git("config", "commit.gpgSign", "true")
    box.git("config", "log.showSignature", "true")
    hooks = "post-checkout pre-commit commit-msg prepare-commit-msg post-commit post-merge pre-merge-commit"
    for hook in (*hooks.split(), "reference-transaction", "post-index-change", "post-rewrite"):
        path = box.root / ".git/hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(program.read_bytes())
        path.chmod(0o755)


async def test_an_evil_configuration_runs_nothing(box: Sandbox) -> None:
    text = "1\n2\n3\n4\n5\n"
    base = box.commit({"f": text, ".gitattributes": "* filter=x merge=x diff=x\n"})
    one = box.branch("one", base, {"f": text.replace("1", "one")})
    two = box.branch("two", base, {"f": text.replace("5", "two")})
    three = box.branch("three", base, {"f": text.replace("5", "three")})
    mark = box.root.parent / "mark"
    repository = box.open()
    path, room = box.root.parent / "w", box.root.parent / "room"
    arm(box, mark)
    await repository.add_worktree(str(path), "ws/a", "main")
    write(path, {"f": text + "6\n", "new": "n"})
    await repository.changes(str(path), "main")
    await repository.diff(str(path), "main")
    work = await repository.snapshot(str(path), ignored=True)
    await repository.removal(str(path), "ws/a", ["main"], [])
    await repository.commit_all(str(path), "m")
    await repository.backup("x", work, "w", "r")
    await repository.last_change("main", "f")
    await repository.forecaster().forecast(
        ("main", base), [ForecastLane(name="one", commit=one)], {"c": (base, ("one",))}
    )
    async with repository.bench(scratch=False) as bench:
        merged = await bench.merge(one, two)
        assert not merged.conflicts and box.git("cat-file", "-p", f"{merged.tree}:f").split() == [
            "one",
            "2",
            "3",
            "4",
            "two",
        ]
        commit = await bench.commit(merged.tree, [one, two], "m")
        clash = await bench.merge(commit, three)
    await repository.lay_out_conflict(str(room), commit, three, clash)
    write(room, {"f": "solved\n"})
    await repository.resolved_blobs(str(room), ["f"])
    await repository.lay_out_conflict(str(room), commit, three, clash)
    await repository.move_refs([("refs/heads/y", "", commit)])
    box.git("config", "--remove-section", "filter.x")
    await repository.follow(str(box.root), base, one)
    await repository.follow(str(box.root), one, base)
    await repository.remove_worktree(str(path))
    assert not mark.exists(), mark.read_text()


async def test_a_swapped_git_file_leads_nowhere(box: Sandbox, tmp_path: Path) -> None:
    box.commit({"f": "1\n"})
    path = box.root.parent / "w"
    repository = box.open()
    await repository.add_worktree(str(path), "ws/a", "main")
    mark = tmp_path / "mark"
    evil = Sandbox(tmp_path / "evil")
    evil.commit({"other": "o"})
    arm(evil, mark)
    write(path, {".git": f"gitdir: {evil.root}/.git\n", "f": "2\n"})
    assert await repository.uncommitted(str(path)) == ("f",)
    assert (await repository.changes(str(path), "main")).files == 1
    await repository.snapshot(str(path))
    assert not mark.exists()


async def test_inherited_variables_lead_nowhere(box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box.commit({"f": "1\n"})
    other = Sandbox(tmp_path / "other")
    other.commit({"x": "y"})
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.root))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.root / ".git/index"))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'core.bare'='true'")
    repository = box.open()
    assert repository.root == box.root
    assert await repository.resolve("main") == box.git("rev-parse", "main")
    assert await repository.uncommitted(str(box.root)) == ()
