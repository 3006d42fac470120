"""Gates judge exit status, time and measured numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from autod_tui.core.checkpoint import GateSpec, GateState
from autod_tui.core.ports import GateOutcome
from autod_tui.engine.gates import LOG_TAIL_BYTES, judge, measure, read_tail

ENDED = GateOutcome(exit_status=0, seconds=1.23456)
BLOCKS = GateSpec(name="blocks", command="x", measure=r"blocks: (\S+)", at_least=60)
SECONDS = GateSpec(name="seconds", command="x", measure=r"took ([\d.]+)", at_most=2.5)


@pytest.mark.parametrize(
    ("gate", "output", "reason", "measured"),
    [
        (BLOCKS, "blocks: 59", "59 is not >= 60", 59.0),
        (BLOCKS, "blocks: 60", "", 60.0),
        (BLOCKS, "blocks: 61", "", 61.0),
        (BLOCKS, "blocks: 99\nnoise\nblocks: 59\nnoise", "59 is not >= 60", 59.0),
        (BLOCKS, "blocks: 1\nblocks: 60\n", "", 60.0),
        (BLOCKS, "", "no number in the output", None),
        (BLOCKS, "blocks: many", "no number in the output", None),
        (BLOCKS, "blocks: 61\nblocks: many", "", 61.0),
        (SECONDS, "took 2.5 s", "", 2.5),
        (SECONDS, "took 2.51 s", "2.51 is not <= 2.5", 2.51),
    ],
)
def test_measured_gate(gate: GateSpec, output: str, reason: str, measured: float | None) -> None:
    result = judge(gate, ENDED, output, "/log")
    assert (result.reason, result.measured) == (reason, measured)
    assert result.state is (GateState.RED if reason else GateState.GREEN)
    assert (result.threshold, result.seconds, result.log) == (gate.threshold, 1.235, "/log")


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (GateOutcome(exit_status=0, seconds=1), ""),
        (GateOutcome(exit_status=7, seconds=1), "exit status 7"),
        (GateOutcome(exit_status=-9, seconds=1), "exit status -9"),
        (GateOutcome(exit_status=None, seconds=1), "was killed"),
        (GateOutcome(exit_status=None, seconds=1, timed_out=True), "timed out after 600 s"),
    ],
)
def test_plain_gate(outcome: GateOutcome, reason: str) -> None:
    assert judge(GateSpec(name="t", command="x"), outcome, "", "").reason == reason


@pytest.mark.parametrize("outcome", [GateOutcome(exit_status=1, seconds=1), GateOutcome(exit_status=None, seconds=1)])
def test_a_good_number_excuses_no_bad_end(outcome: GateOutcome) -> None:
    result = judge(BLOCKS, outcome, "blocks: 61", "")
    assert (result.state, result.measured) == (GateState.RED, 61.0)


def test_number_without_a_bound_is_only_told() -> None:
    result = judge(GateSpec(name="t", command="x", measure="(\\d+)"), ENDED, "5", "")
    assert (result.state, result.measured, result.threshold) == (GateState.GREEN, 5.0, "")


@pytest.mark.parametrize(
    ("pattern", "output", "found"),
    [
        (r"\d+", "a 1 b 2", 1.0),
        (r"(\d+) of (\d+)", "3 of 5", 3.0),
        (r"^(-?\d+\.\d+)$", "-1.5", -1.5),
        (r"(a)|(\d+)", "7", None),
        (r"n=(\d+)", "n=1\r\nn=2\r\n", 2.0),
    ],
)
def test_measure(pattern: str, output: str, found: float | None) -> None:
    assert measure(pattern, output) == found


@pytest.mark.parametrize("word", ["nan", "NaN"])
def test_not_a_number_never_passes(word: str) -> None:
    for gate in (BLOCKS, GateSpec(name="t", command="x", measure=r"blocks: (\S+)", at_most=5)):
        assert judge(gate, ENDED, f"blocks: {word}", "").state is GateState.RED


def test_end_of_a_long_log_is_read(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"\xff" * LOG_TAIL_BYTES + b"\nblocks: 60\n")
    text = read_tail(log)
    assert len(text) == LOG_TAIL_BYTES
    assert measure(BLOCKS.measure, text) == 60.0
