"""Desks: the engine as an interface sees it, in the conductor's own process or in any other."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from autod_tui.core.agent_ports import InstalledAgent
from autod_tui.core.board import Board
from autod_tui.core.checkpoint import Conflict
from autod_tui.core.desk import ConflictSides, Update
from autod_tui.core.errors import AutodError, UsageError
from autod_tui.core.events import Recorded
from autod_tui.core.pane_ports import Screen
from autod_tui.core.plan import Plan
from autod_tui.core.ports import Follow, JournalPort, RequestsPort
from autod_tui.core.requests import Answer, AnyRequest
from autod_tui.core.run import RunRecord, SessionState
from autod_tui.core.workstream import WorkstreamRecord
from autod_tui.engine.conductor import Conductor
from autod_tui.engine.declare import new_problems
from autod_tui.engine.house import House, unknown_hint
from autod_tui.engine.report import make_report
from autod_tui.engine.runs.looks import RunLooks

UPDATE_GAP = 0.03
"""Seconds within which several changes become one update."""
CONDUCTOR_PATIENCE = 2 * 3600.0

Attach = Callable[[WorkstreamRecord], str]
"""Returns the shell command that attaches a plain terminal to a workstream's window."""


class BaseDesk(ABC):
    """What both desks share: reading through the ports."""

    conducting: bool

    def __init__(self, house: House, journal: JournalPort, attach_command: Attach, *, inside: bool) -> None:
        """`inside` says that this runs in autod's own tmux server, where attaching is a window switch."""
        self.house = house
        self._journal = journal
        self._attach_command = attach_command
        self._inside = inside
        self._looks = RunLooks(house)
        self._changed = asyncio.Event()
        self._fresh: list[Recorded] = []
        """What nobody was told yet; kept only while somebody reads the updates."""
        self._readers = 0
        self._printed: set[str] = set()
        self._output = asyncio.Event()
        house.stream.listen(self._heard)

    @property
    def plan(self) -> Plan:
        """The plan in force."""
        return self.house.plan

    def board(self) -> Board:
        """Return what is true now."""
        return self.house.stream.board()

    @property
    def runs(self) -> Mapping[str, RunRecord]:
        """All runs by id, oldest first."""
        return self.house.state.runs

    async def updates(self) -> AsyncIterator[Update]:
        """Yield after every change, changes in quick succession as one; the first comes at once."""
        self._readers += 1
        try:
            yield Update(self.board)
            while True:
                await self._changed.wait()
                await asyncio.sleep(UPDATE_GAP)
                self._changed.clear()
                fresh, self._fresh = tuple(self._fresh), []
                yield Update(self.board, fresh)
        finally:
            self._readers -= 1

    def history(self, limit: int = 200) -> list[Recorded]:
        """Return the last `limit` journal entries, oldest first."""
        return self._journal.read(max(0, self.house.state.seq - limit))[-limit:]

    @abstractmethod
    async def ask(self, request: AnyRequest) -> Answer:
        """Have a request carried out and return its answer; never raises AutodError."""

    def reload(self) -> None:
        """Read the configuration again."""
        self.house.stream.replan(self.house.load_plan())

    async def diff(self, workstream: str) -> str:
        """Return the unified diff of a workstream, uncommitted work included."""
        record = self._record(workstream)
        if not record.worktree:
            raise UsageError(f"{workstream!r} has no worktree yet", hint=f"autod up {workstream} makes one")
        return await self.house.git.diff(record.worktree, self.plan.project.target)

    async def conflict_sides(self, checkpoint: str) -> Sequence[ConflictSides]:
        """Return the open conflicts of a merge under way."""
        transaction = self.house.state.checkpoint(checkpoint).transaction
        if transaction is None:
            return ()
        place = Path(self.house.conflict_worktree(checkpoint))
        return [await self._sides(conflict, place) for conflict in transaction.conflicts]

    async def screen(self, workstream: str, *, history: int = 0) -> Screen | None:
        """Return what the workstream's pane shows; None when it has none."""
        record = self._record(workstream)
        if not record.pane:
            return None
        try:
            return await self.house.panes.capture(record.pane, history=history)
        except AutodError:
            return None

    async def outputs(self) -> AsyncIterator[frozenset[str]]:
        """Yield the workstreams whose panes printed something."""
        while True:
            await self._output.wait()
            self._output.clear()
            printed, self._printed = frozenset(self._printed), set()
            yield printed

    async def look_at(self, workstreams: Sequence[str], size: tuple[int, int] | None = None) -> None:
        """Say which panes are on screen, and give their windows a size."""
        records = [self._record(name) for name in workstreams]
        panes = [record for record in records if record.pane]
        await self.house.panes.watch_output([record.pane for record in panes])
        for record in panes if size else ():
            if size and record.window:
                await self.house.panes.resize(record.window, *size)

    async def type(self, workstream: str, data: bytes, key: str = "") -> None:
        """Send typed bytes, or a key by its tmux name, to a workstream's pane."""
        record = self._record(workstream)
        if not record.pane:
            return
        if key:
            await self.house.panes.named_key(record.pane, key)
        else:
            await self.house.panes.keys(record.pane, data)

    async def paste(self, workstream: str, text: str) -> None:
        """Paste text into a workstream's pane without submitting it."""
        record = self._record(workstream)
        if record.pane:
            await self.house.panes.paste(record.pane, text, submit=False)

    async def report(self) -> dict[str, Any]:
        """Return the success metrics of the plan."""
        return await make_report(self.house, self.board())

    async def agents(self) -> Sequence[InstalledAgent]:
        """Return all agents that may be used, and what of them is installed."""
        return await self.house.agents.installed(tuple(self.plan.agents.values()))

    async def attach(self, workstream: str) -> str:
        """Show the pane full-screen, or return the shell command that does."""
        record = self._record(workstream)
        if not record.window:
            raise UsageError(f"{workstream!r} has no pane to attach to", hint=f"autod up {workstream} starts it")
        return await self._show(record)

    async def _show(self, record: WorkstreamRecord) -> str:
        if self._inside:
            await self.house.panes.select(record.window)
            return ""
        return self._attach_command(record)

    def run_plans(self) -> tuple[str, ...]:
        """Return the names of the plans of tasks."""
        return self.house.run_plans()

    async def task_diff(self, run: str, task: str) -> str:
        """Return the unified diff of a task's work."""
        return await self._looks.diff(run, task)

    def session_output(self, run: str, session: str, *, follow: bool = True) -> AsyncIterator[bytes]:
        """Yield a session's log, with `follow` as it grows."""
        return self._looks.output(run, session, follow=follow)

    async def attach_session(self, run: str, session: str) -> str:
        """Show a session's pane full-screen, or return the shell command that does."""
        record = self._looks.session(run, session)
        if not record.window or record.state is not SessionState.RUNNING:
            raise UsageError(
                f"{session!r} has no pane any more", hint=f"autod log {run} {session} shows what it printed"
            )
        return await self._show(WorkstreamRecord(name=session, window=record.window))

    async def branches(self) -> list[str]:
        """Return the repository's local branches, the most recent first."""
        return await self.house.git.recent_branches()

    async def new_problems(self, fields: dict[str, str]) -> dict[str, str]:
        """Check the wizard's fields."""
        return await new_problems(self.house, fields)

    def printed(self, workstream: str) -> None:
        """Note that a workstream's pane printed something."""
        self._printed.add(workstream)
        self._output.set()

    def _record(self, name: str) -> WorkstreamRecord:
        known = [*(spec.name for spec in self.plan.workstreams), *self.house.state.workstreams]
        if name not in known:
            raise UsageError(f"no workstream {name!r}", hint=unknown_hint(name, known, "autod new"))
        return self.house.state.workstream(name)

    def _heard(self, entries: tuple[Recorded, ...]) -> None:
        self._fresh = [*self._fresh, *entries] if self._readers else []
        self._changed.set()

    async def _sides(self, conflict: Conflict, place: Path) -> ConflictSides:
        git = self.house.git
        return ConflictSides(
            path=conflict.path,
            kind=conflict.kind,
            ours=await git.blob_text(conflict.ours),
            theirs=await git.blob_text(conflict.theirs),
            base=await git.blob_text(conflict.base),
            merged=_read(place / conflict.path),
        )


