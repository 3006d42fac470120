"""How failures end: exit code, message, hint; never a traceback."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from autod_tui.core.errors import AutodError, EnvironmentUnfitError, Problem, SettingsError, UsageError
from autod_tui.core.requests import Answer, Check, Up


@pytest.mark.parametrize(
    ("error", "code"),
    [(AutodError("red", hint="mend"), 1), (UsageError("wrong"), 2), (EnvironmentUnfitError("no tmux"), 3)],
)
def test_an_error_ends_with_its_exit_code(error, code, run, engine) -> None:
    engine.error = error
    result = run("status", "--json")
    assert result.code == code
    assert error.message in result.err
    assert json.loads(result.out)["error"] == {"message": error.message, "hint": error.hint, "exit_code": code}


def test_without_json_nothing_is_printed_on_standard_output(run, engine) -> None:
    engine.error = AutodError("red", hint="mend it")
    result = run("status")
    assert (result.out, result.err) == ("", "autod: red\n  hint: mend it\n")


def test_all_configuration_problems_are_told(run, engine) -> None:
    engine.error = SettingsError((Problem("autod.toml", "gates.x", "bad", "good"), Problem("a", "", "worse")))
    result = run("up")
    assert result.code == 2
    assert "gates.x: bad (good)" in result.err
    assert "a: worse" in result.err


def test_errors_of_a_task_group_are_told_as_themselves(run, engine) -> None:
    engine.error = ExceptionGroup("tasks", [ExceptionGroup("inner", [EnvironmentUnfitError("no tmux")])])
    result = run("up")
    assert result.code == 3
    assert "no tmux" in result.err


def test_ctrl_c_ends_with_130(run, engine) -> None:
    engine.error = KeyboardInterrupt()
    assert run("up").code == 130


def test_a_failed_answer_gives_the_exit_code(run, desk) -> None:
    desk.answers[Check] = Answer(exit_code=1, message="tests is red", hint="see the log", data={"gates": []})
    result = run("checkpoint", "check", "foundation", "--json")
    told = json.loads(result.out)
    assert result.code == 1
    assert told == {"gates": [], "error": {"message": "tests is red", "hint": "see the log", "exit_code": 1}}
    assert "tests is red" in result.err


def test_an_answer_is_told_as_json(run, desk) -> None:
    desk.answers[Up] = Answer(message="started", data={"started": ["testing"]})
    result = run("up", "testing", "--json")
    assert json.loads(result.out) == {"started": ["testing"], "message": "started"}


def test_wrong_words_are_told_as_json(run) -> None:
    result = run("status", "--bad", "--json")
    assert result.code == 2
    assert json.loads(result.out)["error"]["exit_code"] == 2


def test_an_unexpected_error_leaves_a_crash_log(run, engine, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    engine.error = RuntimeError("/home/somebody/secret place")
    result = run("up", "testing")
    assert result.code == 1
    assert "Traceback" not in result.err
    found = re.search(r"report it with (\S+)", result.err)
    assert found
    text = Path(found[1]).read_text()
    assert "Traceback" in text
    assert "command: autod up testing" in text
    assert "~/secret place" in text
    assert "/home/somebody" not in text


def test_a_crash_without_a_place_for_the_log_prints_it(run, engine, monkeypatch, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    engine.error = RuntimeError("odd")
    monkeypatch.setenv("XDG_STATE_HOME", str(blocked))
    result = run("up")
    assert result.code == 1
    assert "Traceback" in result.err


def test_a_missing_directory_is_named(run) -> None:
    result = run("-C", "/no/such/place", "status")
    assert result.code == 2
    assert "/no/such/place" in result.err


@pytest.mark.parametrize("words", [[], ["dashboard"], ["--here"], ["attach", "testing"], ["demo"]])
def test_what_needs_a_terminal_says_so(words, run, engine) -> None:
    result = run(*words)
    assert result.code == 2
    assert "needs a terminal" in result.err
    assert engine.entered == []


@pytest.mark.parametrize(("words", "entered"), [([], "enter"), (["--here"], "dashboard"), (["dashboard"], "dashboard")])
def test_the_dashboard_is_entered(words, entered, run, engine) -> None:
    assert run(*words, typed="").code == 0
    assert engine.entered == [entered]


@pytest.mark.parametrize("words", [[], ["--here"], ["demo"]])
def test_a_terminal_that_cannot_draw_is_told(words, run, engine, monkeypatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    result = run(*words, typed="")
    assert result.code == 3
    assert "TERM='dumb'" in result.err and "hint: name what it is" in result.err
    assert engine.entered == []
