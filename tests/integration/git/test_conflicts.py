"""Conflicts are laid out as git would, solved, and remembered."""

from __future__ import annotations

import pytest

from autod_tui.core.errors import RefusedError
from tests.support.repos import Sandbox, write


async def test_lay_out_solve_and_replay(box: Sandbox) -> None:
    base = box.commit({"f #1": "1\n2\n", "gone": "g\n", "keep": "k\n"})
    ours = box.branch("ours", base, {"f #1": "ours\n2\n", "gone": None})
    theirs = box.branch("theirs", base, {"f #1": "theirs\n2\n", "gone": "changed\n", "new": "n\n"})
    room = box.root.parent / "room"
    repository = box.open()
    async with repository.bench(scratch=False) as bench:
        merged = await bench.merge(ours, theirs)
        opened = await repository.lay_out_conflict(str(room), ours, theirs, merged)
        assert set(opened) == {"f #1", "gone"}
        assert (room / "f #1").read_text() == "<<<<<<< ours\nours\n=======\ntheirs\n>>>>>>> theirs\n2\n"
        assert (room / "new").exists()
        assert box.git("ls-files", "-u", cwd=room).count("\tf #1") == 3
        with pytest.raises(RefusedError, match="markers"):
            await repository.resolved_blobs(str(room), ["f #1"])
        write(room, {"f #1": "both\n2\n", "gone": None})
        blobs = await repository.resolved_blobs(str(room), ["f #1", "gone"])
        assert blobs["gone"] == ("", "")
        tree = await bench.resolve(merged.tree, blobs)
        assert box.git("show", f"{tree}:f #1") == "both\n2"
        assert box.git("ls-tree", "--name-only", tree).splitlines() == ["f #1", "keep", "new"]
    assert await repository.lay_out_conflict(str(room), ours, theirs, merged) == ("gone",)
    assert (room / "f #1").read_text() == "both\n2\n"


async def test_checkout_at_cleans_but_keeps_ignored_files(box: Sandbox) -> None:
    one = box.commit({"f": "1\n", ".gitignore": "*.o\n"})
    two = box.commit({"f": "2\n"})
    room = box.root.parent / "deep" / "room"
    repository = box.open()
    await repository.checkout_at(str(room), one)
    write(room, {"f": "dirty", "litter": "l", "x.o": "o"})
    write(box.root, {".git/worktrees/room/index.lock": ""})
    await repository.checkout_at(str(room), two)
    assert (room / "f").read_text() == "2\n"
    assert sorted(path.name for path in room.iterdir()) == [".git", ".gitignore", "f", "x.o"]
    with pytest.raises(RefusedError, match="not autod's own"):
        await repository.add_worktree(str(box.root.parent / "w"), "ws/a", "main")
        await repository.checkout_at(str(box.root.parent / "w"), two)
