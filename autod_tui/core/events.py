"""Events: everything that has happened, in the past tense; the journal keeps them and the state follows from them."""

from __future__ import annotations

from msgspec import Struct

from autod_tui.core.checkpoint import Conflict, GateResult, Guilt, MergePlan
from autod_tui.core.workstream import Changes, Overlap, Progress, Source, WorkstreamState


class Event(Struct, frozen=True, kw_only=True, tag=True):
    """Base of all events; the class name is its tag in the journal."""


class Recorded(Struct, frozen=True):
    """An event with its place in the journal."""

    seq: int
    at: float
    """Unix time."""
    event: Event


class ConductorStarted(Event, frozen=True, kw_only=True):
    """A process took the repository's lock."""

    pid: int
    role: str
    """`tui`, or the command that conducts while it runs."""


class ConductorStopped(Event, frozen=True, kw_only=True):
    """The conductor let go of the lock in good order."""

    pid: int


class Reconciled(Event, frozen=True, kw_only=True):
    """The world differed from the journal at start; each finding is one sentence."""

    findings: tuple[str, ...]


class WorkstreamWanted(Event, frozen=True, kw_only=True):
    """`up` asked for a workstream (or `down` no longer wants it)."""

    name: str
    wanted: bool
    due: bool = False
    """True when an agent that is over could not be started again at once: that happens as soon as it may."""
    fresh: bool = False
    """What is due begins a new conversation."""


class WorktreeAdded(Event, frozen=True, kw_only=True):
    """A workstream's worktree exists."""

    name: str
    worktree: str
    branch: str
    base_oid: str
    port: int
    adopted: bool = False
    """True when it was there already."""


class WorktreeRemoved(Event, frozen=True, kw_only=True):
    """A workstream's worktree is gone; its branch stays."""

    name: str
    backup: str
    """Ref that holds the branch head and the last snapshot of its files."""


class AgentStarted(Event, frozen=True, kw_only=True):
    """An agent runs in a pane of its own."""

    name: str
    session: str
    agent: str
    model: str
    window: str
    pane: str
    pid: int
    adopted: bool = False
    resumed: bool = False
    """True when it goes on with an older conversation."""


class StateChanged(Event, frozen=True, kw_only=True):
    """What an agent is doing has changed."""

    name: str
    state: WorkstreamState
    reason: str = ""
    source: Source
    until: float = 0.0
    """Unix time at which a rate limit is expected to end; 0 when unknown or none."""


class AgentStopped(Event, frozen=True, kw_only=True):
    """`down` ended the agent and all its processes."""

    name: str


class HeadMoved(Event, frozen=True, kw_only=True):
    """A workstream's branch has a new head."""

    name: str
    head: str


class WorktreeChanged(Event, frozen=True, kw_only=True):
    """A worktree's distance from the target is now this."""

    name: str
    changes: Changes


class ProgressChanged(Event, frozen=True, kw_only=True):
    """An agent's progress.md says something new (None: it is gone)."""

    name: str
    progress: Progress | None


class StepForecast(Struct, frozen=True, kw_only=True):
    """One step of a checkpoint that will conflict when merged in the planned order."""

    workstream: str
    files: tuple[str, ...]
    others: tuple[str, ...]
    """Earlier workstreams of the checkpoint (or the target) that touch the same files."""


class CheckpointForecast(Struct, frozen=True, kw_only=True):
    """What merging one checkpoint now would meet."""

    checkpoint: str
    steps: tuple[StepForecast, ...] = ()
    """Conflicting steps only, in planned order."""
    best_order: tuple[str, ...] = ()
    """Order with the fewest conflicted files; empty when the planned order is as good."""
    best_conflicts: int = 0
    """Conflicted files in `best_order`."""


class ForecastChanged(Event, frozen=True, kw_only=True):
    """The forecast of all conflicts, uncommitted work included, is now this."""

    overlaps: dict[str, tuple[Overlap, ...]]
    """Workstream name to its overlaps; workstreams without any are left out."""
    checkpoints: tuple[CheckpointForecast, ...]


class MessageSent(Event, frozen=True, kw_only=True):
    """A text was pasted into an agent's pane."""

    name: str
    text: str
    by: str = "person"


class WorkCommitted(Event, frozen=True, kw_only=True):
    """autod committed a worktree's uncommitted work, as approved."""

    name: str
    oid: str
    files: int


