"""Replaying merge orders in a scratch bench, and finding the order that conflicts least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from autod_tui.core.errors import AutodError, RefusedError
from autod_tui.core.git_ports import MergedTree
from autod_tui.git.merge import OpenBench

UNRELATED = ("(no history in common)",)
"""Stands for the files of a pair that can't be merged at all."""

ALL_ORDERS_UP_TO = 5
"""Chains of so many lanes are tried in every order, longer ones in the order that the pairs suggest."""

Files = tuple[str, ...]
Steps = tuple[Files, ...]


class _At(Struct, frozen=True):
    """Where a replay stands."""

    commit: str
    merged: frozenset[str]


class Replay:
    """Merges lanes one after another; shared beginnings and equal states are merged once.

    A step that conflicts goes on with git's own auto-merged tree, markers included: both sides' lines are in it, so
    a later lane that touches them conflicts as it would after a resolution. A lane that can't be merged is left out.
    """

    def __init__(self, bench: OpenBench, known: Mapping[tuple[str, str], MergedTree]) -> None:
        """Replay in `bench`; `known` are merges that were made in it already."""
        self._bench = bench
        self._known = known
        self._steps: dict[tuple[str, str], tuple[Files, _At]] = {}
        self._states: dict[tuple[str, frozenset[str]], str] = {}

    async def run(self, start: str, lanes: Sequence[str]) -> Steps:
        """Return the conflicted files of each step of merging commits `lanes` into `start` in order."""
        at = _At(start, frozenset())
        steps: list[Files] = []
        for lane in lanes:
            files, at = await self._step(at, lane)
            steps.append(files)
        return tuple(steps)

    async def _step(self, at: _At, lane: str) -> tuple[Files, _At]:
        key = (at.commit, lane)
        if key not in self._steps:
            self._steps[key] = await self._merge(at, lane)
        return self._steps[key]

    async def _merge(self, at: _At, lane: str) -> tuple[Files, _At]:
        try:
            merged = self._known.get((at.commit, lane)) or await self._bench.helper.merge(at.commit, lane)
        except RefusedError:
            return UNRELATED, at
        state = (merged.tree, at.merged | {lane})
        if state not in self._states:
            self._states[state] = await self._bench.commit(merged.tree, [at.commit, lane], "Forecast")
        return files_of(merged), _At(self._states[state], state[1])

    async def best_order(self, start: str, lanes: Sequence[str]) -> tuple[tuple[str, ...], int]:
        """Return the order of `lanes` with the fewest conflicted files, and their number, by trying all."""
        best: tuple[tuple[str, ...], int] = (tuple(lanes), sum(map(len, await self.run(start, lanes))))
        stack: list[tuple[_At, tuple[str, ...], int]] = [(_At(start, frozenset()), (), 0)]
        while stack:
            at, done, cost = stack.pop()
            if cost >= best[1]:
                continue
            if len(done) == len(lanes):
                best = (done, cost)
            for lane in reversed([lane for lane in lanes if lane not in done]):
                files, after = await self._step(at, lane)
                stack.append((after, (*done, lane), cost + len(files)))
        return best


def files_of(answer: MergedTree | AutodError) -> Files:
    """Return the conflicted paths of a merge, each once, sorted."""
    if isinstance(answer, AutodError):
        return UNRELATED
    return tuple(sorted({conflict.path for conflict in answer.conflicts}))


def suggested_order(lanes: Sequence[str], pairs: Mapping[tuple[str, str], Files]) -> tuple[str, ...]:
    """Order `lanes` by what their pairs tell: who collides least first, then neighbours swapped while it helps."""
    files = {frozenset(pair): found for pair, found in pairs.items()}

    def between(one: str, other: str) -> Files:
        return files.get(frozenset((one, other)), ())

    order = sorted(lanes, key=lambda lane: sum(len(between(lane, other)) for other in lanes if other != lane))

    def cost(at: int, lane: str) -> int:
        return len({file for earlier in order[:at] for file in between(earlier, lane)})

    for _ in range(len(order)):
        swapped = False
        for i in range(len(order) - 1):
            first, second = order[i], order[i + 1]
            clash = set(between(first, second))
            if not clash:
                continue
            before = cost(i, first) + cost(i + 1, second)
            order[i], order[i + 1] = second, first
            if cost(i, second) + cost(i + 1, first) < before:
                swapped = True
            else:
                order[i], order[i + 1] = first, second
        if not swapped:
            break
    return tuple(order)
