"""The scenarios see the same terminal wherever they run."""

from __future__ import annotations

import os

import pytest

os.environ["TERM"] = "xterm-256color"
for name in ("AUTOD_ASCII", "NO_COLOR", "VISUAL", "EDITOR"):
    os.environ.pop(name, None)


@pytest.fixture(autouse=True)
def all_agents_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the wizard find every agent's program."""
    monkeypatch.setattr("autod_tui.tui.screens.wizard.which", lambda program: f"/bin/{program}")
