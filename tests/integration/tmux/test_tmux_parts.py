"""The room's pure parts: quoting, signals in the output, the flood meter."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod_tui.core.pane_ports import PaneEvent
from autod_tui.tmux.hearing import FLOODED_EVERY, SIGNALS_KEPT, Hearing
from autod_tui.tmux.meter import FLOOD, REST, TRIAL, WINDOW, FloodMeter
from autod_tui.tmux.osc import LONGEST, OscScanner
from autod_tui.tmux.quoting import argument, one_line, quote
from autod_tui.tmux.screen import clean_row


def escape(data: bytes) -> bytes:
    """Escape as tmux does in control mode."""
    return re.sub(rb"[\x00-\x1f\\]", lambda found: b"\\%03o" % found[0][0], data)


STREAM = (
    b"plain \x1b[1mtext\x1b]2;a title\x07 more \x1b]9;look\x1b\\\x07\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\"
    b"\x1b]777;notify;T;B\x07\x1b]0;back\\slash \xc3\xa9\x07\x1b]7501;s\x07\x1b]9;cut\x1b[0m"
)
SIGNALS = [
    ("title", "a title"),
    ("osc", "9;look"),
    ("bell", ""),
    ("osc", "777;notify;T;B"),
    ("title", "back\\slash é"),
    ("osc", "7501;s"),
    ("osc", "9;cut"),
]


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_signals_are_found_however_the_output_is_cut(cuts: list[int]) -> None:
    scanner, found = OscScanner(), []
    edges = [0, *sorted(cuts), len(STREAM)]
    for start, end in itertools.pairwise(edges):
        found += scanner.feed(escape(STREAM[start:end]))
    assert found == SIGNALS


def test_an_endless_sequence_is_dropped_and_bounded() -> None:
    scanner = OscScanner()
    assert scanner.feed(escape(b"\x1b]9;")) == []
    for _ in range(100):
        assert scanner.feed(b"x" * 1000) == []
        assert len(scanner._rest) <= LONGEST + 1000
    assert scanner.feed(escape(b"\x07\x1b]9;next\x07")) == [("osc", "9;next")]


@given(st.binary(max_size=200))
def test_no_output_breaks_the_scanner(data: bytes) -> None:
    scanner = OscScanner()
    for at in range(0, len(data), 7):
        for _, text in scanner.feed(escape(data[at : at + 7])):
            assert not re.search(r"[\x00-\x1f\x7f-\x9f]", text)


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("plain-1", b"plain-1"),
        ("a;", b'"a;"'),
        ('"$x\\', rb'"\042\044x\134"'),
        ("a\nb", rb'"a\012b"'),
        ("", b'""'),
        ("%1", b"%1"),
        ("%1:off", b'"%1:off"'),
    ],
)
def test_quoting(text: str, quoted: bytes) -> None:
    assert quote(text) == quoted


def test_titles_and_arguments() -> None:
    assert one_line(" a\nb\x1b[1m\x9b ") == "a b [1m"
    assert argument("x;") == "x\\;"


@given(st.binary(max_size=100))
def test_a_row_keeps_only_sgr(row: bytes) -> None:
    clean = clean_row(row.decode("utf-8", "replace"))
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", re.sub(r"\x1b\[[0-9;:]*m", "", clean))


def outputs(events: list[PaneEvent]) -> int:
    return sum(event.kind == "output" for event in events)


def test_a_flood_is_switched_off_then_on_and_told_to_the_end() -> None:
    hearing = Hearing(frozenset({"%1"}))
    assert hearing.hear("%1", b"x" * (FLOOD + 1), 10.0)
    assert list(hearing.requests) == [("refresh-client", "-A", "%1:pause")]
    hearing.requests.clear()
    told = [at / 100 for at in range(1000, 1300) if outputs(hearing.take(at / 100))]
    looks = REST / FLOODED_EVERY  # while it rests
    assert looks + 1 <= len(told) <= looks + 3
    assert list(hearing.requests) == [("refresh-client", "-A", "%1:continue")]
    assert hearing.until_due(14.0) == 0.0
    hearing.requests.clear()
    assert hearing.until_due(14.0) is None


def test_a_pane_on_trial_has_little_time_and_few_bytes_to_flood_again() -> None:
    meter = FloodMeter()
    assert meter.floods(FLOOD + 1, 10.0)
    meter.switch_off(10.0)
    assert not meter.floods(FLOOD + 1, 10.1), "told once"
    meter.switch_on(10.0 + REST)
    assert not meter.floods(int(FLOOD * TRIAL), 10.01 + REST)
    assert meter.floods(1, 10.02 + REST)
    meter.switch_on(10.0 + REST)
    assert not meter.floods(int(FLOOD * TRIAL) + 1, 10.0 + REST + WINDOW)


def test_ringing_without_end_is_bounded() -> None:
    hearing = Hearing(frozenset())
    hearing.hear("%1", b"\\007" * 5000, 1.0)
    assert sum(event.kind == "bell" for event in hearing.take(1.0)) == SIGNALS_KEPT
    hearing.hear("%1", b"\\007", 1.1)
    assert sum(event.kind == "bell" for event in hearing.take(1.1)) == 1
