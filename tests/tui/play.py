"""Run the interface on the sample project in this terminal: `python -m tests.tui.play [busy|fresh|conflict]`."""

from __future__ import annotations

import sys

from autod_tui.tui.app import AutodApp
from tests.tui.fake_desk import NOW
from tests.tui.sample import busy_desk, conflicted_desk, fresh_desk

DESKS = {"busy": busy_desk, "fresh": fresh_desk, "conflict": conflicted_desk}

if __name__ == "__main__":
    desk = DESKS[sys.argv[1] if len(sys.argv) > 1 else "busy"]()
    sys.exit(AutodApp(desk, clock=lambda: NOW).run() or 0)
