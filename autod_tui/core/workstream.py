"""A workstream: one lane of work with a branch, a worktree, a pane and an agent."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from autod_tui.core.usage import Usage, total_usage

UNMERGED_FILES = frozenset({"STARTUP.md", "progress.md"})
"""Files at a worktree's root that steer or report the work and never take part in a merge."""


class WorkstreamState(StrEnum):
    """What a workstream's agent is doing."""

    PLANNED = "planned"
    STARTING = "starting"
    WORKING = "working"
    WAITING = "waiting"
    IDLE = "idle"
    RATE_LIMITED = "rate-limited"
    DONE = "done"
    FAILED = "failed"
    EXITED = "exited"
    STOPPED = "stopped"
    LOST = "lost"


ALIVE_STATES = frozenset(
    {
        WorkstreamState.STARTING,
        WorkstreamState.WORKING,
        WorkstreamState.WAITING,
        WorkstreamState.IDLE,
        WorkstreamState.RATE_LIMITED,
    }
)
"""States in which the agent's process is known to run (DONE may be either)."""


EXIT_STATUS = "exit status"
"""How the reason of an agent begins whose process has ended by itself."""


class Source(StrEnum):
    """Where a reading of the agent's state came from, most trusted first."""

    HOOK = "hook"
    TERMINAL = "terminal"
    STATUS_FILE = "status file"
    RECORDS = "records"
    TITLE = "title"
    PROCESS = "process"
    OUTPUT = "output"
    SCREEN = "screen"
    CONDUCTOR = "autod"


class Reading(Struct, frozen=True):
    """One observation of an agent; it is not yet a state."""

    state: WorkstreamState | None
    """None: no state, only a call for attention."""
    reason: str
    """The kind of wait (`permission`, `question`), the agent's own words, or the matching line of the screen."""
    source: Source
    until: float = 0.0
    """Unix time at which a rate limit is expected to end; 0 when unknown or none. Of WORKING: at which the agent, which
    has met other trouble, tries again."""
    vague: bool = False
    """Of IDLE: says only that it is not working, it may as well wait, be done or have failed. Of WORKING: seen on a
    screen alone. Of RATE_LIMITED: it tries again by itself."""


class WorkstreamSpec(Struct, frozen=True, kw_only=True):
    """What the files say about one workstream."""

    name: str
    title: str
    branch: str
    """Full branch name, such as `workstream/testing`."""
    worktree: str
    """Absolute path."""
    agent: str
    """Name of an agent profile."""
    model: str = ""
    """Model name or alias; empty leaves the choice to the agent."""
    base: str = ""
    """Ref a new branch starts from; empty means the last checkpoint in `after`, else the target."""
    after: tuple[str, ...] = ()
    """Checkpoints that must be merged before this workstream starts."""
    after_soft: tuple[str, ...] = ()
    """Checkpoints that should be merged first; only a warning when they are not."""
    checkpoint: str = ""
    """Checkpoint whose merge order it joins at the end, without being named in autod.toml."""
    permission: str = ""
    """Permission mode (`ask`, `edits`, `all`); empty takes the profile's."""
    max_cost_usd: float | None = None
    """US dollars after which it gets no new session before a person allows more; None for no limit."""
    max_tokens: int | None = None
    startup: str = ""
    """Absolute path of the prompt file `workstreams/NAME/STARTUP.md`; empty when there is none."""


class Changes(Struct, frozen=True, kw_only=True):
    """A worktree against the target: counts only, STARTUP.md and progress.md left out."""

    ahead: int = 0
    behind: int = 0
    files: int = 0
    """Files that differ from the merge base with the target, uncommitted ones included."""
    insertions: int = 0
    deletions: int = 0
    uncommitted: int = 0
    """Paths with staged, unstaged or untracked changes."""


class Progress(Struct, frozen=True, kw_only=True):
    """What an agent reports in its progress.md; each field is None when it says nothing."""

    status: str | None = None
    percent: float | None = None
    eta: str | None = None
    blockers: tuple[str, ...] = ()


