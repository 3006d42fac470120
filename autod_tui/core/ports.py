"""Ports: what the engine asks of git, tmux, the file system and the journal, without knowing how they do it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from autod_tui.core.checkpoint import Conflict, GateSpec
from autod_tui.core.events import Event, Recorded
from autod_tui.core.requests import Answer, AnyRequest
from autod_tui.core.workstream import Changes, Overlap


class WorktreeEntry(Struct, frozen=True, kw_only=True):
    """One line of `git worktree list`."""

    path: str
    head: str = ""
    branch: str = ""
    """Short branch name; empty when detached."""
    bare: bool = False
    locked: bool = False
    prunable: bool = False
    unfinished: bool = False
    """True while its files are being laid out, or when that was cut short."""


class MergedTree(Struct, frozen=True, kw_only=True):
    """The outcome of merging two commits without a work tree."""

    tree: str
    """Object id; with conflicts it holds files with conflict markers."""
    conflicts: tuple[Conflict, ...] = ()


class Removal(Struct, frozen=True, kw_only=True):
    """What removing a worktree would lose, looked at just now."""

    worktree: str
    uncommitted: tuple[str, ...] = ()
    unmerged_commits: int = 0
    """Commits of the branch whose content is not in the target."""
    ignored: tuple[str, ...] = ()
    """Ignored files that no backup would hold (too large), caches and copied files left out."""

    @property
    def safe(self) -> bool:
        """True when everything is committed, in the target, or can be made again."""
        return not (self.uncommitted or self.unmerged_commits or self.ignored)


class Backup(Struct, frozen=True, kw_only=True):
    """One ref under refs/autod/backup/."""

    ref: str
    oid: str
    at: float
    what: str
    restores: str


class MergeBench(Protocol):
    """Merges commits without a work tree; one short-lived helper process serves many merges.

    Objects land in the repository, or, for forecasts, in a scratch directory that vanishes on exit.
    """

    async def merge(self, ours: str, theirs: str) -> MergedTree:
        """Merge two commits; root STARTUP.md and progress.md stay as in `ours` and never conflict."""
        ...

    async def commit(self, tree: str, parents: Sequence[str], message: str) -> str:
        """Write a commit by autod's committer identity (the user's name, now) and return its object id."""
        ...

    async def resolve(self, tree: str, choices: Mapping[str, tuple[str, str]]) -> str:
        """Return `tree` with each path set to (mode, blob object id), or removed when the id is empty."""
        ...

    async def tree_of(self, commit: str) -> str:
        """Return the tree object id of `commit`."""
        ...


class GitPort(Protocol):
    """The repository: needs no work tree, never runs hooks, drivers or monitors that the repository configures."""

    root: Path
    common_dir: Path

    async def resolve(self, ref: str) -> str | None:
        """Return the commit that `ref` names, or None."""
        ...

    async def refs(self, *patterns: str) -> dict[str, str]:
        """Return full ref name to object id (tags peeled) for all refs that match, in one call."""
        ...

    async def recent_branches(self) -> list[str]:
        """Return the local branches, the one with the newest commit first."""
        ...

    async def worktrees(self) -> list[WorktreeEntry]:
        """Return all worktrees, the main one first."""
        ...

    async def add_worktree(self, path: str, branch: str, base: str, *, detach: bool = False) -> bool:
        """Add a worktree for `branch`, made at `base` when missing; clean up fully on failure.

        Returns True when the branch was made. Raises RefusedError when the path is taken or the branch is
        checked out elsewhere, naming where.
        """
        ...

    async def finish_worktree(self, path: str) -> bool:
        """Lay out what a worktree that was cut short in the making still lacks; False when it is whole.

        Nothing that stands there is overwritten, but files that git itself had half written.
        """
        ...

    async def remove_worktree(self, path: str) -> None:
        """Remove a worktree, its ignored files included; the branch stays."""
        ...

    async def repair(self) -> list[str]:
        """Mend what a killed git of ours left (half-made worktrees, stale locks); one sentence per mend."""
        ...

    async def exclude(self, *patterns: str) -> None:
        """Make sure that the repository's info/exclude holds `patterns`."""
        ...

    async def changes(self, worktree: str, target: str) -> Changes:
        """Measure a worktree against `target` (one status call plus cached ahead/behind and numstat)."""
        ...

    async def uncommitted(self, worktree: str) -> tuple[str, ...]:
        """Return the paths with staged, unstaged or untracked changes, STARTUP.md and progress.md left out."""
        ...

    async def commit_all(self, worktree: str, message: str) -> str | None:
        """Commit everything uncommitted but STARTUP.md and progress.md; None when there is nothing."""
        ...

    async def snapshot(self, worktree: str, *, ignored: bool = False) -> str:
        """Write the worktree's present files as a commit on top of its HEAD (shadow index); return its id."""
        ...

    async def restore_files(self, worktree: str, snapshot: str) -> None:
        """Write the files of a snapshot back as uncommitted work; the index and the branch stay as they are."""
        ...

    async def blob_text(self, oid: str) -> str | None:
        """Return a blob as text; None for an empty id or binary content."""
        ...

    async def hide(self, worktree: str, name: str) -> None:
        """Keep a file at the worktree's root out of `git status` there even where the branch tracks it."""
        ...

    async def removal(self, worktree: str, branch: str, targets: Sequence[str], copied: Sequence[str]) -> Removal:
        """Look at what removing a worktree would lose against the refs in `targets`."""
        ...

    async def diff(self, worktree: str, target: str) -> str:
        """Return the unified diff of a worktree (uncommitted and untracked included) from its merge base."""
        ...

    async def diff_of(self, head: str, into: str, base: str = "") -> str:
        """Return the unified diff from `base` to `head`; without one, from where `head` left `into`."""
        ...

    def bench(self, *, scratch: bool, at_once: bool = True) -> AbstractBench:
        """Open a merge bench as an async context manager.

        What it writes is safe on the disk object by object, or, without `at_once`, when the bench is left.
        """
        ...

    async def contains(self, ancestor: str, descendant: str) -> bool:
        """True when `ancestor` is an ancestor of, or equal to, `descendant`."""
        ...

    async def missing(self, commits: Sequence[str], descendant: str) -> frozenset[str]:
        """Return those of `commits` that are not ancestors of, or equal to, `descendant`, in one call."""
        ...

    async def count(self, include: str, exclude: str) -> int:
        """Count commits reachable from `include` and not from `exclude`."""
        ...

    async def first_parent_messages(self, include: str, exclude: str) -> list[str]:
        """Return the messages of the commits on the first-parent line from `include` back to `exclude`."""
        ...

    async def changed_paths(self, old: str, new: str) -> frozenset[str]:
        """Return the paths that differ between two commits or trees."""
        ...

    async def move_refs(self, moves: Sequence[tuple[str, str, str]]) -> None:
        """Move (full ref, old, new) all or none by compare-and-swap; empty old: create, empty new: delete.

        Raises RefusedError naming the ref that was not at `old`.
        """
        ...

    async def follow(self, worktree: str, old: str, new: str) -> None:
        """Move the branch checked out in `worktree` from `old` to `new`, taking its files along.

        Forward by fast-forward, back keeping uncommitted work, staged or not; refuses (RefusedError) when work
        or ignored files stand in the way.
        """
        ...

    async def follow_problem(self, worktree: str, old: str, new: str) -> str | None:
        """Say why `follow` would refuse, changing nothing; None when it would not."""
        ...

    async def backup(self, label: str, oid: str, what: str, restores: str) -> Backup:
        """Keep `oid` under refs/autod/backup/ with its story."""
        ...

    async def backups(self) -> list[Backup]:
        """Return all backups, newest first."""
        ...

    async def checkout_at(self, worktree: str, commit: str) -> None:
        """Lay `commit` out in a worktree of autod's own (made when missing): reset and clean, ignored files stay."""
        ...

    async def take_slot(self, worktree: str, branch: str, start: str) -> None:
        """Put a worktree of autod's own (made when missing) on `branch`, set to `start`; ignored files stay.

        Whatever is not committed there is overwritten: `close_slot` comes first.
        """
        ...

    async def close_slot(self, worktree: str, branch: str, message: str) -> str:
        """Commit what is uncommitted in a slot (STARTUP.md and progress.md stay out) and return its last commit."""
        ...

    async def sizes(self, commit: str, paths: Sequence[str]) -> dict[str, int]:
        """Return the bytes of those of `paths` that `commit` holds; a directory counts all its files."""
        ...

    async def lay_out_conflict(self, worktree: str, ours: str, theirs: str, merged: MergedTree) -> tuple[str, ...]:
        """Lay a conflict out in a worktree of autod's own as git would (markers, index stages, rerere on).

        Returns the paths still open after rerere replayed what it remembers.
        """
        ...

    async def keep_conflict(self, worktree: str, ours: str, theirs: str, merged: MergedTree) -> tuple[str, ...]:
        """Lay a conflict out as `lay_out_conflict` does, unless exactly this one lies there already.

        What a person or an agent edited in it stays. Returns the paths still open.
        """
        ...

    async def resolved_blobs(self, worktree: str, paths: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Stage `paths` as they are in the conflict worktree, and let rerere learn from them.

        Returns path to (mode, blob id), the id empty where the file is gone. Raises RefusedError where markers
        are left.
        """
        ...

    async def remember(self, conflict: Conflict, mode: str, blob: str) -> None:
        """Keep a resolution by the conflict's key under refs/autod/resolved/."""
        ...

    async def remembered(self, conflicts: Sequence[Conflict]) -> dict[str, tuple[str, str]]:
        """Return path to (mode, blob id) for the conflicts that were resolved before."""
        ...

    async def forget(
        self, worktree: str, ours: str, theirs: str, merged: MergedTree, conflicts: Sequence[Conflict]
    ) -> None:
        """Forget how `conflicts` of merging `theirs` into `ours` were resolved; rerere forgets in `worktree`."""
        ...

    async def last_change(self, commit: str, path: str) -> int:
        """Return the commit time (Unix seconds) of the last change of `path` in `commit`'s history; 0 if none."""
        ...


class AbstractBench(Protocol):
    """A merge bench not yet opened."""

    async def __aenter__(self) -> MergeBench:
        """Start the helper process."""
        ...

    async def __aexit__(self, *exc: object) -> None:
        """End the helper process; drop the scratch directory if there is one."""
        ...


class ForecastLane(Struct, frozen=True, kw_only=True):
    """One workstream as the forecast sees it."""

    name: str
    commit: str
    """Branch head, or the snapshot of its uncommitted work on top of it."""


class Forecast(Struct, frozen=True, kw_only=True):
    """All conflicts that merging would meet."""

    pairs: dict[tuple[str, str], tuple[str, ...]]
    """(lane, lane or target) to the conflicting files; clean pairs are left out."""
    chains: dict[str, tuple[tuple[str, tuple[str, ...]], ...]]
    """Checkpoint to (lane, files) for each step that conflicts in the planned order."""
    best_orders: dict[str, tuple[tuple[str, ...], int]]
    """Checkpoint to (order, conflicted files) where another order conflicts less."""


class ForecastPort(Protocol):
    """Forecasts conflicts without touching refs, indexes or the object store."""

    async def forecast(
        self,
        target: tuple[str, str],
        lanes: Sequence[ForecastLane],
        chains: Mapping[str, tuple[str, tuple[str, ...]]],
    ) -> Forecast:
        """Replay each checkpoint {name: (start commit, lanes in order)} and merge all pairs.

        Lanes against `target` (name, commit) are pairs too; results are cached by object ids.
        """
        ...


class PaneStatus(Struct, frozen=True, kw_only=True):
    """One pane of autod's tmux server."""

    pane: str
    window: str
    workstream: str
    """Value of the pane's window option @autod_workstream; empty for panes that are not a workstream's."""
    session: str
    """Value of @autod_session: the agent session that was started in it."""
    pid: int
    dead: bool = False
    exit_status: int | None = None
    signal: str = ""
    title: str = ""


class PaneEvent(Struct, frozen=True, kw_only=True):
    """Something that tmux told by itself."""

    kind: str
    """`output`, `dead`, `closed`, `title`, `bell`, `osc`, `window` (current window changed), `lost` (server gone),
    `deaf` (it flooded, so signals of the last moments may have been missed), `joined` (the server is heard from now on:
    what was printed before is told by nobody)."""
    pane: str = ""
    data: str = ""
    """For `osc`: `NUMBER;text` of OSC 9, 99, 777 and 7501; for `title` the title; for `window` the window id."""
    exit_status: int | None = None


class Launch(Struct, frozen=True, kw_only=True):
    """A program to be started as a pane's command."""

    workstream: str
    session: str
    title: str
    argv: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]
    stdin_file: str = ""
    """File the program reads on standard input; empty leaves the terminal there."""
    setup: str = ""
    """Shell command that runs visibly in the pane first; the agent starts only when it succeeds."""
    setup_mark: str = ""
    """File that is made when `setup` has succeeded; empty for none."""
    log: str = ""
    """File that gets all that is printed in the pane; `LOG.end` appears once everything is in it. Empty for none."""


