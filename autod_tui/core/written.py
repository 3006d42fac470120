"""What is written of a repository, as one process hands it to another."""

from __future__ import annotations

from typing import NamedTuple

from autod_tui.core.events import Recorded
from autod_tui.core.plan import Plan
from autod_tui.core.state import State


class Written(NamedTuple):
    """What files and journal say; who takes it needs nothing of what read it."""

    plan: Plan
    entries: list[Recorded]
    state: State
    """What the entries come to."""
    recalled: bool
    """As in Board: nobody conducts, so nobody has looked whether it is still true."""
    theme: str = ""
    """The theme that the user chose last, in whatever repository; it may be none that is known. Empty: none."""