class Overlap(Struct, frozen=True, kw_only=True):
    """A forecast conflict of one workstream with another one or with the target."""

    other: str
    """Workstream name, or the target's name."""
    files: tuple[str, ...]


class Guest(Struct, frozen=True):
    """An agent that somebody started by hand, outside autod's panes, in a workstream's worktree."""

    agent: str
    """Name of its program."""
    pid: int


class Ending(Struct, frozen=True):
    """An end of work: when it was, and for how many seconds agents had lived for it by then."""

    at: float
    seconds: float


class WorkstreamRecord(Struct, frozen=True, kw_only=True):
    """What has happened to one workstream so far (a projection of the journal)."""

    name: str
    state: WorkstreamState = WorkstreamState.PLANNED
    reason: str = ""
    source: Source = Source.CONDUCTOR
    since: float = 0.0
    """Unix time of the last change of `state` or `reason`."""
    wanted: bool = False
    """Asked for by `up` and not by `down`: starts by itself once its checkpoints are merged."""
    due: bool = False
    """Asked for again after its agent was over, when none could start: starts by itself as soon as one may."""
    fresh: bool = False
    """What is due begins a new conversation."""
    worktree: str = ""
    branch: str = ""
    base_oid: str = ""
    port: int = 0
    """First port of the worktree's own block; 0 when none was given."""
    session: str = ""
    """UUID of the agent's present session."""
    agent: str = ""
    model: str = ""
    window: str = ""
    """tmux window id, such as `@3`."""
    pane: str = ""
    """tmux pane id, such as `%3`."""
    pid: int = 0
    started_at: float = 0.0
    head: str = ""
    """Object id of the branch as last seen."""
    changes: Changes = Changes()
    progress: Progress | None = None
    progress_at: float = 0.0
    """Unix time at which `progress` last changed."""
    overlaps: tuple[Overlap, ...] = ()
    until: float = 0.0
    """Unix time at which its rate limit is expected to end; 0 when unknown or none."""
    conversation: str = ""
    """The agent's own id of its present conversation, for a resume after a crash; empty when unknown."""
    conversation_agent: str = ""
    """Profile that `conversation` belongs to."""
    resumed: bool = False
    """True when its present session goes on with a conversation of an earlier one."""
    spent: Mapping[str, Usage] = {}
    """Conversation to what it has used so far."""
    counted_from: Mapping[str, float] = {}
    """Conversation to the start of the first agent here that had it: what it used before is not ours."""
    active_seconds: float = 0.0
    """Time with a living agent, finished sessions only."""
    done: Ending | None = None
    """When it last said that it was done; None once it works again."""
    handed_in: Ending | None = None
    """The work that a checkpoint last merged: when it was done, or merged undone."""
    guests: tuple[Guest, ...] = ()
    """Agents by hand that live in its worktree, as last looked at."""

    @property
    def to_start(self) -> bool:
        """True while an agent shall start as soon as it may."""
        return self.wanted and (self.state is WorkstreamState.PLANNED or self.due)

    @property
    def reachable(self) -> bool:
        """True while its pane holds an agent that can be spoken to, as far as is known."""
        rests = self.state in (WorkstreamState.DONE, WorkstreamState.FAILED)
        return bool(self.pane) and (self.state in ALIVE_STATES or (rests and self.source is not Source.PROCESS))

    def ending(self, at: float) -> Ending:
        """Return what it would mean if the work ended at `at` (Unix time)."""
        return Ending(at, self.active_seconds + (at - self.started_at if self.started_at else 0.0))

    @property
    def by_hand(self) -> str:
        """Its guests in words such as `claude (process 1234)`; empty when there are none."""
        return ", ".join(f"{guest.agent} (process {guest.pid})" for guest in self.guests)

    @property
    def usage(self) -> Usage:
        """What all its conversations have used."""
        return total_usage(self.spent.values())
