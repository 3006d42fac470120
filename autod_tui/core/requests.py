"""Requests: what a person or a script asks of the conductor, and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from autod_tui.core.checkpoint import ApprovedPlan, RollbackPlan
from autod_tui.core.run import Verdict
from autod_tui.core.run_plan import TaskSpec


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
    fresh: bool = False
    """False resumes the old conversation of an agent that was killed or lost; True always begins a new one."""


class ReadQuestion(Request, frozen=True, kw_only=True):
    """Look at what an agent asks right now; answers a `Question` under `data["question"]`, else None.

    Its digest is under `data["seen"]`. `name` may be `RUN/SESSION`.
    """

    name: str


class AnswerAgent(Request, frozen=True, kw_only=True):
    """Answer what an agent asks: one of the choices it offers (a key or the words), or a text of one's own."""

    name: str
    choice: str = ""
    text: str = ""
    seen: str = ""
    """`Question.digest` of what the asker saw: refused when another question stands there; empty trusts what does."""


class RaiseLimit(Request, frozen=True, kw_only=True):
    """Allow a workstream, or with an empty name the project, to use up to this."""

    name: str = ""
    cost_usd: float | None = None
    tokens: int | None = None


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
    permission: str = ""
    """Permission mode of its agent; empty takes the profile's."""
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


class Forget(Request, frozen=True, kw_only=True):
    """Forget how the conflicts of a checkpoint's merge were resolved before, so that it asks again."""

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


class StartRun(Request, frozen=True, kw_only=True):
    """Carry out the plan `workstreams/PLAN.toml`; answers the run's id under `data["id"]`."""

    plan: str
    items: str = ""
    """Tasks to take: ids and ranges, such as `b1:1-20,1.4`; empty for all."""
    model: str = ""
    batch_sizes: Mapping[str, int] = {}
    """Stage to tasks in one session."""
    sessions: Mapping[str, int] = {}
    """Stage to sessions at once."""
    dry_run: bool = False
    """Answer with what would run and change nothing."""


class StopRun(Request, frozen=True, kw_only=True):
    """End a run's sessions with all their processes, or only those of some tasks; the work so far is kept."""

    run: str
    tasks: tuple[str, ...] = ()


class TidyRun(Request, frozen=True, kw_only=True):
    """Remove the worktrees of a run that has ended; a backup of each is kept, its commits stay on their branches."""

    run: str
    discard: bool = False
    """Remove also what holds ignored files that are too large for a backup."""
    approved: bool = False
    """False only answers what would be removed."""


class PauseRun(Request, frozen=True, kw_only=True):
    """Start no further sessions; those that run go on to their end."""

    run: str


class ResumeRun(Request, frozen=True, kw_only=True):
    """Go on with a paused, stopped or interrupted run; what is done is not done again."""

    run: str


class RetryTasks(Request, frozen=True, kw_only=True):
    """Queue failed or stopped tasks again; all of them when `tasks` is empty."""

    run: str
    tasks: tuple[str, ...] = ()
    stage: str = ""
    """Empty: the stage each one failed in."""


class AddTasks(Request, frozen=True, kw_only=True):
    """Give a run more tasks while it goes on."""

    run: str
    tasks: tuple[TaskSpec, ...]


class TuneRun(Request, frozen=True, kw_only=True):
    """Change batch sizes, session counts or priorities while a run goes on."""

    run: str
    batch_sizes: Mapping[str, int] = {}
    sessions: Mapping[str, int] = {}
    priorities: Mapping[str, int] = {}


class Review(Request, frozen=True, kw_only=True):
    """Give a person's verdict on tasks that wait for it; all green ones when `tasks` is empty and it approves."""

    run: str
    tasks: tuple[str, ...] = ()
    verdict: Verdict
    comment: str = ""
    """Becomes part of the next prompt."""


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
    | Forget
    | PlanRollback
    | Rollback
    | Sync
    | Undo
    | StartRun
    | StopRun
    | TidyRun
    | PauseRun
    | ResumeRun
    | RetryTasks
    | AddTasks
    | TuneRun
    | Review
    | ReadQuestion
    | AnswerAgent
    | RaiseLimit
)