class Screen(Struct, frozen=True, kw_only=True):
    """What a pane shows."""

    lines: tuple[str, ...]
    """One string per row with SGR sequences, no other control characters."""
    cursor: tuple[int, int] | None = None
    """(column, row) from 0; None when hidden."""
    size: tuple[int, int] = (80, 24)
    """(columns, rows) of the pane."""


class PanesPort(Protocol):
    """The tmux server that holds the agents."""

    async def start(self, launch: Launch) -> PaneStatus:
        """Start a program in a window of its own and return its pane; raises AutodError when tmux refuses."""
        ...

    async def panes(self) -> list[PaneStatus]:
        """Return all panes; an empty list when no server runs."""
        ...

    def events(self) -> AsyncIterator[PaneEvent]:
        """Yield what tmux tells, until closed; the server is waited for and joined again when it returns."""
        ...

    async def paste(self, pane: str, text: str, *, submit: bool) -> None:
        """Paste text of any length (control characters stripped), then press Enter when `submit`."""
        ...

    async def keys(self, pane: str, data: bytes) -> None:
        """Send bytes as typed."""
        ...

    async def named_key(self, pane: str, name: str) -> None:
        """Send a key by its tmux name, such as `Up`; tmux translates it for the program's mode."""
        ...

    async def capture(self, pane: str, *, history: int = 0) -> Screen:
        """Read a pane's screen, preceded by up to `history` rows of scrollback."""
        ...

    async def resize(self, window: str, columns: int, rows: int) -> None:
        """Give a window that nobody is attached to a size of its own."""
        ...

    async def watch_output(self, panes: Sequence[str]) -> None:
        """Say whose output events matter now (all others may be switched off at the source)."""
        ...

    async def select(self, window: str) -> None:
        """Show a window full-screen on the attached terminals, sized to them."""
        ...

    async def close_window(self, window: str) -> None:
        """Close a window whose program has ended; one that is gone is no error."""
        ...

    async def kill(self, pane: str) -> None:
        """End a pane's whole process tree (SIGHUP, then SIGKILL for what is left) and close its window."""
        ...


