"""What autod tells the agents, in their panes."""

from __future__ import annotations

from collections.abc import Sequence

from autod_tui.core import events as ev
from autod_tui.core.checkpoint import GateResult
from autod_tui.core.errors import AutodError
from autod_tui.core.workstream import ALIVE_STATES, WorkstreamState
from autod_tui.engine.house import House

REACHABLE = ALIVE_STATES | {WorkstreamState.DONE}


class Notices:
    """Pastes texts into the panes of living agents."""

    def __init__(self, house: House) -> None:
        """Use `house` for panes and events."""
        self._house = house

    async def tell(self, name: str, text: str, *, by: str) -> bool:
        """Paste and submit `text`; False when no living agent is there to read it."""
        record = self._house.state.workstream(name)
        if not record.reachable:
            return False
        try:
            await self._house.panes.paste(record.pane, text, submit=True)
        except AutodError as error:
            self._house.stream.emit(ev.Noted(level="warning", text=f"not told: {error.message}", name=name))
            return False
        self._house.stream.emit(ev.MessageSent(name=name, text=text, by=by))
        return True

    async def gate_failed(self, checkpoint: str, red: GateResult, names: Sequence[str], explanation: str = "") -> None:
        """Tell the guilty which gate is red, what was measured and where the log is."""
        text = f"The gate '{red.name}' of checkpoint '{checkpoint}' failed: {red.reason}."
        if red.measured is not None:
            text += f" Measured {red.measured:g}, needed {red.threshold}."
        if explanation:
            text += f" {explanation}."
        text += f" Log: {red.log} - please fix it, commit, and say when you are done."
        for name in names:
            await self.tell(name, text, by="autod")
