"""Logs of Gemini CLI and Vibe: which of their lines tell that they try again, why and when."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autod_tui.agents.hooks import install_hooks
from autod_tui.agents.lanes import Lane
from autod_tui.agents.logs import log_path, open_log
from autod_tui.agents.profiles import load_profiles
from autod_tui.agents.records.retry_logs import RetryLog, Told, copilot_retry, gemini_retry, vibe_retry
from autod_tui.core.agent_ports import Followed, Sign
from autod_tui.core.workstream import Source, WorkstreamState

S = WorkstreamState
AT = datetime(2026, 11, 21, 20, 28, 45, 279000, tzinfo=UTC).timestamp()
REFUSED = '_ApiError: {"error":{"code":429,"message":"Too many requests for now","status":"RESOURCE_EXHAUSTED"}}'
HTTP = "HTTPStatusError(\"Client error '429 Too Many Requests' for url 'http://127.0.0.1:1/v1/chat/completions'\")"
BROKEN = "HTTPStatusError(\"Server error '500 Internal Server Error' for url 'http://127.0.0.1:1/v1'\")"
PID = 9773
WAITS = {"gemini": 6.5, "vibe": 5.0}


def gemini(words: str, level: str = "WARN") -> str:
    return f"[2026-11-21T20:28:45.279Z] [{level}] {words}\n"


def vibe(words: str, pids: str = "9766 9773") -> str:
    return f"2026-11-21T20:28:45.279000+00:00 {pids} WARNING {words}\n"


def told_by(path: Path, text: str, agent: str) -> Told | None:
    path.write_text(f"a line before\n{text}  status: 429\n}}\n")
    return RetryLog(path, gemini_retry if agent == "gemini" else vibe_retry(PID)).read_new("")


@pytest.mark.parametrize(
    ("agent", "line", "state", "wait", "reason"),
    [
        (
            "gemini",
            gemini(f"Attempt 1 failed with status 429. Retrying with backoff... {REFUSED}"),
            S.RATE_LIMITED,
            6.5,
            "429: Too many requests for now",
        ),
        ("gemini", gemini("Attempt 2 failed with status 429. Retrying with backoff... x"), S.RATE_LIMITED, 13.0, "429"),
        (
            "gemini",
            gemini("Attempt 3 failed with 429 error (no Retry-After header). Retrying with backoff... x"),
            S.RATE_LIMITED,
            26.0,
            "429",
        ),
        (
            "gemini",
            gemini("Attempt 1 failed: You have exhausted your quota. Retrying after 3250ms..."),
            S.RATE_LIMITED,
            3.25,
            "You have exhausted your quota",
        ),
        (
            "gemini",
            gemini('Attempt 9 failed with status 500. Retrying with backoff... {"message":"It broke"}'),
            S.WORKING,
            39.0,
            "retrying: 500: It broke",
        ),
        ("gemini", gemini("Attempt 1 failed. Retrying with backoff... TypeError"), S.WORKING, 6.5, "retrying"),
        (
            "vibe",
            vibe(f"Retrying model completion (attempt 1, delay 5.00s): {HTTP}"),
            S.RATE_LIMITED,
            5.0,
            "429 Too Many Requests",
        ),
        (
            "vibe",
            vibe(f"Retrying model completion (attempt 2, delay 0.60s): {BROKEN}"),
            S.WORKING,
            0.6,
            "retrying: 500 Internal Server Error",
        ),
        (
            "vibe",
            vibe(f"Retrying model completion (attempt 2, delay 0.60s): {BROKEN.replace('500 Internal', '503 Some')}"),
            S.RATE_LIMITED,
            0.6,
            "503 Some Server Error",
        ),
        (
            "vibe",
            vibe("channel=c1 Retrying model completion (attempt 1, delay 1.00s): ConnectError('x')", "9773 9774"),
            S.WORKING,
            1.0,
            "retrying: ConnectError('x')",
        ),
    ],
)
def test_a_retry_is_told(
    tmp_path: Path, agent: str, line: str, state: WorkstreamState, wait: float, reason: str
) -> None:
    told = told_by(tmp_path / "log", line, agent)
    assert told is not None
    reading, at = told
    assert (reading.state, reading.reason, reading.source, reading.vague) == (state, reason, Source.RECORDS, True)
    assert at == AT and reading.until - AT == pytest.approx(wait, abs=0.001)


@pytest.mark.parametrize(
    ("agent", "line"),
    [
        ("gemini", gemini("Attempt 10 failed: no more. Max attempts reached")),
        ("gemini", gemini("Attempt 1 failed with status 429. Retrying with backoff... x", level="DEBUG")),
        ("gemini", "  Attempt 1 failed with status 429. Retrying with backoff... x\n"),
        ("vibe", vibe("Retrying _fetch_response after error attempt=1 delay=0.50s error=ConnectError('x')")),
        ("vibe", vibe(f"Retrying model completion (attempt 1, delay 5.00s): {HTTP}", "1 2")),
        ("vibe", f"Retrying model completion (attempt 1, delay 5.00s): {HTTP}\n"),
    ],
)
def test_other_lines_and_other_processes_tell_nothing(tmp_path: Path, agent: str, line: str) -> None:
    assert told_by(tmp_path / "log", line, agent) is None


def followed(agent: str, home: Path, pid: int = PID) -> Followed:
    profile, env = load_profiles()[agent], {"HOME": str(home)}
    return Followed(session="s1", profile=profile, worktree=str(home), pid=pid, started_at=0.0, env=env)


@pytest.mark.parametrize("agent", ["gemini", "vibe"])
async def test_a_retry_that_is_due_is_no_news(tmp_path: Path, agent: str) -> None:
    signs: list[Sign] = []
    lane = Lane(followed(agent, tmp_path), tmp_path / "spool", signs.append)
    path = log_path(lane.agent, tmp_path / "spool")
    assert path is not None and str(path.parent) in lane.directories().values()
    path.parent.mkdir(parents=True)
    own = f"{os.getpid()} {PID}"
    now, old = datetime.now(UTC).isoformat(timespec="milliseconds"), "2026-11-21T20:28:45.279+00:00"

    def line(at: str) -> str:
        if agent == "gemini":
            return f"[{at[:-6]}Z] [WARN] Attempt 1 failed with status 429. Retrying with backoff... {REFUSED}\n"
        return f"{at} {own} WARNING Retrying model completion (attempt 1, delay 5.00s): {HTTP}\n"

    path.write_text(line(old))
    assert lane.read_records() is None
    with path.open("a") as log:
        log.write(line(now))
    told = lane.read_records()
    assert told is not None and told.reading is not None
    assert told.reading.state is S.RATE_LIMITED and told.reading.until - told.at == pytest.approx(
        WAITS[agent], abs=0.001
    )
    lane.close()


def test_gemini_logs_for_this_launch_unless_its_user_wants_the_log_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GEMINI_DEBUG_LOG_FILE", raising=False)
    hooks = install_hooks(load_profiles()["gemini"], tmp_path / "spool")
    log = log_path(followed("gemini", tmp_path), tmp_path / "spool")
    assert log is not None and hooks.env["GEMINI_DEBUG_LOG_FILE"] == str(log) and log.parent.is_dir()
    monkeypatch.setenv("GEMINI_DEBUG_LOG_FILE", "/mine.log")
    assert "GEMINI_DEBUG_LOG_FILE" not in install_hooks(load_profiles()["gemini"], tmp_path / "spool").env


def refused(status: int, more: str = "", at: str = "2026-11-21T20:28:45.279Z") -> str:
    told = f'"stage":"inference","api_endpoint":"/chat/completions","http_status":{status},"failure_kind":"http_error"'
    return f"{at} [WARNING] [rust:model_events::producer] Model provider request failed {{{told}{more}}}\n"


@pytest.mark.parametrize(
    ("line", "state", "wait"),
    [
        (refused(429, ',"retry_after_ms":5000'), S.RATE_LIMITED, 6.0),
        (refused(503), S.RATE_LIMITED, 0.0),
        (refused(529), S.RATE_LIMITED, 0.0),
        (refused(500), S.WORKING, 0.0),
        (refused(401), None, 0.0),
        ("2026-11-21T20:28:45.279Z [INFO] the text: " + refused(429), None, 0.0),
    ],
)
def test_copilot_logs_with_which_status_it_was_refused(line: str, state: S | None, wait: float) -> None:
    told = copilot_retry(line.encode())
    assert (told is None) == (state is None)
    if told is not None:
        reading, at = told
        assert (reading.state, reading.vague, reading.source) == (state, True, Source.RECORDS)
        assert at == pytest.approx(AT, abs=0.001)
        assert (reading.until - at if reading.until else 0.0) == pytest.approx(wait, abs=0.001)


def test_a_log_is_that_of_the_agents_own_process(tmp_path: Path) -> None:
    child = subprocess.Popen(["sleep", "60"])
    try:
        copilot = Followed(
            session="s",
            profile=load_profiles()["copilot"],
            worktree="/w",
            pid=os.getpid(),
            started_at=0.0,
            env={"COPILOT_HOME": str(tmp_path)},
        )
        path = log_path(copilot, tmp_path)
        assert path is not None and path.parent == tmp_path / "logs"
        log = open_log(copilot, path)
        path.parent.mkdir()
        (path.parent / "process-1-1.log").write_text(refused(429))
        assert log.read_new("") is None
        (path.parent / f"process-1795316923057-{child.pid}.log").write_text(refused(503))
        told = log.read_new("")
        assert told is not None and told[0].reason == "503 Service Unavailable"
    finally:
        child.kill()
        child.wait()
