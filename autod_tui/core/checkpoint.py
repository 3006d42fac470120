"""Checkpoints: where workstreams join, gates that judge the result, and the plan of a merge."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class GateSpec(Struct, frozen=True, kw_only=True):
    """A check on a tree: a command's exit status, or a number in its output against a bound."""

    name: str
    command: str
    timeout: float = 600.0
    """Seconds."""
    measure: str = ""
    """Regular expression whose first group is the number; empty judges the exit status alone."""
    at_least: float | None = None
    at_most: float | None = None
    jump: float | None = None
    """In a run: a green number further than this from the task's number before goes to a person's review."""

    @property
    def threshold(self) -> str:
        """The bound as text, such as `>= 60`; empty when there is none."""
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return f"<= {self.at_most:g}" if self.at_most is not None else ""


class GateState(StrEnum):
    """Where a gate stands."""

    OPEN = "open"
    RUNNING = "running"
    GREEN = "green"
    RED = "red"


class GateResult(Struct, frozen=True, kw_only=True):
    """The outcome of one gate on one tree."""

    name: str
    state: GateState = GateState.OPEN
    measured: float | None = None
    threshold: str = ""
    seconds: float = 0.0
    log: str = ""
    """Absolute path of the kept output."""
    reason: str = ""
    """Why it is red: `exit status 1`, `59 is not >= 60`, `timed out after 600 s`, `no number in the output`."""

    @property
    def judged(self) -> bool:
        """True when it came to a result."""
        return self.state in (GateState.GREEN, GateState.RED)


class CheckpointState(StrEnum):
    """Where a checkpoint stands."""

    OPEN = "open"
    READY = "ready"
    MERGING = "merging"
    BLOCKED = "blocked"
    MERGED = "merged"
    ROLLED_BACK = "rolled-back"


class CheckpointSpec(Struct, frozen=True, kw_only=True):
    """What autod.toml says about one checkpoint."""

    name: str
    title: str
    merge: tuple[str, ...]
    """Workstreams in merge order."""
    into: str
    """Branch that receives the merges."""
    after: tuple[str, ...] = ()
    after_soft: tuple[str, ...] = ()
    gates: tuple[GateSpec, ...] = ()
    """Run on the merged result; thresholds already overridden."""
    before: tuple[GateSpec, ...] = ()
    """Run in each workstream's worktree first."""
    tag: str = ""
    then: str = ""
    """Branch that is moved on to the result as well; empty for none."""
    rehearse: bool = False
    due: float | None = None
    """Unix time by which it should be merged."""


class Conflict(Struct, frozen=True, kw_only=True):
    """One path that can't be merged by rule: object ids of the three sides, empty where a side has no file."""

    path: str
    base: str = ""
    ours: str = ""
    theirs: str = ""
    mode: str = "100644"
    kind: str = "content"
    """`content`, `add/add`, `modify/delete`, `rename`, `binary` ... as git names it."""

    @property
    def key(self) -> str:
        """Identity of this exact conflict: a resolution made once holds wherever it returns."""
        return f"{self.base or '-'}:{self.ours or '-'}:{self.theirs or '-'}"


UNASKED = frozenset({"rule", "remembered", "rerere"})
"""Ways to settle a conflict without asking anybody."""


class Settled(Struct, frozen=True, kw_only=True):
    """A conflict that nobody was asked about."""

    path: str
    workstream: str
    """Whose step conflicted."""
    how: str
    """`rule` of [resolve]; `remembered` by autod or `rerere` by git, from an earlier resolution."""

    def __str__(self) -> str:
        """Say it in a few words."""
        by = {"rule": "by a rule of [resolve]", "rerere": "as git's rerere remembers"}
        return f"{self.path} of {self.workstream} {by.get(self.how, 'as it was resolved before')}"


class MergeStep(Struct, frozen=True, kw_only=True):
    """One branch to merge, at the head that was seen when the plan was made."""

    workstream: str
    branch: str
    head: str
    uncommitted: int = 0
    """Uncommitted paths in its worktree that the merge would leave behind."""
    merged: bool = False
    """True when `head` is in `into` already: nothing to do."""


