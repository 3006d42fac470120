"""Requests: what a person or a script asks of the conductor, and its answer."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from autod_tui.core.checkpoint import ApprovedPlan, RollbackPlan


class Request(Struct, frozen=True, kw_only=True, tag=True):
    """Base of all requests; the class name is its tag."""


class Answer(Struct, frozen=True, kw_only=True):
    """What came of a request."""

    exit_code: int = 0
    message: str = ""
    """One sentence for a person, or several lines."""
    hint: str = ""
    data: dict[str, Any] = {}
    """Stable keys for `--json`."""

    @property
    def ok(self) -> bool:
        """True when the thing asked for was done."""
        return self.exit_code == 0


class Up(Request, frozen=True, kw_only=True):
    """Make worktrees and start agents; all workstreams when `names` is empty."""

    names: tuple[str, ...] = ()


class Down(Request, frozen=True, kw_only=True):
    """Stop agents; with `remove` take the worktrees away, with `discard` even unsaved or unmerged work."""

    names: tuple[str, ...] = ()
    remove: bool = False
    discard: bool = False
    approved: bool = False
    """False answers with the plan (`data["plan"]`) and changes nothing."""


class New(Request, frozen=True, kw_only=True):
    """Declare a workstream: its files under workstreams/NAME/; starts nothing."""

    name: str
    title: str = ""
    base: str = ""
    branch: str = ""
    agent: str = ""
    model: str = ""
    prompt: str = ""
    checkpoint: str = ""
    """Checkpoint whose merge order it joins at the end, by its own file; autod.toml is never rewritten."""


class Send(Request, frozen=True, kw_only=True):
    """Paste a text into agents' panes and submit it; all living ones when `names` is empty."""

    names: tuple[str, ...] = ()
    text: str


class PlanMerge(Request, frozen=True, kw_only=True):
    """Answer with a `MergePlan` under `data["plan"]`."""

    checkpoint: str
    leave_out: tuple[str, ...] = ()


class Merge(Request, frozen=True, kw_only=True):
    """Carry an approved merge plan out."""

    approved: ApprovedPlan


class Check(Request, frozen=True, kw_only=True):
    """Rehearse a checkpoint: merge in order and run the gates, moving nothing."""

    checkpoint: str
    leave_out: tuple[str, ...] = ()


class Resolve(Request, frozen=True, kw_only=True):
    """Settle paths of the waiting step, then go on as soon as none is left."""

    checkpoint: str
    how: str
    """`ours`, `theirs`, `edit` (the file in the conflict worktree is final) or `agent` (start one there)."""
    paths: tuple[str, ...] = ()
    """Empty means all paths still open."""


class PrepareEdit(Request, frozen=True, kw_only=True):
    """Lay the waiting step out in autod's conflict worktree; answers its path and the marked files."""

    checkpoint: str


class LeaveOut(Request, frozen=True, kw_only=True):
    """Go on with the merge without one workstream."""

    checkpoint: str
    workstream: str


class Abandon(Request, frozen=True, kw_only=True):
    """Give a merge under way up; nothing has moved and nothing will."""

    checkpoint: str


class PlanRollback(Request, frozen=True, kw_only=True):
    """Answer with a `RollbackPlan` under `data["plan"]`."""

    checkpoint: str


class Rollback(Request, frozen=True, kw_only=True):
    """Carry an approved rollback out."""

    plan: RollbackPlan


class Sync(Request, frozen=True, kw_only=True):
    """Merge a checkpoint's result into open workstreams; all that lack it when `names` is empty."""

    checkpoint: str
    names: tuple[str, ...] = ()
    approved: bool = False
    """False answers with the plan (`data["plan"]`) and changes nothing."""


class Undo(Request, frozen=True, kw_only=True):
    """Bring a backup back; with an empty `ref`, answer with the list of backups."""

    ref: str = ""


AnyRequest = (
    Up
    | Down
    | New
    | Send
    | PlanMerge
    | Merge
    | Check
    | Resolve
    | PrepareEdit
    | LeaveOut
    | Abandon
    | PlanRollback
    | Rollback
    | Sync
    | Undo
)
