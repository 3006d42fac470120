"""The board: plan and state side by side, as people and scripts see them."""

from __future__ import annotations

from msgspec import Struct

from autod_tui.core.checkpoint import (
    CheckpointRecord,
    CheckpointSpec,
    CheckpointState,
    GateResult,
)
from autod_tui.core.events import CheckpointForecast
from autod_tui.core.limits import held_by, held_words, limit_reason
from autod_tui.core.names import helper_name
from autod_tui.core.plan import Plan
from autod_tui.core.run_memo import remembered_view
from autod_tui.core.run_view import RunView
from autod_tui.core.state import Metrics, State
from autod_tui.core.usage import Usage, total_usage
from autod_tui.core.workstream import WorkstreamRecord, WorkstreamSpec, WorkstreamState

ON_TRACK = "on track"
AT_RISK = "at risk"
BLOCKED = "blocked"


class WorkstreamView(Struct, frozen=True, kw_only=True):
    """One workstream: what is declared and what has happened."""

    spec: WorkstreamSpec
    record: WorkstreamRecord
    checkpoints: tuple[str, ...]
    """Checkpoints that merge it, in declared order."""
    waits_for: tuple[str, ...]
    """Checkpoints in its `after` that are not merged."""
    health: str
    """`on track`, `at risk` or `blocked`."""
    health_reason: str = ""
    limit: str = ""
    """Why it gets no new agent before a person allows more: its limit of cost or tokens is reached; else empty."""
    held: str = ""
    """The rate limit that holds its agent's whole family back, such as `claude is rate-limited, 4:10 left`."""
    permission: str = ""
    """Permission mode that its agent is started with; empty when its profile is unknown."""

    @property
    def unasked(self) -> bool:
        """True when its agent runs without asking for anything."""
        return self.permission == "all"

    @property
    def name(self) -> str:
        """Name of the workstream."""
        return self.spec.name

    @property
    def next_checkpoint(self) -> str:
        """The first checkpoint that merges it, empty when none does."""
        return self.checkpoints[0] if self.checkpoints else ""


class CheckpointView(Struct, frozen=True, kw_only=True):
    """One checkpoint: what is declared, what has happened, what is forecast."""

    spec: CheckpointSpec
    record: CheckpointRecord
    forecast: CheckpointForecast
    gates: tuple[GateResult, ...]
    """All declared gates in order, with the last result where there is one."""
    waits_for: tuple[str, ...]
    late: bool
    helper: WorkstreamRecord | None = None
    """The agent that was handed the conflicts of its merge, as long as its pane is there."""

    @property
    def stuck(self) -> bool:
        """True while its merge waits for somebody to settle conflicts."""
        return self.record.transaction is not None and bool(self.record.transaction.conflicts)

    @property
    def name(self) -> str:
        """Name of the checkpoint."""
        return self.spec.name


class Board(Struct, frozen=True, kw_only=True):
    """Everything that is shown, at one moment of the journal."""

    root: str
    target: str
    conductor: int
    conductor_role: str
    seq: int
    workstreams: tuple[WorkstreamView, ...]
    checkpoints: tuple[CheckpointView, ...]
    metrics: Metrics
    runs: tuple[RunView, ...] = ()
    """Oldest first."""
    usage: Usage = Usage()
    """What all workstreams and runs have used."""
    limit: str = ""
    """Why nothing new starts before a person allows more: the project's limit is reached; else empty."""
    held: tuple[str, ...] = ()
    """Rate limits that last, one sentence each."""
    recalled: bool = False
    """States are as the last conductor left them: nobody has looked again so far."""

    @property
    def waiting(self) -> tuple[str, ...]:
        """Who waits for a person: workstreams by name, sessions of runs as `RUN/SESSION`."""
        names = [view.name for view in self.workstreams if view.record.state is WorkstreamState.WAITING]
        return (*names, *(f"{run.id}/{session}" for run in self.runs for session in run.waiting))

    def run(self, id: str) -> RunView | None:
        """Return the view of run `id`, or None."""
        return next((view for view in self.runs if view.id == id), None)

    def workstream(self, name: str) -> WorkstreamView | None:
        """Return the view of workstream `name`, or None."""
        return next((view for view in self.workstreams if view.name == name), None)

    def checkpoint(self, name: str) -> CheckpointView | None:
        """Return the view of checkpoint `name`, or None."""
        return next((view for view in self.checkpoints if view.name == name), None)