class MergePlan(Struct, frozen=True, kw_only=True):
    """Everything a merge will do, fixed by object ids, for a person to approve."""

    checkpoint: str
    into: str
    into_oid: str
    """Head of `into`, or of `target` when `into` has yet to be made."""
    creates_into: bool
    steps: tuple[MergeStep, ...]
    left_out: tuple[str, ...] = ()
    gates: tuple[GateSpec, ...] = ()
    before: tuple[GateSpec, ...] = ()
    tag: str = ""
    then: str = ""
    then_oid: str = ""
    """Head of `then`; empty when it has yet to be made or there is none."""
    restores: str = ""
    """Revert commit of an earlier rollback that this merge takes back first; empty for none."""
    conflicts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Forecast: (workstream, files) of each step that will conflict."""
    settled: tuple[Settled, ...] = ()
    """Forecast: conflicts that nobody will be asked about."""
    rehearsed: bool = False
    """True when a green rehearsal of exactly these heads exists: gates are not run again."""
    warnings: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    """Reasons why this plan can't be carried out now; empty when it can."""


class ApprovedPlan(Struct, frozen=True):
    """A merge plan that a person (or --yes) agreed to; the only thing the executor takes."""

    plan: MergePlan
    commit: tuple[str, ...] = ()
    """Workstreams whose uncommitted work is committed first."""


class RollbackPlan(Struct, frozen=True, kw_only=True):
    """Everything a rollback will do, for a person to approve."""

    checkpoint: str
    into: str
    before_oid: str
    """Where `into` was before the merge; empty when the merge had made it."""
    after_oid: str
    into_oid: str
    exact: bool
    """True: refs go back to where they were. False: later commits stay, a revert commit is added."""
    later: int = 0
    """Commits on `into` that came after the merge."""
    tag: str = ""
    then: str = ""
    then_oid: str = ""
    then_before: str = ""
    warnings: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()

    def stays(self, where: str = "") -> str:
        """Say what a revert leaves, such as `1 later commit on main stays` for " on main"."""
        return f"1 later commit{where} stays" if self.later == 1 else f"{self.later} later commits{where} stay"


class Transaction(Struct, frozen=True, kw_only=True):
    """A merge under way: what is approved, how far it came, what it waits for."""

    id: str
    began_at: float = 0.0
    plan: MergePlan
    rehearsal: bool = False
    at_step: str = ""
    """Workstream whose step conflicts; empty when none does."""
    conflicts: tuple[Conflict, ...] = ()
    """Paths still to be resolved at that step."""
    resolved: tuple[str, ...] = ()
    by_hand: tuple[tuple[str, str], ...] = ()
    """(workstream, path) of all conflicts that were settled at somebody's word."""
    result: str = ""
    """Object id of the merged result once all steps are done; `into` has not moved."""


class Guilt(Struct, frozen=True, kw_only=True):
    """Who turns a gate red."""

    gate: str
    workstreams: tuple[str, ...]
    """One name, or two that only fail together; empty when it is red without any of them."""
    explanation: str


class CheckpointRecord(Struct, frozen=True, kw_only=True):
    """What has happened to one checkpoint so far (a projection of the journal)."""

    name: str
    state: CheckpointState = CheckpointState.OPEN
    reason: str = ""
    gates: tuple[GateResult, ...] = ()
    outdated: bool = False
    """The gates judged a rehearsal of heads that have moved since."""
    transaction: Transaction | None = None
    rehearsed_heads: tuple[str, ...] = ()
    """(into, step heads ...) of the last green rehearsal, in plan order; empty when none holds."""
    rehearsed_result: str = ""
    tried_heads: tuple[str, ...] = ()
    """The same of the last rehearsal, green or red."""
    guilt: Guilt | None = None
    in_force: bool = False
    """True from a merge until its rollback, whatever becomes of further attempts."""
    before_oid: str = ""
    """Empty after a merge that made `into`."""
    base_oid: str = ""
    """Commit that the last merge started from."""
    first_base_oid: str = ""
    """Commit that the first merge started from."""
    after_oid: str = ""
    merged_into: str = ""
    """Branch the last merge moved."""
    then_before: str = ""
    then_branch: str = ""
    tag: str = ""
    merged_workstreams: tuple[str, ...] = ()
    merged_heads: tuple[str, ...] = ()
    deferred: tuple[str, ...] = ()
    """Workstreams that were left out of the last merge."""
    revert_oid: str = ""
    """Revert commit that rolled the last merge back; empty after an exact rollback."""
    merged_at: float = 0.0
    seconds: float | None = None
    """From beginning to end of the last merge or green rehearsal; None before the first."""
    merges: int = 0
    rollbacks: int = 0
    conflicted_files: int = 0
