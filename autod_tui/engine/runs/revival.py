"""Revival: at start the sessions in the journal are held against the panes and processes that are really there."""

from __future__ import annotations

from autod_tui.core.pane_ports import PaneStatus
from autod_tui.core.run import RunRecord, RunState, SessionRecord, SessionState
from autod_tui.engine.house import House
from autod_tui.engine.runs.endings import Ending, ending_of, holds, noted_ending
from autod_tui.engine.runs.places import full_name
from autod_tui.engine.runs.steward import Steward


class Revival:
    """Makes the journal's sessions and the world agree again."""

    def __init__(self, house: House, steward: Steward) -> None:
        """Settle through `steward`."""
        self._house = house
        self._steward = steward

    async def revive(self) -> list[str]:
        """Keep living sessions, settle ended ones, give the tasks of vanished ones back; one sentence per change."""
        panes = [pane for pane in await self._house.panes.panes() if "/" in pane.workstream]
        by_session = {pane.session: pane for pane in panes}
        findings: list[str] = []
        living: set[str] = set()
        for run in list(self._house.state.runs.values()):
            for session in run.living:
                living.add(session.marker)
                finding = await self._one(run, session, by_session.get(session.marker))
                if finding:
                    findings.append(f"{full_name(run.id, session.id)}: {finding}")
        for pane in panes:
            if pane.session not in living:
                await self._house.panes.kill(pane.pane)
        return findings

    async def _one(self, run: RunRecord, session: SessionRecord, pane: PaneStatus | None) -> str:
        if pane is not None and session.pane != pane.pane:
            self._steward.sessions.adopt(run, session, pane)
        unwanted = run.state is RunState.STOPPED or not any(holds(run, session.id, id) for id in session.tasks)
        if unwanted:  # whoever stopped it was killed before it was done
            stopped = Ending(state=SessionState.STOPPED, reason="stopped", pane_gone=pane is None)
            return await self._settle(run, session, stopped)
        if pane is not None and not pane.dead:
            return ""
        if pane is None:
            if not session.agent:
                await self._house.processes.end_gates(str(self._house.own_worktrees))
            noted = noted_ending(self._house, run.id, session.id)
            ending = noted or Ending(state=SessionState.LOST, reason="it vanished")
        else:
            ending = ending_of(pane)
        return await self._settle(run, session, ending)

    async def _settle(self, run: RunRecord, session: SessionRecord, ending: Ending) -> str:
        settling = self._steward.end(run.id, session.id, ending)
        if settling is not None:
            await settling
        if ending.state is SessionState.STOPPED:
            return "it was to be stopped, and is"
        lost = ending.state is SessionState.LOST
        return "it vanished; its tasks wait again" if lost else f"it ended meanwhile ({ending.reason})"
