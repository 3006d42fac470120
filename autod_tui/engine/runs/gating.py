"""Gates of a run's stages: what they say about one commit, and numbers that jumped."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from autod_tui.core.checkpoint import GateSpec, GateState
from autod_tui.core.run import RunRecord
from autod_tui.core.run_plan import StageSpec
from autod_tui.engine.gates import Gates, out_of_bounds, read_tail
from autod_tui.engine.house import House
from autod_tui.engine.runs.words import with_tail


class Gated(Struct, frozen=True, kw_only=True):
    """What a stage's gates said about a commit."""

    red: str = ""
    """The first red one, with the end of its log; empty when all are green."""
    measured: Mapping[str, float] = {}
    """Gate to its number."""


class Gating:
    """Runs the gates of stages, one after another, in a worktree of its own."""

    def __init__(self, house: House) -> None:
        """Judge apart from the checkpoints."""
        self._gates = Gates(house, "gates-of-runs")
        self._alone = asyncio.Lock()

    async def run(self, run: RunRecord, stage: StageSpec, commit: str, tasks: Sequence[str]) -> Gated:
        """Run a stage's gates on `commit`, which holds the work of `tasks`, up to the first red one."""
        return await self._all(run, stage, stage.gates, commit, tasks, {})

    async def run_auto(self, run: RunRecord, stage: StageSpec, commit: str, task: str, known: Gated) -> Gated:
        """Run the gates that approve without asking; those that measured already (`known`) are only compared."""
        numbers = {gate: known.measured[gate.name] for gate in stage.gates if gate.name in known.measured}
        return await self._all(run, stage, stage.auto, commit, (task,), numbers)

    async def _all(
        self,
        run: RunRecord,
        stage: StageSpec,
        gates: Sequence[GateSpec],
        commit: str,
        tasks: Sequence[str],
        known: Mapping[GateSpec, float],
    ) -> Gated:
        numbers: dict[str, float] = {}
        for gate in gates:
            same = next((number for one, number in known.items() if _alike(one, gate)), None)
            number, red = (same, out_of_bounds(gate, same)) if same is not None else (None, "")
            if same is None:
                number, red = await self._one(run, stage, gate, commit, tasks)
            if number is not None:
                numbers[gate.name] = number
            if red:
                return Gated(red=f"{gate.name}: {red}", measured=numbers)
        return Gated(measured=numbers)

    async def _one(
        self, run: RunRecord, stage: StageSpec, gate: GateSpec, commit: str, tasks: Sequence[str]
    ) -> tuple[float | None, str]:
        told = {"AUTOD_RUN": run.id, "AUTOD_STAGE": stage.name, "AUTOD_TASKS": " ".join(tasks)}
        async with self._alone:
            result = await self._gates.probe(run.id, gate, commit, stage.name, told)
        red = result.state is GateState.RED
        return result.measured, with_tail(result.reason, read_tail(Path(result.log))) if red else ""


def jump_of(gates: Sequence[GateSpec], before: Mapping[str, float], now: Mapping[str, float]) -> str:
    """Say which number moved further than its gate's `jump` allows; empty when none did, or none was there before."""
    for gate in gates:
        old, new = before.get(gate.name), now.get(gate.name)
        if gate.jump is not None and old is not None and new is not None and abs(new - old) > gate.jump:
            return f"{gate.name}: jumped from {old:g} to {new:g}, more than {gate.jump:g}"
    return ""


def _alike(one: GateSpec, other: GateSpec) -> bool:
    return (one.command, one.measure) == (other.command, other.measure)
