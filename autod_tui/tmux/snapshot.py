"""All panes of the server, read in one command, and what changed between two readings."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator

from autod_tui.core.ports import PaneEvent, PaneStatus

# The title comes last: it alone may hold the separator.
LIST_FORMAT = (
    "#{pane_id}|#{window_id}|#{window_index}|#{pane_pid}|#{pane_dead}|#{pane_dead_status}|#{pane_dead_signal}"
    "|#{@autod_session}|#{@autod_workstream}|#{?#{==:#{pane_title},#{host}},,#{pane_title}}"
)


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


def settled(pane: PaneStatus) -> bool:
    """Return False in the moment in which tmux knows that a program died and not yet how."""
    return not pane.dead or pane.exit_status is not None or bool(pane.signal)


def differences(before: dict[str, PaneStatus], now: dict[str, PaneStatus]) -> Iterator[PaneEvent]:
    """Yield `dead` for panes whose program ended and `closed` for panes that are gone."""
    for pane, status in now.items():
        known = before.get(pane)
        if status.dead and (known is None or not known.dead or known.pid != status.pid):
            yield PaneEvent(kind="dead", pane=pane, data=status.signal, exit_status=status.exit_status)
    for pane in before.keys() - now.keys():
        yield PaneEvent(kind="closed", pane=pane)
