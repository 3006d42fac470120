"""Whether a line that speaks of a retry lives, or is only printed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autod_tui.core.retries import Glance, glance

TEXT = ("● I will read it first.", "", "  ⎿  a.txt", "")
FOOT = ("", "─" * 20, "❯ ", "─" * 20, "  ? for shortcuts")
SPINNING = "✻ Thinking… (3s)"
RETRY = "✻ API error · Retrying in {}s · attempt 1/10"


def looks(*screens: tuple[str, ...], own: bool = False) -> list[bool]:
    """Look at one screen after the other; a retry is the lowest row that says so."""
    seen, lived = Glance(), []
    for rows in screens:
        line = next((row.strip()[:200] for row in reversed(rows) if "Retrying in" in row), "")
        seen, lives = glance(seen, rows, line, own=own)
        lived.append(lives)
    return lived


def screen(*middle: str) -> tuple[str, ...]:
    return (*TEXT, *middle, *FOOT)


def test_a_line_that_counts_lives() -> None:
    assert looks(screen(RETRY.format(5)), screen(RETRY.format(5)), screen(RETRY.format(4))) == [False, False, True]


def test_a_line_whose_spinner_turns_lives() -> None:
    turns = [screen(glyph + RETRY.format(5)[1:]) for glyph in "✻✶✳"]
    assert looks(*turns) == [False, False, True]


def test_a_line_in_the_place_of_the_spinner_lives() -> None:
    assert looks(screen(SPINNING), screen(RETRY.format(5))) == [False, True]


def test_printed_words_do_not() -> None:
    said = "● " + RETRY.format(5)
    before = (*screen(SPINNING), "", "")
    after = (*screen(said, "", SPINNING),)
    assert looks(before, after, after, after) == [False] * 4


def test_printed_words_that_count_in_new_lines_do_not() -> None:
    rows = [tuple(RETRY.format(left) for left in range(5, end, -1)) for end in range(4, 0, -1)]
    assert not any(looks(*(screen(*some) for some in rows)))


def test_words_that_are_still_being_written_do_not() -> None:
    whole = "● Retrying in 5s · attempt 1/10 is what it says"
    assert not any(looks(*(screen(whole[:end]) for end in range(20, len(whole)))))


def test_a_blinking_bullet_is_no_spinner() -> None:
    tool = "● Bash(echo 'Retrying in 5s · attempt 1/10')"
    assert not any(looks(*(screen(row) for row in (tool, " " + tool[1:]) * 5)))


def test_words_above_a_retry_that_is_over_are_none() -> None:
    words = "● " + RETRY.format(9).replace("1/10", "7/10")
    shown = [screen(words, "", RETRY.format(1)), screen(words, "", SPINNING), screen(words, "", SPINNING)]
    assert looks(screen(words, "", SPINNING), *shown) == [False, True, False, False]


def test_a_retry_below_such_words_lives_at_its_first_sight() -> None:
    words = "● " + RETRY.format(9)
    assert looks(*[screen(words, "", SPINNING)] * 12, screen(words, "", RETRY.format(3))) == [False] * 12 + [True]


def test_what_stands_where_only_the_agent_draws_lives_when_it_is_seen_again() -> None:
    assert looks(*[screen(RETRY.format(5))] * 4, own=True) == [False, True, False, False]
    assert looks(*[screen(RETRY.format(5))] * 3) == [False] * 3


def test_words_on_an_empty_screen_do_not() -> None:
    blank = ("",) * 10
    assert not any(looks(("a prompt", *blank), (RETRY.format(5), *blank), (RETRY.format(5), *blank)))


@given(st.lists(st.tuples(st.lists(st.text(max_size=9), max_size=9).map(tuple), st.text(max_size=9)), max_size=9))
def test_nothing_makes_it_fail(screens: list[tuple[tuple[str, ...], str]]) -> None:
    seen = Glance()
    for rows, line in screens:
        seen, lives = glance(seen, rows, line)
        assert not (lives and not line)
