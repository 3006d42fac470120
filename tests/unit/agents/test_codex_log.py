"""Codex's own log: which of its lines tell of a limit, and whose."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from autod_tui.agents.records.codex_log import CodexLog
from autod_tui.core.workstream import WorkstreamState

S = WorkstreamState
OWN = "01a1ff2e-7986-7781-bd12-3b42d60cde69"
AT = datetime(2026, 11, 21, 17, 36, 40, tzinfo=UTC).timestamp()
SPANS = (
    'session_loop{{thread_id={thread}}}:submission_dispatch{{codex.op="turn_input"}}:'
    "turn{{thread.id={thread} model=stand-in}}"
)
RETRY = (
    "WARN {spans}: codex_core::responses_retry: stream disconnected - retrying sampling request "
    "(1/5 in {wait})... turn_id=01a1 retries=1 max_retries=5 sampling_error={why}"
)
LIMIT = "exceeded retry limit, last status: 429 Too Many Requests"
_URL = "url: http://127.0.0.1:{}/codex/v1/responses"
OVERLOADED = f"unexpected status 529 <unknown status code>: The service is overloaded, {_URL.format(34963)}"
BROKEN = f"unexpected status 503 Service Unavailable: The service rests, {_URL.format(42901)}"
OLD_RETRY = (
    "WARN {spans}: codex_core::session::turn: stream disconnected - retrying sampling request (1/1 in {wait})..."
)
ERROR = "INFO {spans}: codex_core::session::turn: Turn error: {why}"


def line(form: str, *, thread: str = OWN, second: int = 40, **words: str) -> str:
    return f"2026-11-21T17:36:{second}.000000Z  {form.format(spans=SPANS.format(thread=thread), **words)}\n"


@pytest.mark.parametrize(
    ("written", "state", "until"),
    [
        (line(RETRY, wait="3.999308679s", why=LIMIT), S.RATE_LIMITED, AT + 3.999308679),
        (line(RETRY, wait="199ms", why=LIMIT), S.RATE_LIMITED, AT + 0.199),
        (line(ERROR, why=LIMIT), S.RATE_LIMITED, 0.0),
        (line(ERROR, why="You've hit your usage limit. Try again in 5m"), S.RATE_LIMITED, AT + 300),
        (line(RETRY, wait="3.9993702s", why=OVERLOADED), S.RATE_LIMITED, AT + 3.9993702),
        (line(ERROR, why=OVERLOADED), S.RATE_LIMITED, 0.0),
        (line(ERROR, why=BROKEN), S.FAILED, 0.0),
        (line(ERROR, why="We're currently experiencing high demand"), S.FAILED, 0.0),
    ],
)
def test_limits_and_failures_are_told(tmp_path: Path, written: str, state: WorkstreamState, until: float) -> None:
    log = tmp_path / "codex-tui.log"
    log.write_text(line("INFO {spans}: codex_core::client: new") + written)
    told = CodexLog(log).read_new(OWN)
    assert told is not None
    reading, at = told
    assert (reading.state, at, reading.vague) == (state, AT, "retrying" in written)
    assert reading.until == pytest.approx(until)


@pytest.mark.parametrize(
    "written",
    [
        line(ERROR, thread="01a1ff2e-0000-7781-bd12-3b42d60cde69", why=LIMIT),
        line("INFO {spans}: codex_core::tools: exec echo ': codex_core::x: Turn error: 429'"),
        "Turn error: 429 in a line of words\n",
        "2026-11-21 nonsense thread_id=" + OWN + ": codex_core::session::turn: Turn error: 429\n",
    ],
)
def test_words_and_side_threads_tell_nothing(tmp_path: Path, written: str) -> None:
    log = tmp_path / "codex-tui.log"
    log.write_text(written)
    assert CodexLog(log).read_new(OWN) is None


@pytest.mark.parametrize(
    "written",
    [line(RETRY, wait="199ms", why="stream closed before response.completed"), line(OLD_RETRY, wait="197ms")],
)
def test_a_connection_that_broke_is_part_of_the_work(tmp_path: Path, written: str) -> None:
    log = tmp_path / "codex-tui.log"
    log.write_text(written)
    told = CodexLog(log).read_new(OWN)
    assert told is not None
    assert (told[0].state, told[0].vague) == (S.WORKING, True)


def test_each_line_is_told_once_and_not_before_it_is_known_whose_it_is(tmp_path: Path) -> None:
    log = CodexLog(tmp_path / "codex-tui.log")
    assert log.read_new(OWN) is None  # nothing is there yet
    (tmp_path / "codex-tui.log").write_text(line(RETRY, wait="4s", why=LIMIT))
    assert log.read_new("") is None
    assert log.read_new(OWN) is not None
    assert log.read_new(OWN) is None