class ConductorDesk(BaseDesk):
    """The desk in the conductor's own process."""

    conducting = True

    def __init__(self, conductor: Conductor, journal: JournalPort, attach_command: Attach, *, inside: bool) -> None:
        """Serve `conductor`."""
        super().__init__(conductor.house, journal, attach_command, inside=inside)
        self.conductor = conductor
        conductor.vigil.listen(self.printed)

    async def ask(self, request: AnyRequest) -> Answer:
        """Carry a request out here."""
        return await self.conductor.handle(request)


class FollowerDesk(BaseDesk):
    """The desk in any other process: it follows the journal and posts requests."""

    conducting = False

    def __init__(
        self,
        house: House,
        journal: JournalPort,
        requests: RequestsPort,
        follow: Follow,
        attach_command: Attach,
    ) -> None:
        """Follow the conductor that holds the lock."""
        super().__init__(house, journal, attach_command, inside=False)
        self._requests = requests
        self._follow = follow
        self._answers = asyncio.Condition()

    async def run(self) -> None:
        """Follow the journal until cancelled."""
        async for _ in self._follow():
            self.house.stream.catch_up()
            async with self._answers:
                self._answers.notify_all()

    async def watch_panes(self) -> None:
        """Tell which panes print, until cancelled."""
        async for event in self.house.panes.events():
            if event.kind in ("output", "joined"):
                for record in self.house.state.workstreams.values():
                    if record.pane and (event.kind == "joined" or record.pane == event.pane):
                        self.printed(record.name)

    async def ask(self, request: AnyRequest) -> Answer:
        """Post a request to the conductor and wait for its answer."""
        id = self._requests.post_request(request)
        try:
            async with asyncio.timeout(CONDUCTOR_PATIENCE), self._answers:
                while (answer := self._requests.take_answer(id)) is None:
                    await self._answers.wait()
        except TimeoutError:
            return Answer(exit_code=1, message="the conductor did not answer", hint="autod status says who it is")
        self.house.stream.catch_up()
        return answer


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
