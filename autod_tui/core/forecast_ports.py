"""Ports to the forecasts: merges played through in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct


class ForecastLane(Struct, frozen=True, kw_only=True):
    """One workstream as the forecast sees it."""

    name: str
    commit: str
    """Branch head, or the snapshot of its uncommitted work on top of it."""


class Forecast(Struct, frozen=True, kw_only=True):
    """All conflicts that merging would meet."""

    pairs: dict[tuple[str, str], tuple[str, ...]]
    """(lane, lane or target) to the conflicting files; clean pairs are left out."""
    chains: dict[str, tuple[tuple[str, tuple[str, ...]], ...]]
    """Checkpoint to (lane, files) for each step that conflicts in the planned order."""
    best_orders: dict[str, tuple[tuple[str, ...], int]]
    """Checkpoint to (order, conflicted files) where another order conflicts less."""


class ForecastPort(Protocol):
    """Forecasts conflicts without touching refs, indexes or the object store."""

    async def forecast(
        self,
        target: tuple[str, str],
        lanes: Sequence[ForecastLane],
        chains: Mapping[str, tuple[str, tuple[str, ...]]],
    ) -> Forecast:
        """Replay each checkpoint {name: (start commit, lanes in order)} and merge all pairs.

        Lanes against `target` (name, commit) are pairs too; results are cached by object ids.
        """
        ...
