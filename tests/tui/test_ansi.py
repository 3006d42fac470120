"""The SGR parser against what terminals really get."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.strip import Strip

from autod_tui.tui.safe import clean, clean_block, clean_lines
from autod_tui.tui.text import fit, shorten, wrap
from autod_tui.tui.widgets.ansi import PLAIN, Pen, apply_sgr, parse_row, parse_rows, style_of, with_cursor


def text_of(line: str) -> str:
    return "".join(segment.text for segment in parse_row(line, PLAIN)[0])


@pytest.mark.parametrize(
    ("params", "pen"),
    [
        ("", PLAIN),
        ("0", PLAIN),
        ("31", Pen(fg="1")),
        ("97", Pen(fg="15")),
        ("104", Pen(bg="12")),
        ("38;5;208", Pen(fg="208")),
        ("48;2;1;2;3", Pen(bg="#010203")),
        ("38:2::255:0:9", Pen(fg="#ff0009")),
        ("38:2:255:0:9", Pen(fg="#ff0009")),
        ("38:5:7", Pen(fg="7")),
        ("4:3", Pen(flags=frozenset({"underline"}))),
        ("4:0", PLAIN),
        ("1;4:3;31", Pen(fg="1", flags=frozenset({"bold", "underline"}))),
        ("58;2;1;2;3;1", Pen(flags=frozenset({"bold"}))),
        ("58:2::1:2:3", PLAIN),
        ("38;5", PLAIN),
        ("38;5;999", PLAIN),
        ("38;2;1;2", PLAIN),
        ("999", PLAIN),
        (";;1", Pen(flags=frozenset({"bold"}))),
    ],
)
def test_sgr(params: str, pen: Pen) -> None:
    assert apply_sgr(PLAIN, params) == pen


def test_attributes_are_switched_off_one_by_one() -> None:
    pen = apply_sgr(PLAIN, "1;2;3;4;7;9;31;42")
    assert apply_sgr(pen, "22;23;24;27;29;39;49") == PLAIN


def test_a_colour_left_on_goes_on_in_the_next_row() -> None:
    rows = parse_rows(["\x1b[1;31mred", "still", "\x1b[0mplain"])
    assert [row[0].style for row in rows] == [
        style_of(Pen(fg="1", flags=frozenset({"bold"}))),
        style_of(Pen(fg="1", flags=frozenset({"bold"}))),
        style_of(PLAIN),
    ]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("\x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;aGk=\x07a", "a"),
        ("\x1bP1$r0m\x1b\\b", "b"),
        ("\x1b[2J\x1b[?1049lc", "c"),
        ("\x1b[>4;2md", "d"),
        ("\x1b(0e\x0e\x0ff", "ef"),
        ("\x1b]0;never ended", ""),
        ("g\x1b", "g"),
        ("\x9b31mh\x9d0;t\x07\x90", "h0;t"),
        ("a\x00\x07\x7f\u202eb", "ab"),
        ("e\u0301 日本 👩‍👩‍👧", "e\u0301 日本 👩‍👩‍👧"),
    ],
)
def test_everything_but_colour_is_dropped(line: str, text: str) -> None:
    assert text_of(line) == text


HOSTILE = st.text(
    alphabet=st.sampled_from([*"\x1b\x9b\x9d\x90[]()PX^_;:?0123456789mABJh \\\x07\x00\x7f\x85\u202e\u2066日é👩"]),
    max_size=60,
)


@given(HOSTILE)
def test_no_control_character_ever_gets_through(line: str) -> None:
    for text in (text_of(line), clean(line), shorten(line, 9), *clean_lines(line), *wrap(line, 7)):
        assert all(ord(letter) >= 0x20 and not 0x7F <= ord(letter) < 0xA0 for letter in text)
        assert not set(text) & set("\u202e\u2066\u2028")


@given(st.text(max_size=40), st.integers(1, 30))
def test_fitted_text_has_exactly_the_width(text: str, width: int) -> None:
    assert cell_len(fit(text, width)) == width
    assert cell_len(shorten(text, width)) <= width


@given(st.text(max_size=80), st.integers(2, 30))
def test_wrapped_text_is_never_wider_and_loses_no_letter(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(clean_block(text).split())


def test_the_cursor_is_drawn_over_a_cell_and_past_the_end() -> None:
    strip = Strip(parse_row("ab", PLAIN)[0])
    assert with_cursor(strip, 1).text == "ab"
    assert with_cursor(strip, 4).text == "ab   "
    assert [segment.text for segment in with_cursor(strip, 4) if segment.style and segment.style.reverse] == [" "]
