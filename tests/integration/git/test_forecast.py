"""Forecasts tell what merges will meet, uncommitted work included, and touch nothing."""

from __future__ import annotations

from itertools import permutations

import pytest

from autod_tui.core.forecast_ports import ForecastLane
from autod_tui.git.merge_tree import MergeTree
from autod_tui.git.replay import suggested_order
from tests.support.repos import Sandbox, write


def lanes(**commits: str) -> list[ForecastLane]:
    return [ForecastLane(name=name, commit=commit) for name, commit in commits.items()]


async def test_pairs_chains_and_the_better_order(box: Sandbox) -> None:
    base = box.commit({"f": "1\n", "g": "1\n", "h": "1\n"})
    a = box.branch("a", base, {"f": "a\n", "progress.md": "a"})
    hub = box.branch("hub", base, {"f": "hub\n", "g": "hub\n", "progress.md": "hub"})
    c = box.branch("c", base, {"f": "a\n", "g": "c\n", "progress.md": "c"})
    main = box.commit({"h": "main\n"})
    d = box.branch("d", base, {"h": "d\n"})
    before = box.objects()
    found = (
        await box.open()
        .forecaster()
        .forecast(("main", main), lanes(hub=hub, a=a, c=c, d=d), {"cp": (main, ("hub", "a", "c"))})
    )
    assert found.pairs == {("hub", "a"): ("f",), ("hub", "c"): ("f", "g"), ("d", "main"): ("h",)}
    assert found.chains == {"cp": (("a", ("f",)), ("c", ("f", "g")))}
    assert found.best_orders == {"cp": (("a", "c", "hub"), 2)}
    assert box.objects() == before
    assert box.git("for-each-ref", "--format=%(refname:short)").split() == ["a", "c", "d", "hub", "main"]


async def test_uncommitted_work_counts(box: Sandbox) -> None:
    base = box.commit({"f": "1\n"})
    other = box.branch("other", base, {"f": "other\n"})
    path = box.root.parent / "w"
    repository = box.open()
    await repository.add_worktree(str(path), "ws/a", "main")
    write(path, {"f": "mine\n"})
    work = await repository.snapshot(str(path))
    found = await repository.forecaster().forecast(("main", base), lanes(a=work, other=other), {})
    assert found.pairs == {("a", "other"): ("f",)}


async def test_nothing_moved_starts_nothing_and_one_move_merges_one_row(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = box.commit({"f": "1\n"})
    heads = {f"b{i}": box.branch(f"b{i}", base, {"f" if i < 3 else f"f{i}": f"{i}\n"}) for i in range(6)}
    repository = box.open()
    forecaster = repository.forecaster()
    chains = {"cp": (base, tuple(heads))}
    first = await forecaster.forecast(("main", base), lanes(**heads), chains)
    asked: list[int] = []
    real = MergeTree.merge_all

    async def counting(self: MergeTree, pairs: list[tuple[str, str]]) -> object:
        asked.append(len(pairs))
        return await real(self, pairs)

    monkeypatch.setattr(MergeTree, "merge_all", counting)
    assert await forecaster.forecast(("main", base), lanes(**heads), chains) == first
    assert asked == []
    heads["b5"] = box.branch("moved", heads["b5"], {"more": "m"})
    await forecaster.forecast(("main", base), lanes(**heads), {})
    assert asked == [6]


async def test_a_lane_without_common_history_does_not_spoil_the_rest(box: Sandbox) -> None:
    base = box.commit({"f": "1\n"})
    a = box.branch("a", base, {"f": "a\n"})
    b = box.branch("b", base, {"f": "b\n"})
    box.git("checkout", "-q", "--orphan", "lonely")
    lonely = box.commit({"x": "y"})
    found = (
        await box.open()
        .forecaster()
        .forecast(("main", base), lanes(a=a, lonely=lonely, b=b), {"cp": (base, ("a", "lonely", "b"))})
    )
    assert found.pairs[("a", "b")] == ("f",)
    assert found.pairs[("lonely", "main")] == ("(no history in common)",)
    assert found.chains["cp"] == (("lonely", ("(no history in common)",)), ("b", ("f",)))


async def test_chain_equals_gits_own_merges(box: Sandbox) -> None:
    base = box.commit({f"f{i}": "1\n2\n3\n" for i in range(4)})
    heads = {
        "a": box.branch("a", base, {"f0": "a\n2\n3\n"}),
        "b": box.branch("b", base, {"f1": "b\n2\n3\n", "f0": "b\n2\n3\n"}),
        "c": box.branch("c", base, {"f1": "c\n2\n3\n", "f2": "c\n"}),
    }
    forecaster = box.open().forecaster()
    for order in permutations(heads):
        found = await forecaster.forecast(("main", base), lanes(**heads), {"cp": (base, order)})
        box.git("checkout", "-q", "-B", "try", base)
        real = []
        for name in order:
            box.git("merge", "-q", "--no-ff", "-m", "m", name, check=False)
            files = tuple(sorted(set(box.git("diff", "--name-only", "--diff-filter=U").split())))
            if files:
                real.append((name, files))
                box.git("commit", "-qam", "with markers")
        assert found.chains["cp"] == tuple(real)


def test_suggested_order_puts_the_hub_last() -> None:
    pairs = {("hub", "a"): ("f",), ("hub", "b"): ("f",), ("hub", "c"): ("f",)}
    assert suggested_order(("hub", "a", "b", "c"), pairs)[-1] == "hub"
