"""Guilt: which workstream, or which two together, turn a gate red."""

from __future__ import annotations

from collections.abc import Sequence

from autod_tui.core.checkpoint import GateResult, GateSpec, GateState, Guilt, MergePlan, MergeStep
from autod_tui.core.git_ports import MergeBench
from autod_tui.engine.gates import Gates


async def find_guilt(
    gates: Gates,
    bench: MergeBench,
    plan: MergePlan,
    gate: GateSpec,
    prefixes: Sequence[str],
    final: GateResult,
) -> Guilt:
    """Replay the order: the first step at which a green gate turns red is guilty, alone or with an earlier one.

    `prefixes` are the commits before the first and after each step; `final` is the red result on the last.
    """
    steps = [step for step in plan.steps if not step.merged]
    if len(steps) == 1:
        return Guilt(gate=gate.name, workstreams=(steps[0].workstream,), explanation=_alone(steps[0], final))
    results = await _probe_prefixes(gates, plan, gate, prefixes, final)
    turn = next((at for at in range(len(results) - 1, 0, -1) if _green(results[at - 1])), None)
    if turn is None:
        story = " -> ".join(_shown(result) for result in results)
        explanation = f"{gate.name} is red before the first merge already ({story}); no single workstream turned it"
        return Guilt(gate=gate.name, workstreams=(), explanation=explanation)
    culprit = plan.steps[turn - 1]
    partner = await _partner(gates, bench, plan, gate, turn - 1) if turn > 1 else None
    if partner is None:
        return Guilt(gate=gate.name, workstreams=(culprit.workstream,), explanation=_alone(culprit, results[turn]))
    explanation = (
        f"{gate.name} is green with {partner.workstream} or {culprit.workstream} alone and red with both "
        f"({results[turn].reason})"
    )
    return Guilt(gate=gate.name, workstreams=(partner.workstream, culprit.workstream), explanation=explanation)


async def _probe_prefixes(
    gates: Gates, plan: MergePlan, gate: GateSpec, prefixes: Sequence[str], final: GateResult
) -> list[GateResult]:
    results = [
        await gates.probe(plan.checkpoint, gate, commit, f"after-{at}") for at, commit in enumerate(prefixes[:-1])
    ]
    return [*results, final]


async def _partner(gates: Gates, bench: MergeBench, plan: MergePlan, gate: GateSpec, at: int) -> MergeStep | None:
    """Return the earlier step that the culprit only fails with; None when it fails alone."""
    culprit = plan.steps[at]
    alone = await _merge_all(bench, plan.into_oid, [culprit])
    if alone is None or not _green(await gates.probe(plan.checkpoint, gate, alone, "alone")):
        return None
    for earlier in plan.steps[:at]:
        both = await _merge_all(bench, plan.into_oid, [earlier, culprit])
        if both and not _green(await gates.probe(plan.checkpoint, gate, both, f"with-{earlier.workstream}")):
            return earlier
    return None


async def _merge_all(bench: MergeBench, start: str, steps: Sequence[MergeStep]) -> str | None:
    current = start
    for step in steps:
        merged = await bench.merge(current, step.head)
        if merged.conflicts:
            return None
        current = await bench.commit(merged.tree, (current, step.head), "probe")
    return current


def _green(result: GateResult) -> bool:
    return result.state is GateState.GREEN


def _alone(step: MergeStep, result: GateResult) -> str:
    return f"{result.name} turns red with {step.workstream}: {result.reason}"


def _shown(result: GateResult) -> str:
    return f"{result.measured:g}" if result.measured is not None else result.state.value
