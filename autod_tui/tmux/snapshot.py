"""All panes of the server, read in one command, and what changed between two readings."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterable, Iterator

from autod_tui.core.pane_ports import PaneEvent, PaneStatus
from autod_tui.tmux.control import ControlClient
from autod_tui.tmux.server import HUB

NUDGES = 5
"""How often the server is asked again for the status of a program that just died."""

# The title comes last: it alone may hold the separator.
LIST_FORMAT = (
    "#{pane_id}|#{window_id}|#{pid}|#{pane_pid}|#{pane_dead}|#{pane_dead_status}|#{pane_dead_signal}"
    "|#{@autod_session}|#{@autod_workstream}|#{?#{==:#{pane_title},#{host}},,#{pane_title}}"
)


_LIST_PANES = ("list-panes", "-s", "-t", f"={HUB}", "-F", LIST_FORMAT)


async def read_panes(client: ControlClient) -> list[PaneStatus]:
    """Read all panes; a death comes with its status.

    tmux 3.3a now and then misses the SIGCHLD of a short-lived program (1 of 10 with a bare `exit 7`): the pane is dead
    and its status unknown until the next child ends. So the server is told once more to look after its children.
    """
    for _ in range(NUDGES):
        lines = (await client.run(_LIST_PANES))[0]
        panes = parse_panes(lines)
        if all(map(_settled, panes)):
            break
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(lines[0].split(b"|")[2]), signal.SIGCHLD)
        await asyncio.sleep(0.01)
    return panes


def parse_panes(lines: Iterable[bytes]) -> list[PaneStatus]:
    """Return the panes of a LIST_FORMAT reply."""
    return [_pane(line.decode("utf-8", "replace").split("|", 9)) for line in lines]


def _pane(fields: list[str]) -> PaneStatus:
    pane, window, _, pid, dead, status, number, session, workstream, title = fields
    return PaneStatus(
        pane=pane,
        window=window,
        workstream=workstream,
        session=session,
        pid=int(pid or 0),
        dead=dead == "1",
        exit_status=int(status) if dead == "1" and status else None,
        signal=_signal_name(number),
        title=title,
    )


def _signal_name(said: str) -> str:
    if not said.isdigit():
        return said
    number = int(said)
    return signal.Signals(number).name if number in {known.value for known in signal.Signals} else said


def _settled(pane: PaneStatus) -> bool:
    """Return False in the moment in which tmux knows that a program died and not yet how."""
    return not pane.dead or pane.exit_status is not None or bool(pane.signal)


def differences(before: dict[str, PaneStatus], now: dict[str, PaneStatus]) -> Iterator[PaneEvent]:
    """Yield `dead` for agents' panes whose program ended and `closed` for those that are gone."""
    for pane, status in now.items():
        known = before.get(pane)
        if status.session and status.dead and (known is None or not known.dead or known.pid != status.pid):
            yield PaneEvent(kind="dead", pane=pane, data=status.signal, exit_status=status.exit_status)
    for pane, status in before.items():
        if status.session and pane not in now:
            yield PaneEvent(kind="closed", pane=pane)