class MergeStarted(Event, frozen=True, kw_only=True):
    """An approved merge (or a rehearsal) began."""

    id: str
    plan: MergePlan
    rehearsal: bool = False


class StepMerged(Event, frozen=True, kw_only=True):
    """One branch is merged into the result in the making; no ref has moved."""

    id: str
    checkpoint: str
    workstream: str
    oid: str


class ConflictFound(Event, frozen=True, kw_only=True):
    """A step waits for these paths to be resolved."""

    id: str
    checkpoint: str
    workstream: str
    conflicts: tuple[Conflict, ...]


class ConflictResolved(Event, frozen=True, kw_only=True):
    """One path of the waiting step is settled."""

    id: str
    checkpoint: str
    path: str
    how: str
    """`ours`, `theirs`, `edit`, `agent`; nobody was asked about `rule`, `remembered`, `rerere`."""


class ResultMade(Event, frozen=True, kw_only=True):
    """All steps are merged; the gates judge this commit."""

    id: str
    checkpoint: str
    result: str


class GateStarted(Event, frozen=True, kw_only=True):
    """A gate runs on a checkpoint's result (or, with `workstream`, in a worktree)."""

    checkpoint: str
    gate: str
    log: str
    workstream: str = ""


class GateFinished(Event, frozen=True, kw_only=True):
    """A gate judged a tree."""

    checkpoint: str
    result: GateResult
    tree: str = ""
    """Object id of the judged tree; empty for a gate in a worktree."""
    workstream: str = ""
    reused: bool = False


class GuiltFound(Event, frozen=True, kw_only=True):
    """A red gate is traced to a workstream or a pair."""

    checkpoint: str
    guilt: Guilt


class CheckpointRehearsed(Event, frozen=True, kw_only=True):
    """A rehearsal of exactly these heads ended; green means the gates passed on `result`."""

    checkpoint: str
    heads: tuple[str, ...]
    result: str
    green: bool
    reason: str = ""


class RehearsalOutdated(Event, frozen=True, kw_only=True):
    """A head that the last rehearsal was bound to has moved."""

    checkpoint: str


class CheckpointBlocked(Event, frozen=True, kw_only=True):
    """A merge ended without moving anything."""

    checkpoint: str
    reason: str


class CheckpointAbandoned(Event, frozen=True, kw_only=True):
    """A merge under way was given up; nothing has moved."""

    checkpoint: str
    reason: str = ""


class RefsMoving(Event, frozen=True, kw_only=True):
    """Intent: these refs are about to move; the next start finishes or undoes it."""

    id: str
    checkpoint: str
    moves: tuple[tuple[str, str, str], ...]
    """(full ref, old oid or "", new oid or "")."""


class CheckpointMerged(Event, frozen=True, kw_only=True):
    """`into` holds the checkpoint."""

    checkpoint: str
    into: str
    before_oid: str
    """Where `into` was; empty when the merge made it."""
    base_oid: str
    """Commit that the first step was merged into."""
    after_oid: str
    workstreams: tuple[str, ...]
    heads: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    tag: str = ""
    then: str = ""
    then_before: str = ""


class CheckpointRolledBack(Event, frozen=True, kw_only=True):
    """A merge was taken back."""

    checkpoint: str
    into: str
    oid: str
    """Head of `into` now; empty when the branch that the merge had made is gone again."""
    exact: bool
    revert_oid: str = ""


class WorkstreamSynced(Event, frozen=True, kw_only=True):
    """A checkpoint's result was merged into a workstream's branch."""

    name: str
    checkpoint: str
    oid: str


class BackupMade(Event, frozen=True, kw_only=True):
    """autod kept what it moved or removed under refs/autod/."""

    ref: str
    oid: str
    what: str
    """One sentence: what it was before."""
    restores: str = ""
    """`ref:FULL_REF`, `worktree:NAME` ... what an undo brings back."""


class BackupRestored(Event, frozen=True, kw_only=True):
    """An undo brought a backup back."""

    ref: str


class Noted(Event, frozen=True, kw_only=True):
    """Something a person should know that changes no state."""

    level: str
    """`info`, `warning` or `error`."""
    text: str
    name: str = ""
    """Workstream or checkpoint it is about; empty for the project."""