def make_board(plan: Plan, state: State, now: float) -> Board:
    """Lay `state` beside `plan`; workstreams that the files no longer declare but that live on are kept."""
    runs = tuple(remembered_view(run, now, plan.agents) for run in state.runs.values())
    return Board(
        root=plan.project.root,
        target=plan.project.target,
        conductor=state.conductor,
        conductor_role=state.conductor_role,
        seq=state.seq,
        workstreams=tuple(_workstream_view(plan, state, spec, now) for spec in _all_specs(plan, state)),
        checkpoints=tuple(_checkpoint_view(state, spec, now) for spec in plan.checkpoints),
        metrics=state.metrics,
        runs=runs,
        usage=total_usage([*(record.usage for record in state.workstreams.values()), *(view.usage for view in runs)]),
        limit=limit_reason(plan, state),
        held=tuple(held_words(held, now) for held in state.held.values() if held.until > now),
    )


def _all_specs(plan: Plan, state: State) -> list[WorkstreamSpec]:
    declared = {spec.name for spec in plan.workstreams}
    orphans = [
        WorkstreamSpec(
            name=record.name,
            title=f"{record.name} (no longer declared)",
            branch=record.branch,
            worktree=record.worktree,
            agent=record.agent,
            model=record.model,
        )
        for record in state.workstreams.values()
        if record.name not in declared and record.worktree
    ]
    return [*plan.workstreams, *orphans]


def unmerged(state: State, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the checkpoints among `names` that are not merged."""
    return tuple(name for name in names if state.checkpoint(name).state is not CheckpointState.MERGED)


def _workstream_view(plan: Plan, state: State, spec: WorkstreamSpec, now: float) -> WorkstreamView:
    record = state.workstream(spec.name)
    checkpoints = plan.checkpoints_of(spec.name)
    health, reason = _health(record, checkpoints, state, now)
    held = held_by(plan, state, spec.agent)
    return WorkstreamView(
        spec=spec,
        record=record,
        checkpoints=tuple(checkpoint.name for checkpoint in checkpoints),
        waits_for=unmerged(state, spec.after),
        health=health,
        health_reason=reason,
        limit=limit_reason(plan, state, spec.name),
        held=held_words(held, now) if held and held.until > now else "",
        permission=_permission(plan, spec),
    )


def _permission(plan: Plan, spec: WorkstreamSpec) -> str:
    profile = plan.agents.get(spec.agent)
    return spec.permission or (profile.permission if profile else "")


def _health(
    record: WorkstreamRecord, checkpoints: tuple[CheckpointSpec, ...], state: State, now: float
) -> tuple[str, str]:
    progress = record.progress
    if progress is not None and progress.blockers:
        return BLOCKED, progress.blockers[0]
    if record.state in (WorkstreamState.FAILED, WorkstreamState.LOST):
        return BLOCKED, record.reason or record.state.value
    if progress is not None and progress.status == BLOCKED:
        return BLOCKED, "its progress.md says so"
    if record.state in (WorkstreamState.WAITING, WorkstreamState.RATE_LIMITED):
        return AT_RISK, record.reason or record.state.value
    if record.overlaps:
        return AT_RISK, f"conflicts with {', '.join(overlap.other for overlap in record.overlaps)}"
    if late := [spec.name for spec in checkpoints if is_late(spec, state.checkpoint(spec.name), now)]:
        return AT_RISK, f"{late[0]} is overdue"
    if progress is not None and progress.status == AT_RISK:
        return AT_RISK, "its progress.md says so"
    return ON_TRACK, ""


def is_late(spec: CheckpointSpec, record: CheckpointRecord, now: float) -> bool:
    """True when the checkpoint was, or still is, merged after its due time."""
    if spec.due is None:
        return False
    return (record.merged_at if record.state is CheckpointState.MERGED else now) > spec.due


def _checkpoint_view(state: State, spec: CheckpointSpec, now: float) -> CheckpointView:
    record = state.checkpoint(spec.name)
    seen = {gate.name: gate for gate in record.gates}
    gates = tuple(seen.get(gate.name, GateResult(name=gate.name, threshold=gate.threshold)) for gate in spec.gates)
    return CheckpointView(
        spec=spec,
        record=record,
        forecast=state.forecasts.get(spec.name, CheckpointForecast(checkpoint=spec.name)),
        gates=gates,
        waits_for=unmerged(state, spec.after),
        late=is_late(spec, record, now),
        helper=_helper(state, spec.name),
    )


def _helper(state: State, checkpoint: str) -> WorkstreamRecord | None:
    record = state.workstreams.get(helper_name(checkpoint))
    return record if record is not None and record.pane else None
