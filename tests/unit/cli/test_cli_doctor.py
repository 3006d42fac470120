"""`autod doctor` on machines that lack something."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from autod_tui.cli.checks import Level, agent_checks, colour_check, git_check, parse_version, tmux_check
from autod_tui.core.errors import EnvironmentUnfitError, Problem, SettingsError


def fake_program(directory: Path, name: str, words: str) -> Path:
    path = directory / name
    path.write_text(f"#!/bin/sh\necho '{words}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "re po#"
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return root


@pytest.mark.parametrize(
    ("words", "version"),
    [("tmux 3.3a", (3, 3)), ("tmux next-3.6", (3, 6)), ("git version 2.39.5", (2, 39)), ("tmux master", None)],
)
def test_versions_are_read(words, version) -> None:
    assert parse_version(words) == version


@pytest.mark.parametrize(
    ("words", "level"), [("tmux 3.1c", Level.MISSING), ("tmux 3.2", Level.OK), ("tmux master", Level.OK)]
)
def test_an_old_tmux_is_missing(words, level, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("AUTOD_TMUX", str(fake_program(tmp_path, "my-tmux", words)))
    finding = tmux_check()
    assert finding.level is level
    assert ("apt install tmux" in finding.hint) == (level is Level.MISSING)


def test_an_old_git_is_missing(tmp_path: Path, monkeypatch) -> None:
    fake_program(tmp_path, "git", "git version 2.30.2")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_check().level is Level.MISSING


def test_a_missing_program_ends_with_3(run, repository, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("AUTOD_TMUX", "no-such-tmux")
    result = run("-C", str(repository), "doctor", "--json")
    told = json.loads(result.out)
    tmux = next(check for check in told["checks"] if check["name"] == "tmux")
    assert result.code == 3
    assert told["fit"] is False
    assert tmux["level"] == "missing"
    assert "3.2 or newer" in tmux["hint"]


def test_a_fit_machine_ends_with_0(run, repository, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("AUTOD_TMUX", str(fake_program(tmp_path, "my-tmux", "tmux 3.4")))
    result = run("-C", str(repository), "doctor")
    assert result.code == 0
    assert "no commit yet" in result.out
    assert "autod init writes one" in result.out


def test_no_repository_is_only_a_note(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("AUTOD_TMUX", str(fake_program(tmp_path, "my-tmux", "tmux 3.4")))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    result = run("-C", str(tmp_path), "doctor")
    assert result.code == 0
    assert "is in no git repository" in result.out


@pytest.mark.parametrize(
    ("error", "level", "code"),
    [
        (SettingsError((Problem("autod.toml", "gates", "is wrong"),)), "missing", 3),
        (EnvironmentUnfitError("no server"), "note", 0),
    ],
)
def test_the_configuration_is_looked_at(error, level, code, run, engine, repository, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("AUTOD_TMUX", str(fake_program(tmp_path, "my-tmux", "tmux 3.4")))
    (repository / "autod.toml").touch()
    engine.error = error
    result = run("-C", str(repository), "doctor", "--json")
    told = next(check for check in json.loads(result.out)["checks"] if check["name"] == "autod.toml")
    assert (told["level"], result.code) == (level, code)
    assert error.message.splitlines()[-1] in told["found"]


@pytest.mark.parametrize(
    ("term", "colorterm", "no_color", "found"),
    [
        ("xterm-256color", "truecolor", None, "16 million"),
        ("xterm-256color", "", None, "256"),
        ("xterm", "", None, "few"),
        ("dumb", "", None, "TERM=dumb"),
        ("xterm", "truecolor", "1", "NO_COLOR"),
    ],
)
def test_colours(term, colorterm, no_color, found, monkeypatch) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("COLORTERM", colorterm)
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", no_color)
    assert found in colour_check().found


def test_agents_that_are_missing_say_how_to_get_them(tmp_path: Path, monkeypatch) -> None:
    fake_program(tmp_path, "claude", "1.0")
    monkeypatch.setenv("PATH", str(tmp_path))
    findings = {finding.name: finding for finding in agent_checks()}
    assert findings["agent claude"].level is Level.OK
    assert findings["agent codex"].level is Level.NOTE
    assert findings["agent codex"].hint
