"""Reconciliation: at start the journal is held against git and tmux, and what was cut short is finished or undone."""

from __future__ import annotations

from pathlib import Path

from autod_tui.core import events as ev
from autod_tui.core.checkpoint import CheckpointRecord
from autod_tui.core.errors import AutodError
from autod_tui.core.pane_ports import PaneStatus
from autod_tui.core.workstream import Source, WorkstreamRecord, WorkstreamState
from autod_tui.engine.checkpoints import merged_event
from autod_tui.engine.house import House
from autod_tui.engine.moves import Move, carry_out, take_back
from autod_tui.engine.vigil import Vigil

_UNRECORDED = "is there without a record; `autod up` adopts it"


class Reconciler:
    """Makes journal and world agree again."""

    def __init__(self, house: House, vigil: Vigil) -> None:
        """Work on `house`; endings go through `vigil`."""
        self._house = house
        self._vigil = vigil

    async def reconcile(self) -> tuple[str, ...]:
        """Mend, adopt and settle; return what was found changed, one sentence each."""
        findings = [*await self._house.git.repair(), *await self._moves(), *await self._transactions()]
        findings += await self._worktrees()
        findings += await self._panes()
        if findings:
            self._house.stream.emit(ev.Reconciled(findings=tuple(findings)))
        return tuple(findings)

    async def _moves(self) -> list[str]:
        """Finish ref moves that were announced and cut short; nothing moved at all counts as undone."""
        moving = self._house.state.moving
        if moving is None:
            return []
        refs = await self._house.git.refs("refs/heads/", "refs/tags/")
        moves = [Move(*triple) for triple in moving.moves]
        done = [move for move in moves if refs.get(move.ref, "") == move.new]
        if not done:
            return self._call_off(moving, "it was interrupted before anything moved")
        left = [move for move in moves if move not in done]
        strange = [move.ref for move in left if refs.get(move.ref, "") != move.old]
        if strange:
            return self._call_off(moving, f"it was interrupted, and {', '.join(strange)} moved meanwhile")
        try:
            await carry_out(self._house, left)
        except AutodError as error:
            return await self._undo(moving, done, error)
        self._conclude(moving)
        return [f"checkpoint {moving.checkpoint}: an interrupted move of refs was finished"]

    async def _undo(self, moving: ev.RefsMoving, done: list[Move], error: AutodError) -> list[str]:
        reason = f"it was interrupted and can't be finished: {error.message}"
        try:
            await take_back(self._house, done)
        except AutodError as again:
            return self._call_off(moving, f"{reason}; nor can it be undone: {again.message}")
        return self._call_off(moving, f"{reason}; what had moved is back")

    def _call_off(self, moving: ev.RefsMoving, reason: str) -> list[str]:
        self._house.stream.emit(ev.CheckpointBlocked(checkpoint=moving.checkpoint, reason=reason))
        return [f"checkpoint {moving.checkpoint}: {reason}"]

    def _conclude(self, moving: ev.RefsMoving) -> None:
        record = self._house.state.checkpoint(moving.checkpoint)
        transaction = record.transaction
        if transaction is not None and transaction.id == moving.id:
            self._house.stream.emit(merged_event(transaction.plan, transaction.result))
            return
        into = next((move for move in moving.moves if move[0] == f"refs/heads/{record.merged_into}"), None)
        if into is None:
            self._call_off(moving, "it was interrupted, and its branch is not the one that was merged")
            return
        exact = into[2] == record.before_oid
        self._house.stream.emit(
            ev.CheckpointRolledBack(
                checkpoint=moving.checkpoint,
                into=record.merged_into,
                oid=into[2],
                exact=exact,
                revert_oid="" if exact else into[2],
            )
        )

    async def _transactions(self) -> list[str]:
        """A merge that waits for a person goes on waiting; one that was cut short moved nothing and is over."""
        findings: list[str] = []
        for record in list(self._house.state.checkpoints.values()):
            if record.transaction is not None and not _waits(record):
                reason = "it was interrupted; nothing moved"
                self._house.stream.emit(ev.CheckpointBlocked(checkpoint=record.name, reason=reason))
                findings.append(f"checkpoint {record.name}: {reason}")
        if findings:
            await self._house.processes.end_gates(str(self._house.own_worktrees))
        return findings

    async def _worktrees(self) -> list[str]:
        findings: list[str] = []
        entries = {entry.path: entry for entry in await self._house.git.worktrees()}
        for record in list(self._house.state.workstreams.values()):
            if not record.worktree or Path(record.worktree).is_dir():
                continue
            findings.append(f"{record.name}: its worktree {record.worktree} is gone")
            if record.worktree in entries:
                await self._house.git.remove_worktree(record.worktree)
            self._house.stream.emit(ev.WorktreeRemoved(name=record.name, backup=""))
        for spec in self._house.plan.workstreams:
            entry = entries.get(spec.worktree)
            known = self._house.state.workstream(spec.name).worktree
            if entry is not None and not known and entry.branch == spec.branch and Path(spec.worktree).is_dir():
                wish = "is half made; `autod up` finishes it" if entry.unfinished else _UNRECORDED
                findings.append(f"{spec.name}: its worktree {wish}")
        return findings

    async def _panes(self) -> list[str]:
        panes = {pane.workstream: pane for pane in await self._house.panes.panes() if pane.workstream}
        findings: list[str] = []
        for name in dict.fromkeys([*self._house.state.workstreams, *panes]):
            finding = self._pane(self._house.state.workstream(name), panes.get(name))
            if finding:
                findings.append(f"{name}: {finding}")
        return findings

    def _pane(self, record: WorkstreamRecord, pane: PaneStatus | None) -> str:
        if pane is None:
            before = record.state
            pids = self._house.processes.of_session(record.session) if record.session and record.pane else []
            outlived = f"; its process {', '.join(map(str, pids))} still runs" if pids else ""
            self._vigil.lose(record, f"its pane is gone{outlived}")
            changed = self._house.state.workstream(record.name).state is not before
            return f"its pane is gone{outlived}" if changed else ""
        if record.session != pane.session or record.pane != pane.pane:
            if self._house.plan.workstream(record.name) is None and not record.worktree:
                return ""
            self._adopt(record, pane)
            record = self._house.state.workstream(record.name)
            if not pane.dead:
                return "its agent was started without a word in the journal; adopted"
        if pane.dead:
            before = record.state
            self._vigil.settle(record, pane)
            after = self._house.state.workstream(record.name)
            return f"its agent ended meanwhile ({after.reason})" if after.state is not before else ""
        if record.state in (WorkstreamState.STARTING, WorkstreamState.LOST, WorkstreamState.PLANNED):
            self._change(record, "")
        return ""

    def _adopt(self, record: WorkstreamRecord, pane: PaneStatus) -> None:
        spec = self._house.plan.workstream(record.name)
        started = ev.AgentStarted(
            name=record.name,
            session=pane.session,
            agent=spec.agent if spec else record.agent,
            model=spec.model if spec else record.model,
            window=pane.window,
            pane=pane.pane,
            pid=pane.pid,
            adopted=True,
        )
        self._house.stream.emit(started)
        if not pane.dead:
            self._change(self._house.state.workstream(record.name), "")

    def _change(self, record: WorkstreamRecord, reason: str) -> None:
        working = ev.StateChanged(name=record.name, state=WorkstreamState.WORKING, reason=reason, source=Source.PROCESS)
        self._house.stream.emit(working)


def _waits(record: CheckpointRecord) -> bool:
    transaction = record.transaction
    return transaction is not None and bool(transaction.conflicts) and not transaction.rehearsal
