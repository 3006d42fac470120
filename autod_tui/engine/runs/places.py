"""Where a run's things are: branches, files and worktrees, by name."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from itertools import count
from pathlib import Path

from autod_tui.core.run import RunRecord
from autod_tui.core.run_plan import Isolation
from autod_tui.engine.house import House

PORT_LIMIT = 65000
SLOTS_COUNTED = 64
RUNS_COUNTED = 8


class SessionFiles:
    """The files of one session below `<git common dir>/autod/runs/RUN/SESSION/`."""

    def __init__(self, house: House, run: str, session: str) -> None:
        """Name them; nothing is made."""
        self.directory = house.state_dir / "runs" / run / session

    @property
    def prompt(self) -> Path:
        """What the agent is told."""
        return self.directory / "prompt.md"

    @property
    def log(self) -> Path:
        """All that is printed."""
        return self.directory / "output.log"

    @property
    def verdicts(self) -> Path:
        """Where the agent may write its verdicts."""
        return self.directory / "verdicts"

    @property
    def handoff(self) -> Path:
        """Where the agent may write what the next session should know."""
        return self.directory / "handoff"

    @property
    def meta(self) -> Path:
        """The session as it was started, for anyone to read."""
        return self.directory / "meta.json"

    @property
    def ending(self) -> Path:
        """How its program ended: noted before the pane goes that would tell it."""
        return self.directory / "ending.json"

    @property
    def log_end(self) -> Path:
        """Appears once all that was printed is in the log."""
        return self.directory / "output.log.end"


def branch_of(run: RunRecord, session: str) -> str:
    """Return the branch that a session works on."""
    lane = "lane" if run.plan.isolation is Isolation.SHARED else session
    return f"run/{run.id}/{lane}"


def slot_path(house: House, run: str, slot: int) -> str:
    """Return where a slot's worktree is, by the project's pattern for worktrees."""
    project = house.plan.project
    return _placed(project.root, project.worktrees, f"{run}-slot{slot}")


@cache
def _placed(root: str, pattern: str, name: str) -> str:
    text = pattern.replace("{repo}", Path(root).name).replace("{name}", name).replace("{branch}", name)
    return str(Path(root, text).absolute().resolve())


def free_slot(house: House, run: RunRecord, stuck: Collection[str]) -> int:
    """Return the lowest slot that no living session works in and that is not `stuck` (worktrees that can't be used).

    Where all share one lane it is always 1.
    """
    if run.plan.isolation is Isolation.SHARED:
        return 1
    taken = {session.slot for session in run.living}
    numbers = (number for number in count(1) if number not in taken)
    return next(number for number in numbers if not stuck or slot_path(house, run.id, number) not in stuck)


def port_of(house: House, run: RunRecord, slot: int) -> int:
    """Return the first port of a slot's own block, counted down from the top, far from the workstreams' blocks."""
    place = list(house.state.runs).index(run.id) % RUNS_COUNTED if run.id in house.state.runs else 0
    return PORT_LIMIT - house.plan.project.ports * (place * SLOTS_COUNTED + slot % SLOTS_COUNTED + 1)


def session_name(run: RunRecord, stage: str) -> str:
    """Return the name of a stage's next session, such as `build-7`."""
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", stage).strip("-.") or "session"
    number = sum(session.stage == stage for session in run.sessions.values()) + 1
    while f"{slug}-{number}" in run.sessions:
        number += 1
    return f"{slug}-{number}"


def full_name(run: str, session: str) -> str:
    """Return how a session's pane is called: `RUN/SESSION`."""
    return f"{run}/{session}"
