"""Forecasting conflicts: all pairs and all planned orders, in one helper process and a scratch object directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from autod_tui.core.errors import AutodError
from autod_tui.core.forecast_ports import Forecast, ForecastLane, ForecastPort
from autod_tui.core.git_ports import MergedTree
from autod_tui.git.merge import Bench
from autod_tui.git.replay import ALL_ORDERS_UP_TO, Files, Replay, Steps, files_of, suggested_order

Pair = tuple[str, str]
ChainKey = tuple[str, tuple[str, ...]]
_Best = tuple[tuple[str, ...], int]


class Forecaster(ForecastPort):
    """Forecasts conflicts without touching refs, indexes or the object store; what did not move isn't merged again."""

    def __init__(self, bench: Callable[[], Bench]) -> None:
        """Merge in scratch benches that `bench` makes."""
        self._bench = bench
        self._pairs: dict[Pair, Files] = {}
        self._chains: dict[ChainKey, Steps] = {}
        self._orders: dict[ChainKey, _Best] = {}

    async def forecast(
        self,
        target: tuple[str, str],
        lanes: Sequence[ForecastLane],
        chains: Mapping[str, tuple[str, tuple[str, ...]]],
    ) -> Forecast:
        """Replay each checkpoint {name: (start commit, lanes in order)} and all pairs.

        Lanes against `target` (name, commit) are pairs as well; results are cached by object ids.
        """
        commits = {lane.name: lane.commit for lane in lanes}
        pairs = _named_pairs(target, lanes)
        wanted = {name: (start, tuple(commits[lane] for lane in order)) for name, (start, order) in chains.items()}
        await self._fill(target[1], set(pairs.values()), set(wanted.values()))
        names = {lane.commit: lane.name for lane in reversed(lanes)}
        return Forecast(
            pairs={names_of: files for names_of, pair in pairs.items() if (files := self._pairs[pair])},
            chains={name: _conflicting(chains[name][1], self._chains[key]) for name, key in wanted.items()},
            best_orders={
                name: (tuple(names[commit] for commit in order), count)
                for name, key in wanted.items()
                if key in self._orders
                for order, count in [self._orders[key]]
            },
        )

    async def _fill(self, target: str, pairs: set[Pair], chains: set[ChainKey]) -> None:
        new_pairs = sorted(pairs - self._pairs.keys())
        new_chains = sorted(chains - self._chains.keys())
        # Only what this call asks for is kept: memory stays bounded by the present lanes.
        self._pairs = {pair: files for pair, files in self._pairs.items() if pair in pairs}
        self._chains = {key: steps for key, steps in self._chains.items() if key in chains}
        self._orders = {key: best for key, best in self._orders.items() if key in chains}
        if not new_pairs and not new_chains:
            return
        async with self._bench() as bench:
            await bench.heed_attributes(await bench.tree_of(target))
            answers = await bench.helper.merge_all(new_pairs)
            self._pairs |= {pair: files_of(answer) for pair, answer in zip(new_pairs, answers, strict=True)}
            replay = Replay(bench, _merged(new_pairs, answers))
            for key in new_chains:
                await self._chain(replay, key)

    async def _chain(self, replay: Replay, key: ChainKey) -> None:
        start, lanes = key
        steps = await replay.run(start, lanes)
        self._chains[key] = steps
        total = sum(map(len, steps))
        if total and len(set(lanes)) == len(lanes) > 1:
            order, count = await self._best(replay, key)
            if count < total:
                self._orders[key] = (order, count)

    async def _best(self, replay: Replay, key: ChainKey) -> _Best:
        start, lanes = key
        if len(lanes) <= ALL_ORDERS_UP_TO:
            return await replay.best_order(start, lanes)
        order = suggested_order(lanes, self._pairs)
        return order, sum(map(len, await replay.run(start, order)))


def _named_pairs(target: tuple[str, str], lanes: Sequence[ForecastLane]) -> dict[Pair, Pair]:
    pairs = {
        (one.name, other.name): (one.commit, other.commit) for i, one in enumerate(lanes) for other in lanes[i + 1 :]
    }
    return pairs | {(lane.name, target[0]): (target[1], lane.commit) for lane in lanes}


def _merged(pairs: Sequence[Pair], answers: Sequence[MergedTree | AutodError]) -> dict[Pair, MergedTree]:
    return {pair: answer for pair, answer in zip(pairs, answers, strict=True) if isinstance(answer, MergedTree)}


def _conflicting(lanes: Sequence[str], steps: Steps) -> tuple[tuple[str, Files], ...]:
    return tuple((lane, files) for lane, files in zip(lanes, steps, strict=True) if files)
