from __future__ import annotations

import json

import pytest

from benchmarks.__main__ import main
from benchmarks.outputs import _delays
from benchmarks.report import Row, p95, table, verdict

FAST = Row(name="fast", ours=[0.1, 0.3, 0.2], base=[0.2, 0.2], limit=1.1)
SLOW = Row(name="slow", ours=[0.5], base=[0.25], limit=1.1)


def test_a_ratio_is_of_medians_and_judged_by_its_limit() -> None:
    assert (FAST.ratio, FAST.ok) == (1.0, True)
    assert (SLOW.ratio, SLOW.ok) == (2.0, False)


def test_an_absolute_limit_judges_the_95th_percentile() -> None:
    values = [0.01] * 94 + [0.2] * 6
    assert p95(values) == 0.2
    assert Row(name="keys", ours=values, limit=0.05, absolute=True, how="p95").ok is False
    assert Row(name="keys", ours=[0.01] * 96 + [0.2] * 4, limit=0.05, absolute=True, how="p95").ok is True


def test_a_row_without_a_limit_promises_nothing() -> None:
    row = Row(name="told", ours=[1.0], base=[0.5])
    assert row.ok is None
    assert verdict([row, FAST]) == "all 1 promises hold"


def test_the_table_shows_both_sides_and_the_verdict_names_what_is_missed() -> None:
    shown = table([FAST, SLOW]).splitlines()
    assert shown[1].split() == ["fast", "200", "(100..300)", "ms", "200", "ms", "1.00x", "<=", "1.1x", "ok"]
    assert shown[2].endswith("MISSED")
    assert verdict([FAST, SLOW]) == "MISSED 1 of 2 promises: slow"


def test_rows_are_plain_values() -> None:
    assert json.loads(json.dumps(SLOW.as_dict()))["ratio"] == 2.0


def test_lines_are_matched_with_the_next_arrival_of_their_pane() -> None:
    written = [(0, 1.0), (1, 1.1), (0, 2.0)]
    assert _delays(written, {0: [0.5, 1.25, 2.5], 1: [1.2]}) == pytest.approx([0.25, 0.1, 0.5])
    with pytest.raises(RuntimeError, match="only 1 of 3"):
        _delays(written, {0: [2.5], 1: []} | {0: [1.5]})


def test_an_unknown_group_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["nonsense"])
    assert ended.value.code == 2
    assert "nonsense" in capsys.readouterr().err
