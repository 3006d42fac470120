"""When rate limits end, in the words of agents and servers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod_tui.agents.limits import limit_ends

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC).timestamp()
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("✻ API error · Retrying in 5s · attempt 2/10", 5.0),
        ("✻ 529 The service is overloaded · retrying in 1s · attempt 3/10", 1.0),
        ("⠴ Retrying (1/3) in 2s... (escape to cancel)", 2.0),
        ("Rate limit reached. Please try again in 1.898s.", 1.898),
        ("Please try again in 250ms.", 0.25),
        ("You've hit your usage limit. Try again in 2 days 3 hours 5 minutes.", 2 * DAY + 3 * HOUR + 5 * MINUTE),
        ("try again in 1m 30s", 90.0),
        ("You've hit your limit · resets 3pm (UTC)", 2.5 * HOUR),
        ("limit reached ∙ resets at 12am (UTC)", 11.5 * HOUR),
        ("try again at 14:30 (UTC)", 2 * HOUR),
        ("try again at 9:00 AM (UTC)", 20.5 * HOUR),
        ("resets Nov 23, 1am (UTC)", 36.5 * HOUR),
        ("try again at Dec 1st, 2026 12:30 PM (UTC)", 10 * DAY),
        ("Claude AI usage limit reached|1795264200", 1795264200 - NOW),
    ],
)
def test_known_words(words: str, seconds: float) -> None:
    assert limit_ends(words, NOW) - NOW == pytest.approx(seconds)


@pytest.mark.parametrize(
    "words",
    [
        "Rate limit reached, please try again later",
        "usually temporary — try again in a moment.",
        "• Server is busy, reconnecting 1/2 (2s • esc to interrupt)",
        "resets 3",
        "try again at 25:99",
        "resets Feb 31, 3pm",
        "resets Oct 7, 1am",
        "reset the password in 3 steps",
        "",
    ],
)
def test_other_words_tell_nothing(words: str) -> None:
    assert limit_ends(words, NOW) == 0.0


def test_a_clock_without_a_zone_is_this_machines() -> None:
    ends = limit_ends("resets 3:07pm", NOW)
    assert NOW < ends <= NOW + DAY
    assert datetime.fromtimestamp(ends).astimezone().strftime("%H:%M") == "15:07"


@given(st.text(), st.floats(0, 4e9))
def test_nothing_makes_it_fail(text: str, now: float) -> None:
    for before in ("", "retrying in ", "resets ", "try again at "):
        assert limit_ends(before + text, now) >= 0.0
