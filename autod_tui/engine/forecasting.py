"""The forecast: what merging would meet, kept up to date as heads and files move."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from autod_tui.core import events as ev
from autod_tui.core.checkpoint import CheckpointSpec, CheckpointState
from autod_tui.core.errors import AutodError
from autod_tui.core.forecast_ports import Forecast, ForecastLane
from autod_tui.core.workstream import Overlap, WorkstreamRecord
from autod_tui.engine.house import House

HEADS = "refs/heads/"


class Forecasting:
    """Asks the forecast port and tells the stream when the answer changed."""

    def __init__(self, house: House) -> None:
        """Forecast for `house`."""
        self._house = house
        self._last: ev.ForecastChanged | None = None
        self._turn = asyncio.Lock()

    async def refresh(self) -> None:
        """Forecast again; an answer that says nothing new is not told."""
        async with self._turn:
            try:
                event = await self._forecast()
            except AutodError as error:
                self._house.stream.emit(ev.Noted(level="warning", text=f"no forecast: {error.message}"))
                return
            if event is not None and event != self._last:
                self._last = event
                self._house.stream.emit(event)

    async def _forecast(self) -> ev.ForecastChanged | None:
        house = self._house
        if not any(record.branch for record in house.state.workstreams.values()):
            return None  # runs move branches all the time, and may have made a thousand of them
        refs = await house.git.refs("refs/heads/")
        target = house.plan.project.target
        target_oid = refs.get(HEADS + target)
        lanes = await self._lanes(refs)
        if target_oid is None or not lanes:
            return None
        present = {lane.name for lane in lanes}
        chains = {
            spec.name: (refs.get(HEADS + spec.into, target_oid), self._order(spec, present))
            for spec in house.plan.checkpoints
            if house.state.checkpoint(spec.name).state is not CheckpointState.MERGED
        }
        forecast = await house.forecasts.forecast((target, target_oid), lanes, chains)
        return ev.ForecastChanged(
            overlaps=_overlaps(forecast, target),
            checkpoints=tuple(self._checkpoint(spec, forecast, chains) for spec in self._open()),
        )

    def _open(self) -> list[CheckpointSpec]:
        state = self._house.state
        return [c for c in self._house.plan.checkpoints if state.checkpoint(c.name).state is not CheckpointState.MERGED]

    async def _lanes(self, refs: dict[str, str]) -> list[ForecastLane]:
        lanes: list[ForecastLane] = []
        for record in self._house.state.workstreams.values():
            head = refs.get(HEADS + record.branch) if record.branch else None
            if head is None or self._is_home(record, head):
                continue
            commit = head
            if record.changes.uncommitted and Path(record.worktree).is_dir():
                commit = await self._house.git.snapshot(record.worktree)
            lanes.append(ForecastLane(name=record.name, commit=commit))
        return lanes

    def _is_home(self, record: WorkstreamRecord, head: str) -> bool:
        """True when a merged checkpoint holds everything of the lane: it can collide with nobody any more."""
        if record.changes.uncommitted or any(record.name in spec.merge for spec in self._open()):
            return False
        merged = [c for c in self._house.state.checkpoints.values() if c.state is CheckpointState.MERGED]
        return any(head in checkpoint.merged_heads for checkpoint in merged)

    def _order(self, spec: CheckpointSpec, present: set[str]) -> tuple[str, ...]:
        """Return the lanes that will be merged when `spec` is: those of unmerged predecessors first."""
        order: list[str] = []
        for name in spec.after:
            earlier = self._house.plan.checkpoint(name)
            merged = self._house.state.checkpoint(name).state is CheckpointState.MERGED
            if earlier is not None and not merged:
                order.extend(self._order(earlier, present))
        order.extend(spec.merge)
        return tuple(lane for lane in dict.fromkeys(order) if lane in present)

    def _checkpoint(
        self, spec: CheckpointSpec, forecast: Forecast, chains: dict[str, tuple[str, tuple[str, ...]]]
    ) -> ev.CheckpointForecast:
        _, order = chains[spec.name]
        steps = tuple(
            ev.StepForecast(workstream=lane, files=files, others=self._others(lane, files, order, forecast))
            for lane, files in forecast.chains.get(spec.name, ())
            if lane in spec.merge
        )
        best, count = forecast.best_orders.get(spec.name, ((), 0))
        mine = tuple(lane for lane in best if lane in spec.merge)
        return ev.CheckpointForecast(checkpoint=spec.name, steps=steps, best_order=mine, best_conflicts=count)

    def _others(self, lane: str, files: Sequence[str], order: tuple[str, ...], forecast: Forecast) -> tuple[str, ...]:
        earlier = [*order[: order.index(lane)], self._house.plan.project.target]
        return tuple(other for other in earlier if set(files) & set(_pair(forecast, lane, other)))


def _pair(forecast: Forecast, one: str, other: str) -> tuple[str, ...]:
    return forecast.pairs.get((one, other)) or forecast.pairs.get((other, one)) or ()


def _overlaps(forecast: Forecast, target: str) -> dict[str, tuple[Overlap, ...]]:
    found: dict[str, list[Overlap]] = {}
    for (one, other), files in sorted(forecast.pairs.items()):
        found.setdefault(one, []).append(Overlap(other=other, files=files))
        found.setdefault(other, []).append(Overlap(other=one, files=files))
    return {name: tuple(overlaps) for name, overlaps in found.items() if name != target}
