"""A screen in nobody's words: what turns is work, what stands still without it is rest."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from autod_tui.core.habits import Habit, Shown, prompt_stands, watch

SCREENS = Path(__file__).parents[2] / "data" / "strangers"
BOX = ("╭────────────────╮", "│ ▋Ask anything  │", "╰────────────────╯")


def shot(name: str) -> tuple[str, ...]:
    return tuple(re.sub(r"\x1b\[[0-9;:]*m", "", (SCREENS / f"{name}.ansi.txt").read_text()).split("\n"))


def looks(*screens: tuple[str, ...], every: float = 0.3, cursor: tuple[int, int] | None = None) -> list[Shown]:
    """Look at one screen after the other."""
    habit, shown = Habit(), []
    for number, rows in enumerate(screens):
        habit, what = watch(habit, rows, cursor, number * every)
        shown.append(what)
    return shown


@pytest.mark.parametrize("agent", ["cn", "grok", "kimi", "nano"])
def test_real_screens_tell_work_by_what_turns_and_rest_by_its_absence(agent: str) -> None:
    one, other, rest = (shot(f"{agent}-{name}") for name in ("busy-1", "busy-2", "rest"))
    assert (
        looks(one, other, other, rest, rest, rest, one)
        == [
            Shown.MOVES,
            Shown.BUSY,  # it has turned
            Shown.BUSY,  # and stands there
            *looks(one, other, other, rest)[3:],
            Shown.STILL,
            Shown.STILL,
            Shown.BUSY,  # known by now
        ]
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("⠋ Thinking", "⠙ Thinking"),
        ("/ Processing... (2s)", "- Processing... (2s)"),
        ("🌑", "🌒"),
        ("│ ◐ Reading │", "│ ◓ Reading │"),
        ("█░░ Waiting", "░█░ Waiting"),
        ("Thinking.", "Thinking..."),
        ("Reading a.py (3s · esc to interrupt)", "Cooking (4s · esc to interrupt)"),
    ],
)
def test_what_turns_or_counts_is_work(before: str, after: str) -> None:
    rest = ("● Hello.", *BOX)
    assert looks(("● Hello.", before, *BOX), ("● Hello.", after, *BOX), rest, rest, rest)[1:] == [
        Shown.BUSY,
        Shown.SAME,
        Shown.STILL,
        Shown.STILL,
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("12:03:44  repo", "12:03:45  repo"),  # a clock
        ("▋Ask anything", " Ask anything"),  # a cursor
        ("● recording", "○ recording"),
        ("Retrying request (1/9)", "Retrying request (2/9)"),
        ("context: 0.1%", "context: 0.6%"),
        ("- one", "- two"),
    ],
)
def test_clocks_cursors_and_words_are_no_work(before: str, after: str) -> None:
    screens = [("● Hello.", row, *BOX) for row in (before, after) * 3]
    assert set(looks(*screens)[1:]) <= {Shown.SAME, Shown.STILL}


def test_printed_spinners_turn_nothing() -> None:
    printed = ("⠋ Working (esc to interrupt)", "⠙ Working (esc to interrupt)")
    screens = [(*printed, f"line {number}", *BOX) for number in range(4)]
    assert Shown.BUSY not in looks(*screens)


@pytest.mark.parametrize("later", ["⠹ Composing... 1s · 2 tokens", "⠹ Composing... 1m 12s · 1.2k tokens"])
def test_work_stays_known_when_its_figures_grow(later: str) -> None:
    busy = [(f"{glyph} Composing... <1s · 2 tokens", *BOX) for glyph in "⠋⠙"]
    assert looks(*busy, (later, *BOX))[1:] == [Shown.BUSY, Shown.BUSY]


def test_typing_at_rest_is_no_work() -> None:
    busy = [("● Hello.", f"{glyph} Thinking", *BOX) for glyph in "⠋⠙"]
    typed = [("● Hello.", BOX[0], f"│ {'go on please'[:length]:14} │", BOX[2]) for length in range(0, 12, 2)]
    assert Shown.MOVES not in looks(*busy, *typed)[2:]
    assert Shown.BUSY not in looks(*busy, *typed)[2:]


def test_a_bare_prompt_under_the_cursor_is_rest_where_nothing_turns() -> None:
    rows = ("Hello there.", "> ")
    assert looks(rows, rows, cursor=(2, 1)) == [Shown.MOVES, Shown.STILL]
    assert looks(rows, rows, cursor=(0, 0)) == [Shown.MOVES, Shown.SAME]
    assert prompt_stands(("User: ",), (6, 0))
    assert not prompt_stands(("Step 1: ",), (8, 0))
    assert not prompt_stands(("> go on", ""), (7, 0))
