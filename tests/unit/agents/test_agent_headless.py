"""What headless agents print about rate limits."""

from __future__ import annotations

import pytest

from autod_tui.agents.headless import read_log
from autod_tui.core.plan import AgentProfile
from autod_tui.core.workstream import WorkstreamState

CLAUDE = AgentProfile(name="mine", command=("claude",), family="claude")
OTHER = AgentProfile(name="other", command=("other",), family="other")
RETRY = (
    '{"type":"system","subtype":"api_retry","attempt":7,"max_retries":10,"retry_delay_ms":39760.1,"error_status":429}'
)
SERVER = '{"type":"system","subtype":"api_retry","attempt":1,"retry_delay_ms":500,"error_status":500}'
WORKS = '{"type":"assistant","message":{"content":[{"type":"text","text":"429 rate limit"}]}}'
TURN = '{"type":"turn.failed","error":{"message":"exceeded retry limit, last status: 429 Too Many Requests"}}'
AGAIN = '{"type":"error","message":"Reconnecting... 3/5 (exceeded retry limit, last status: 429 Too Many Requests)"}'
RESULT = '{"type":"result","is_error":true,"api_error_status":529,"result":"API Error: 529 Overloaded"}'


@pytest.mark.parametrize(
    ("text", "words", "until"),
    [
        (RETRY + "\r\n", "the service answers 429", 139.76),
        (WORKS + "\n" + TURN, "exceeded retry limit, last status: 429 Too Many Requests", 0.0),
        (AGAIN, "Reconnecting... 3/5 (exceeded retry limit, last status: 429 Too Many Requests)", 0.0),
        (RESULT, "API Error: 529 Overloaded", 0.0),
        (
            "hello\nAPI Error: Request rejected (429) · slow down\n\n",
            "API Error: Request rejected (429) · slow down",
            0.0,
        ),
    ],
)
def test_the_last_line_tells_a_limit(text: str, words: str, until: float) -> None:
    reading = read_log(CLAUDE, text, 100.0, ended=True)
    assert reading is not None and reading.state is WorkstreamState.RATE_LIMITED
    assert (reading.reason, round(reading.until, 2)) == (words, until)


@pytest.mark.parametrize(
    "text",
    ["", "\n", SERVER, RETRY + "\n" + WORKS, "{half", '{"type":"error","message":"not found"}', "the 429 page",
     "API Error: 429\n1\n2\n3\n4", '{"type": 4}', "\udcff{"],
)  # fmt: skip
def test_anything_else_is_no_limit(text: str) -> None:
    assert read_log(CLAUDE, text, 100.0, ended=True) is None


def test_mere_words_are_no_limit_while_the_agent_lives_nor_is_somebody_elses_json() -> None:
    said = "API Error: Request rejected (429)"
    assert read_log(CLAUDE, RETRY, 100.0, ended=False) is not None
    assert read_log(CLAUDE, RETRY + "\n" + said, 100.0, ended=False) is None
    assert read_log(OTHER, said, 100.0, ended=False) is None
    assert read_log(OTHER, RETRY, 100.0, ended=False) is None
    assert read_log(OTHER, said, 100.0, ended=True) is not None
