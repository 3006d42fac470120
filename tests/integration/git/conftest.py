"""Fixtures of the git tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.repos import Sandbox


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """An empty repository at a path with a space and a '#', with no user or system configuration near."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    return Sandbox(tmp_path / "a #repo")
