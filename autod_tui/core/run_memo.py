"""Views of runs at rest, remembered: a run that nothing happens to is summed up once, not at every event."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping

from autod_tui.core.plan import AgentProfile
from autod_tui.core.run import RunRecord
from autod_tui.core.run_view import RunView, run_view

_known: dict[int, tuple[weakref.ref[RunRecord], RunView, Mapping[str, AgentProfile]]] = {}
"""By the identity of the record; an entry goes when its record does."""


_NOBODY: Mapping[str, AgentProfile] = {}


def remembered_view(run: RunRecord, now: float, agents: Mapping[str, AgentProfile] = _NOBODY) -> RunView:
    """Return `run_view(run, now, agents)`; for a record seen before, in which no session runs, at no cost."""
    key = id(run)
    found = _known.get(key)
    if found is not None and found[0]() is run and found[2] is agents:
        return found[1]
    view = run_view(run, now, agents)
    if not view.living:  # else it changes with time alone
        _known[key] = (weakref.ref(run, _forgetter(key)), view, agents)
    return view


def _forgetter(key: int) -> Callable[[weakref.ref[RunRecord]], None]:
    def forget(gone: weakref.ref[RunRecord]) -> None:
        # a new record may have taken the place, and the number, of the one that is gone
        if (found := _known.get(key)) is not None and found[0] is gone:
            del _known[key]

    return forget
