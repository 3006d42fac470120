"""Gates: run commands on a tree or in a worktree and judge exit status or measured number."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from autod_tui.core.checkpoint import GateResult, GateSpec, GateState
from autod_tui.core.events import GateFinished, GateStarted
from autod_tui.core.ports import GateOutcome
from autod_tui.engine.house import House

LOG_TAIL_BYTES = 4 * 2**20
"""How much of a log's end is searched for the measured number."""


_NO_STALE_CODE = {"PYTHONDONTWRITEBYTECODE": "1"}
"""Python takes compiled files for fresh by second and size; checkouts in quick succession would fool it."""


def judge(gate: GateSpec, outcome: GateOutcome, output: str, log: str) -> GateResult:
    """Turn how a command ended into a verdict."""
    measured = measure(gate.measure, output) if gate.measure else None
    reason = _red_reason(gate, outcome, measured)
    return GateResult(
        name=gate.name,
        state=GateState.RED if reason else GateState.GREEN,
        measured=measured,
        threshold=gate.threshold,
        seconds=round(outcome.seconds, 3),
        log=log,
        reason=reason,
    )


def measure(pattern: str, output: str) -> float | None:
    """Return the first group of the first match in the last line that matches; None when no line does."""
    found: float | None = None
    for line in output.splitlines():
        match = re.search(pattern, line)
        if match:
            text = match.group(1) if match.re.groups else match.group(0)
            try:
                number = float(text)
            except (TypeError, ValueError):
                continue
            found = number if math.isfinite(number) else found  # nan would pass every bound
    return found


def _red_reason(gate: GateSpec, outcome: GateOutcome, measured: float | None) -> str:
    if outcome.timed_out:
        return f"timed out after {gate.timeout:g} s"
    if outcome.exit_status != 0:
        status = outcome.exit_status
        return "was killed" if status is None else f"exit status {status}"
    if not gate.measure:
        return ""
    if measured is None:
        return "no number in the output"
    return out_of_bounds(gate, measured)


def out_of_bounds(gate: GateSpec, measured: float) -> str:
    """Say which bound of a gate a number breaks; empty when none."""
    if gate.at_least is not None and measured < gate.at_least:
        return f"{measured:g} is not >= {gate.at_least:g}"
    if gate.at_most is not None and measured > gate.at_most:
        return f"{measured:g} is not <= {gate.at_most:g}"
    return ""


def read_tail(log: Path) -> str:
    """Return the end of a log as text."""
    with log.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - LOG_TAIL_BYTES))
        return file.read().decode("utf-8", "replace")


class Gates:
    """Runs gates and reports them to the stream."""

    def __init__(self, house: House, place: str = "gates") -> None:
        """Use `house` for directories, events and the runner; `place` names the worktree to judge in."""
        self._house = house
        self._place = place

    @property
    def checkout(self) -> str:
        """The worktree of autod's own in which results are judged."""
        return str(self._house.own_worktrees / self._place)

    async def judge_commit(
        self, checkpoint: str, gates: Sequence[GateSpec], commit: str, tree: str
    ) -> tuple[GateResult, ...]:
        """Run gates on exactly `commit`, stopping at the first red one; green ones on the same tree are reused."""
        known = {gate.name: gate for gate in self._house.state.green_trees.get(tree, ())}
        results: list[GateResult] = []
        laid_out = False
        for gate in gates:
            reusable = known.get(gate.name)
            if reusable is not None and reusable.threshold == gate.threshold:
                results.append(reusable)
                self._emit_reused(checkpoint, reusable, tree)
                continue
            if not laid_out:
                await self._lay_out(commit)
                laid_out = True
            results.append(await self._run(checkpoint, gate, self.checkout, tree))
            if results[-1].state is GateState.RED:
                break
        return tuple(results)

    async def judge_worktree(
        self, checkpoint: str, gates: Sequence[GateSpec], worktree: str, workstream: str
    ) -> tuple[GateResult, ...]:
        """Run gates in a workstream's own worktree, stopping at the first red one."""
        results: list[GateResult] = []
        for gate in gates:
            results.append(await self._run(checkpoint, gate, worktree, "", workstream))
            if results[-1].state is GateState.RED:
                break
        return tuple(results)

    async def probe(
        self, checkpoint: str, gate: GateSpec, commit: str, label: str, env: Mapping[str, str] | None = None
    ) -> GateResult:
        """Run one gate on a commit, with `env` besides, to learn something; without a word to the stream."""
        await self._lay_out(commit)
        log = self._log_path(checkpoint, f"{gate.name}-{label}")
        return await self._execute(gate, self.checkout, log, checkpoint, env)

    async def _lay_out(self, commit: str) -> None:
        house = self._house
        fresh = not Path(self.checkout).exists()
        await house.git.checkout_at(self.checkout, commit)
        mark = Path(self.checkout)
        if fresh and house.plan.project.setup:
            log = self._log_path("setup", "gates")
            outcome = await house.gates.run(
                GateSpec(name="setup", command=house.plan.project.setup, timeout=1800), str(mark), log, house.base_env()
            )
            if outcome.exit_status != 0:
                await house.git.remove_worktree(self.checkout)

    async def _run(self, checkpoint: str, gate: GateSpec, cwd: str, tree: str, workstream: str = "") -> GateResult:
        log = self._log_path(checkpoint, f"{gate.name}{f'-{workstream}' if workstream else ''}")
        stream = self._house.stream
        stream.emit(GateStarted(checkpoint=checkpoint, gate=gate.name, log=str(log), workstream=workstream))
        result = await self._execute(gate, cwd, log, checkpoint)
        stream.emit(GateFinished(checkpoint=checkpoint, result=result, tree=tree, workstream=workstream))
        return result

    async def _execute(
        self, gate: GateSpec, cwd: str, log: Path, checkpoint: str, more: Mapping[str, str] | None = None
    ) -> GateResult:
        own = {"AUTOD_CHECKPOINT": checkpoint, "AUTOD_GATE": gate.name, "AUTOD_GATES": str(self._house.own_worktrees)}
        env = {**self._house.base_env(), **_NO_STALE_CODE, **own, **(more or {})}
        outcome = await self._house.gates.run(gate, cwd, log, env)
        return judge(gate, outcome, read_tail(log), str(log))

    def _emit_reused(self, checkpoint: str, result: GateResult, tree: str) -> None:
        self._house.stream.emit(GateFinished(checkpoint=checkpoint, result=result, tree=tree, reused=True))

    def _log_path(self, checkpoint: str, gate: str) -> Path:
        stamp = f"{self._house.stream.clock():.3f}".replace(".", "-")
        safe = re.sub(r"[^A-Za-z0-9._-]+", "-", gate)
        return self._house.state_dir / "logs" / checkpoint / f"{stamp}-{safe}.log"
