"""Real agents are found where a person says, else where CI puts them, else on the PATH; without them a test skips."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import real_agents


def program(directory: Path, name: str) -> Path:
    directory.mkdir(parents=True)
    path = directory / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_nearest_place_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(real_agents, "LOCKED", tmp_path / "locked")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.delenv(real_agents.PLACE, raising=False)
    assert real_agents.find_agent("claude") is None
    on_path = program(tmp_path / "path", "claude")
    assert real_agents.find_agent("claude") == on_path
    locked = program(tmp_path / "locked" / "node_modules" / ".bin", "claude")
    assert real_agents.find_agent("claude") == locked
    named = program(tmp_path / "named" / "bin", "claude")
    monkeypatch.setenv(real_agents.PLACE, str(tmp_path / "named"))
    assert real_agents.find_agent("claude") == named


def test_without_an_agent_the_test_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(real_agents, "LOCKED", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(real_agents.PLACE, raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"codex is not installed: run \.ci/agents/install"):
        real_agents.require_agent("codex")