class JournalPort(Protocol):
    """The events, and requests of other processes; every call is one short SQLite transaction."""

    def append(self, events: Sequence[Event]) -> list[Recorded]:
        """Write events (all or none) and return them with seq and time."""
        ...

    def read(self, after: int = 0) -> list[Recorded]:
        """Return all events with a seq above `after`, oldest first."""
        ...


class RequestsPort(Protocol):
    """Requests that one process posts to the conductor in another."""

    def post_request(self, request: AnyRequest) -> int:
        """Write a request and return its number."""
        ...

    def take_answer(self, id: int) -> Answer | None:
        """Return the answer to a request, None while there is none."""
        ...

    def pending_requests(self) -> list[tuple[int, AnyRequest]]:
        """Claim and return the requests that nobody has claimed, oldest first."""
        ...

    def answer(self, number: int, answer: Answer) -> None:
        """Leave the answer to a claimed request."""
        ...

    def forsake(self, answer: Answer) -> None:
        """Give `answer` to all requests that were claimed by a conductor that is gone."""
        ...


class Follow(Protocol):
    """Wakes a reader of the journal."""

    def __call__(self) -> AsyncIterator[None]:
        """Yield once at the start and after every write of any process: events, requests or answers."""
        ...


class ProcessesPort(Protocol):
    """Processes of agents that no pane holds any more."""

    def of_session(self, session: str, *, after: int = 0, apart: Sequence[int] | None = None) -> list[int]:
        """Return the living processes that carry an agent session's marker in their environment.

        `after`: look only at those started after this process, which must have been started moments ago. `apart`: the
        processes of other sessions' panes; what belongs to those is not looked at.
        """
        ...

    def of_worktree(self, worktree: str) -> list[int]:
        """Return the living processes of agents that were ever started for a workstream's worktree, in any session."""
        ...

    async def end_worktree(self, worktree: str) -> None:
        """End all of these, their descendants included."""
        ...

    async def end_session(self, session: str) -> None:
        """End all of them, their descendants included."""
        ...

    async def end_gates(self, house: str) -> None:
        """End what is left of gates that a killed conductor was running; `house` is their AUTOD_GATES."""
        ...


class GateOutcome(Struct, frozen=True, kw_only=True):
    """How a gate's command ended."""

    exit_status: int | None
    """None when it ran out of time or was killed."""
    seconds: float
    timed_out: bool = False


class GateRunnerPort(Protocol):
    """Runs gate commands."""

    async def run(self, gate: GateSpec, cwd: str, log: Path, env: Mapping[str, str]) -> GateOutcome:
        """Run the command by `sh -c` in `cwd`, its output going to `log` as it comes.

        Its whole process tree is ended on time-out or cancellation.
        """
        ...


class FilesPort(Protocol):
    """Tells which worktrees changed."""

    def changes(self) -> AsyncIterator[frozenset[str]]:
        """Yield sets of keys (as given to `watch`) whose files changed, debounced."""
        ...

    async def watch(self, paths: Mapping[str, str]) -> None:
        """Set what is watched: key to absolute path; `refs` keys watch git's own files."""
        ...


Clock = Callable[[], float]
"""Returns Unix time in seconds."""

Sink = Callable[[Event], Awaitable[None]]
"""Takes an event on its way to the journal."""

Overlaps = Mapping[str, tuple[Overlap, ...]]
"""Workstream name to its forecast overlaps."""
