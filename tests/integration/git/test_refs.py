"""Refs move all or none; checkouts follow or say why not; backups tell their story."""

from __future__ import annotations

import pytest

from autod_tui.core.checkpoint import Conflict
from autod_tui.core.errors import RefusedError
from tests.support.repos import Sandbox, write


async def test_moves_are_all_or_none(box: Sandbox) -> None:
    one = box.commit({"f": "1\n"})
    two = box.branch("two", one, {"f": "2\n"})
    repository = box.open()
    await repository.move_refs([("refs/heads/x", "", one), ("refs/tags/t", "", two)])
    with pytest.raises(RefusedError, match=f"refs/heads/x is at {one[:12]}, not at {two[:12]}"):
        await repository.move_refs([("refs/tags/t", two, one), ("refs/heads/x", two, one)])
    assert await repository.refs("refs/heads/x", "refs/tags") == {"refs/heads/x": one, "refs/tags/t": two}
    with pytest.raises(RefusedError, match="refs/heads/x"):
        await repository.move_refs([("refs/heads/x", "", two)])
    await repository.move_refs([("refs/heads/x", one, two), ("refs/tags/t", two, "")])
    assert await repository.refs("refs/heads/x", "refs/tags") == {"refs/heads/x": two}


async def test_follow_goes_on_and_back_and_keeps_edits(box: Sandbox) -> None:
    old = box.commit({"f": "1\n", "g": "g\n"})
    new = box.branch("new", old, {"f": "2\n", "n": "n"})
    repository = box.open()
    write(box.root, {"g": "edited\n"})
    await repository.follow(str(box.root), old, new)
    assert (box.root / "f").read_text() == "2\n"
    assert box.git("status", "--porcelain") == " M g"
    await repository.follow(str(box.root), new, old)
    assert not (box.root / "n").exists()
    assert box.git("rev-parse", "main") == old
    assert (box.root / "g").read_text() == "edited\n"


@pytest.mark.parametrize("way", ["dirty", "staged", "untracked", "ignored", "moved", "rebase", "locked"])
async def test_follow_refuses_beforehand(box: Sandbox, way: str) -> None:
    old = box.commit({"f": "1\n", ".gitignore": "*.log\n"})
    new = box.branch("new", old, {"f": "2\n", "n": "n"})
    box.git("checkout", "-q", "new")
    write(box.root, {"x.log": "theirs"})
    box.git("add", "-f", "x.log")
    box.git("commit", "-qm", "log")
    new = box.git("rev-parse", "new")
    box.git("checkout", "-q", "main")
    write(
        box.root,
        {"dirty": {"f": "mine"}, "staged": {"f": "mine"}, "untracked": {"n": "mine"}, "ignored": {"x.log": "mine"}}.get(
            way, {}
        ),
    )
    if way == "staged":
        box.git("add", "f")
    if way == "moved":
        box.commit({"other": "o"})
    if way == "rebase":
        (box.root / ".git/rebase-merge").mkdir()
    if way == "locked":
        write(box.root, {".git/index.lock": ""})
    before = box.git("status", "--porcelain", "--ignored"), box.git("rev-parse", "main")
    repository = box.open()
    assert await repository.follow_problem(str(box.root), old, new)
    with pytest.raises(RefusedError):
        await repository.follow(str(box.root), old, new)
    assert (box.git("status", "--porcelain", "--ignored"), box.git("rev-parse", "main")) == before
    if way == "ignored":
        assert (box.root / "x.log").read_text() == "mine"


async def test_backups_tell_their_story(box: Sandbox) -> None:
    one = box.commit({"f": "1\n"})
    repository = box.open()
    first = await repository.backup("merge/day 3 ü~", one, "before\nthe merge", "refs/heads/main")
    second = await repository.backup("merge/day 3 ü~", one, "again", "")
    found = await repository.backups()
    assert sorted(found, key=lambda one: one.ref) == [first, second]
    assert (first.what, first.restores, first.oid) == ("before the merge", "refs/heads/main", one)
    assert second.restores == ""


async def test_resolutions_are_remembered_by_content(box: Sandbox) -> None:
    box.commit({"f": "1\n"})
    blob = box.git("rev-parse", "HEAD:f")
    repository = box.open()
    one = Conflict(path="f", base="a" * 40, ours="b" * 40, theirs="c" * 40)
    gone = Conflict(path="g", base="a" * 40, ours="b" * 40)
    await repository.remember(one, "100755", blob)
    await repository.remember(one, "100644", blob)
    await repository.remember(gone, "", "")
    other = Conflict(path="h", ours="b" * 40)
    assert await repository.remembered([one, gone, other]) == {"f": ("100644", blob), "g": ("", "")}
