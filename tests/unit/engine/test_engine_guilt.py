"""Guilt is traced to the one, or the two, that turn a gate red, with as few runs as that takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autod_tui.core.checkpoint import Conflict, GateResult, GateSpec, GateState, Guilt, MergePlan, MergeStep
from autod_tui.core.git_ports import MergedTree
from autod_tui.engine.guilt import find_guilt

GATE = GateSpec(name="blocks", command="x", measure="(\\d+)", at_least=60)
Red = Callable[[frozenset[str]], bool]


class Letters:
    """A repository whose commits are sets of merged heads, written `a+b`."""

    def __init__(self, red: Red, clashes: frozenset[str] = frozenset()) -> None:
        self.red, self.clashes = red, clashes
        self.probed: list[str] = []

    async def merge(self, ours: str, theirs: str) -> MergedTree:
        tree = f"{ours}+{theirs}"
        return MergedTree(tree=tree, conflicts=(Conflict(path="x"),) if tree in self.clashes else ())

    async def commit(self, tree: str, parents: Sequence[str], message: str) -> str:
        return tree

    async def resolve(self, tree: str, choices: Mapping[str, tuple[str, str]]) -> str:
        return tree

    async def tree_of(self, commit: str) -> str:
        return commit

    def result(self, commit: str) -> GateResult:
        red = self.red(frozenset(commit.split("+")))
        measured = 59.0 if red else 60.0
        reason = "59 is not >= 60" if red else ""
        return GateResult(
            name=GATE.name, state=GateState.RED if red else GateState.GREEN, measured=measured, reason=reason
        )

    async def probe(self, checkpoint: str, gate: GateSpec, commit: str, label: str) -> GateResult:
        self.probed.append(commit)
        return self.result(commit)


async def guilt(letters: Letters, *names: str, merged: str = "") -> Guilt:
    steps = tuple(MergeStep(workstream=n, branch=f"w/{n}", head=n, merged=n == merged) for n in names)
    plan = MergePlan(checkpoint="c", into="i", into_oid="0", creates_into=True, steps=steps)
    prefixes = ["0"]
    for step in steps:
        prefixes.append(prefixes[-1] if step.merged else f"{prefixes[-1]}+{step.head}")
    gates: Any = letters
    return await find_guilt(gates, letters, plan, GATE, prefixes, letters.result(prefixes[-1]))


async def test_the_only_step_is_guilty_without_another_run() -> None:
    letters = Letters(lambda heads: "a" in heads)
    found = await guilt(letters, "a")
    assert (found.workstreams, letters.probed) == (("a",), [])
    assert found.explanation == "blocks turns red with a: 59 is not >= 60"


async def test_one_in_the_middle() -> None:
    found = await guilt(Letters(lambda heads: "b" in heads), "a", "b", "c")
    assert found.workstreams == ("b",)


async def test_the_first_of_several() -> None:
    letters = Letters(lambda heads: "a" in heads)
    found = await guilt(letters, "a", "b", "c")
    assert found.workstreams == ("a",)
    assert "0+a+b+c" not in letters.probed


async def test_two_that_only_fail_together() -> None:
    found = await guilt(Letters(lambda heads: heads >= {"a", "c"}), "a", "b", "c")
    assert found.workstreams == ("a", "c")
    assert found.explanation == "blocks is green with a or c alone and red with both (59 is not >= 60)"


async def test_three_that_only_fail_together_name_the_last() -> None:
    found = await guilt(Letters(lambda heads: heads >= {"a", "b", "c"}), "a", "b", "c")
    assert found.workstreams == ("c",)


async def test_red_before_the_first_merge_blames_nobody() -> None:
    found = await guilt(Letters(lambda heads: True), "a", "b")
    assert found.workstreams == ()
    assert "red before the first merge already (59 -> 59 -> 59)" in found.explanation


async def test_step_that_cannot_be_merged_alone_is_named_by_itself() -> None:
    letters = Letters(lambda heads: heads >= {"a", "b"}, clashes=frozenset({"0+b"}))
    assert (await guilt(letters, "a", "b")).workstreams == ("b",)


async def test_step_merged_before_does_not_count() -> None:
    found = await guilt(Letters(lambda heads: "b" in heads), "a", "b", merged="a")
    assert found.workstreams == ("b",)
    pair = await guilt(Letters(lambda heads: "c" in heads), "a", "b", "c", merged="a")
    assert pair.workstreams == ("c",)
