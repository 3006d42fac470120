"""A bench kept for the next round of merges: one pair of gits for many rounds, none when nobody merges."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from autod_tui.engine.runs import kept_bench
from autod_tui.engine.runs.kept_bench import KeptBench
from tests.support.repos import Sandbox
from tests.support.terminals import until


class Stand:
    def __init__(self, directory: Path) -> None:
        self.box = Sandbox(directory / "repo")
        self.base = self.box.commit({"f": "1\n"})
        self.temporary = directory / "tmp"
        self.temporary.mkdir()
        self.bench = KeptBench(self.box.open())

    @property
    def places(self) -> list[str]:
        return sorted(path.name for path in self.temporary.iterdir())

    @property
    def helpers(self) -> list[int]:
        children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
        return sorted(map(int, children))

    async def merge(self, name: str) -> str:
        """Merge a branch with one commit into the base, and return the merge."""
        head = self.box.branch(name, self.base, {f"{name}.txt": "1\n"})
        async with self.bench.open() as bench:
            tree = await bench.merge(self.base, head)
            return await bench.commit(tree.tree, (self.base, head), "Merge")


@pytest.fixture
def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stand:
    stand = Stand(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(stand.temporary))
    return stand


async def test_rounds_share_their_helpers(stand: Stand) -> None:
    merges = [await stand.merge("a")]
    first = stand.helpers, stand.places
    assert len(first[0]) == 2
    merges += [await stand.merge("b")]
    assert (stand.helpers, stand.places) == first
    await stand.bench.close()
    assert (stand.helpers, stand.places) == ([], [])
    for oid, name in zip(merges, "ab", strict=True):
        assert stand.box.git("ls-tree", "--name-only", oid).split() == [f"{name}.txt", "f"]
    stand.box.git("fsck", "--strict")


async def test_nothing_is_kept_when_nobody_merges(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_bench, "IDLE", 0.01)
    await stand.merge("a")

    async def helpers() -> list[int]:
        return stand.helpers

    await until(helpers, lambda found: not found)
    assert stand.places == []
    await stand.merge("b")
    await stand.bench.close()


async def test_an_old_bench_and_one_that_failed_are_opened_anew(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    await stand.merge("a")
    first = stand.helpers
    with pytest.raises(ZeroDivisionError):
        async with stand.bench.open():
            raise ZeroDivisionError
    assert stand.helpers == []
    monkeypatch.setattr(kept_bench, "LONGEST", -1.0)
    await stand.merge("b")
    second = stand.helpers
    await stand.merge("c")
    assert not set(first) & set(second) and not set(second) & set(stand.helpers)
    await stand.bench.close()


async def test_one_user_at_a_time(stand: Stand) -> None:
    async with stand.bench.open() as bench:
        other = asyncio.create_task(stand.merge("a"))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not other.done()
        await bench.tree_of(stand.base)
    await other
    await stand.bench.close()
