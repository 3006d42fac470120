"""The `[gates.NAME]` and `[[checkpoint]]` tables."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from autod_tui.core.checkpoint import CheckpointSpec, GateSpec
from autod_tui.core.names import name_problem, nearest, suggest_name
from autod_tui.core.plan import ResolveRule
from autod_tui.store.fields import Table
from autod_tui.store.refnames import ref_problem

_OVERRIDE = re.compile(r"(?P<gate>[^<>=]*?) *(?P<sign>>=|<=) *(?P<bound>-?\d{1,15}(?:\.\d{1,15})?)\Z", re.ASCII)


def check_name(table: Table, key: str, name: str) -> None:
    """Add a mistake when `name` can't name a workstream, checkpoint, gate or agent."""
    if problem := name_problem(name):
        suggestion = suggest_name(name)
        table.problem(key, problem, f"{suggestion!r} would do" if suggestion and suggestion != name else "")


def check_ref(table: Table, key: str, name: str) -> None:
    """Add a mistake when `name` is given and git would not take it as a branch or tag."""
    if name and (problem := ref_problem(name)):
        table.problem(key, problem)


def read_gates(root: Table) -> dict[str, GateSpec]:
    """Return the declared gates by name."""
    return {name: _gate(name, table) for name, table in root.named_tables("gates")}


def _gate(name: str, table: Table) -> GateSpec:
    check_name(table, "", name)
    gate = GateSpec(
        name=name,
        command=table.text("command"),
        timeout=table.duration("timeout", 600.0),
        measure=table.pattern("measure", group=True),
        at_least=table.number("at_least"),
        at_most=table.number("at_most"),
        jump=table.number("jump"),
    )
    table.finish()
    _check_gate(table, gate)
    return gate


def _check_gate(table: Table, gate: GateSpec) -> None:
    bounded = table.has("at_least") or table.has("at_most")
    if not gate.command.strip() and isinstance(table.values.get("command", ""), str):
        table.problem("command", "a gate needs a command", 'such as command = "pytest -q"')
    if table.has("at_least") and table.has("at_most"):
        table.problem("at_most", "a gate has either at_least or at_most", "make two gates of it")
    if table.has("measure") and not bounded and not table.has("jump"):
        table.problem("measure", "a measured number needs a bound", "add at_least or at_most")
    if gate.jump is not None and gate.jump < 0:
        table.problem("jump", "is how far a number may move, 0 or more")
    if table.has("jump") and not table.has("measure"):
        table.problem("jump", "a jump needs `measure`, a pattern whose first group is the number")
    if bounded and not table.has("measure"):
        key = "at_least" if table.has("at_least") else "at_most"
        table.problem(key, "a bound needs `measure`, a pattern whose first group is the number")


def read_checkpoints(
    root: Table, gates: Mapping[str, GateSpec], *, target: str, rehearse: bool
) -> tuple[CheckpointSpec, ...]:
    """Return the declared checkpoints in order; `target` and `rehearse` stand in where they don't say."""
    return tuple(_checkpoint(table, gates, target, rehearse) for table in root.tables("checkpoint"))


def _checkpoint(table: Table, gates: Mapping[str, GateSpec], target: str, rehearse: bool) -> CheckpointSpec:
    name = table.text("name")
    if name or not table.has("name"):
        check_name(table, "name", name)
    into = table.text("into") or target
    then = table.text("then")
    checkpoint = CheckpointSpec(
        name=name,
        title=table.text("title") or name,
        merge=table.texts("merge"),
        into=into,
        after=table.texts("after"),
        after_soft=table.texts("after_soft"),
        gates=read_gate_list(table, gates),
        before=_before(table, gates),
        tag=table.text("tag"),
        then="" if then == into else then,
        rehearse=table.flag("rehearse", rehearse),
        due=table.moment("due"),
    )
    table.finish()
    for key in ("into", "tag", "then"):
        check_ref(table, key, getattr(checkpoint, key))
    if not table.has("merge") or table.values["merge"] == []:
        table.problem("merge", "a checkpoint merges at least one workstream")
    return checkpoint


def _before(table: Table, gates: Mapping[str, GateSpec]) -> tuple[GateSpec, ...]:
    before = table.table("before")
    found = read_gate_list(before, gates)
    before.finish()
    return found


def read_gate_list(table: Table, gates: Mapping[str, GateSpec], key: str = "gates") -> tuple[GateSpec, ...]:
    """Return the gates that `key` names, with their bounds overridden where it says so."""
    found = tuple(gate for text in table.texts(key) if (gate := _gate_named(table, key, text, gates)) is not None)
    for name in sorted({gate.name for gate in found if [other.name for other in found].count(gate.name) > 1}):
        table.problem(key, f"{name!r} is named twice")
    return found


def _gate_named(table: Table, key: str, text: str, gates: Mapping[str, GateSpec]) -> GateSpec | None:
    """Find the gate that `text` names, with the bound of `coverage>=70` put in its place."""
    override = _OVERRIDE.match(text)
    name = override["gate"].strip() if override else text
    if name not in gates:
        near = nearest(re.split("[<>=]", name)[0].strip(), set(gates))
        known = f"known: {', '.join(sorted(gates)) or 'none, add a [gates.NAME] table'}"
        written = 'an override is written "coverage>=70" or "coverage<=5"' if near and re.search("[<>=]", name) else ""
        table.problem(key, f"unknown gate {name!r}", written or (f"did you mean {near!r}?" if near else known))
        return None
    return _overridden(table, key, gates[name], override) if override else gates[name]


def _overridden(table: Table, key: str, gate: GateSpec, override: re.Match[str]) -> GateSpec:
    if not gate.measure:
        table.problem(key, f"{override[0]!r}: gate {gate.name!r} measures no number", "add `measure` to the gate")
    bound, least = float(override["bound"]), override["sign"] == ">="
    return msgspec.structs.replace(gate, at_least=bound if least else None, at_most=None if least else bound)


def read_rules(root: Table) -> tuple[ResolveRule, ...]:
    """Return the rules of `[resolve]` (path pattern = winner) in the order written."""
    return tuple(ResolveRule(pattern, winner) for pattern, winner in root.mapping("resolve").items() if winner)
