"""Prompts and verdicts of sessions: what is written is read back, and nothing is guessed."""

from __future__ import annotations

import pytest

from autod_tui.core.run import Verdict
from autod_tui.core.run_plan import TaskSpec
from autod_tui.engine.runs.prompts import Assignment, render
from autod_tui.engine.runs.verdicts import Said, read_verdicts, settle

IDS = ("1", "1.1", "1.10")
ONE = TaskSpec(id="1.1", title="Title {run}", body="Body {tasks}")
TOLD = Assignment(
    run="week-1",
    stage="build",
    tasks=(ONE, TaskSpec(id="1.2")),
    worktree="/w",
    findings={"1.1": "VERDICT 1.1 APPROVED"},
)


@pytest.mark.parametrize(
    ("line", "verdict", "reason"),
    [
        ("VERDICT 1.1 APPROVED", Verdict.APPROVED, ""),
        ("VERDICT 1.1 APPROVED: fine", Verdict.APPROVED, "fine"),
        ("\x1b[32mVERDICT 1.1 APPROVED\x1b[0m\r", Verdict.APPROVED, ""),
        ("VERDICT 1.1 NEEDS_WORK: reason", Verdict.NEEDS_WORK, "reason"),
        ("VERDICT 1.1 NEEDS_WORK, criteria passed 3/12", Verdict.NEEDS_WORK, "criteria passed 3/12"),
        ("VERDICT 1.1 APPROVED NEEDS_WORK", Verdict.NEEDS_WORK, "unclear verdict: VERDICT 1.1 APPROVED NEEDS_WORK"),
        ("VERDICT 1.1 approved", Verdict.NEEDS_WORK, "unclear verdict: VERDICT 1.1 approved"),
        ("VERDICT 1.1 NEEDS_WORKS", Verdict.NEEDS_WORK, "unclear verdict: VERDICT 1.1 NEEDS_WORKS"),
        ("VERDICT 1.1", Verdict.NEEDS_WORK, "unclear verdict: VERDICT 1.1"),
    ],
)
def test_verdict_lines(line: str, verdict: Verdict, reason: str) -> None:
    assert read_verdicts(line, IDS) == {"1.1": Said(verdict, reason)}


def test_only_lines_that_start_so_and_are_no_echo_count_and_the_last_one_wins() -> None:
    text = " VERDICT 1 APPROVED\nas asked: VERDICT 1 APPROVED\nVERDICT 2 APPROVED\nVERDICT 1.10 APPROVED\n"
    assert set(read_verdicts(text, IDS)) == {"1.10"}
    assert read_verdicts(text, IDS, echoed="VERDICT 1.10 APPROVED") == {}
    assert read_verdicts("VERDICT 1 NEEDS_WORK: x\nVERDICT 1 APPROVED", IDS)["1"].verdict is Verdict.APPROVED


def test_outputs_decide_where_nothing_was_said_and_never_against_a_refusal() -> None:
    task = TaskSpec(id="a", outputs=("x",), min_bytes=3)
    approved, refused = Said(Verdict.APPROVED), Said(Verdict.NEEDS_WORK, "bad")
    assert settle([task], {}, {"x": 3}, "")["a"].verdict is Verdict.APPROVED
    assert settle([task], {"a": approved}, {"x": 2}, "")["a"].verdict is Verdict.NEEDS_WORK
    assert settle([task], {"a": refused}, {"x": 3}, "")["a"] == refused
    assert settle([TaskSpec(id="a")], {}, {}, "")["a"].reason == "no verdict"
    assert settle([task], {"a": approved}, {"x": 3}, "exit status 7")["a"].reason == "exit status 7"


def test_prompt_repeats_what_is_about_a_task_and_fills_values_once() -> None:
    text = render("Run {run}\n\n## {task.id} {task.title}\n\n{task.body}\n\nEnd\n", TOLD)
    assert text.startswith("Run week-1\n\n## 1.1 Title {run}\n\nBody {tasks}\n\n## 1.2 \n\n")
    assert "\nEnd\n" in text


def test_prompt_states_the_form_and_the_findings_and_is_no_verdict_itself() -> None:
    for template in ("", "Do {tasks}\n"):
        text = render(template, TOLD)
        assert "\n> VERDICT 1.1 APPROVED\n" in text
        assert "VERDICT <task id> NEEDS_WORK: <reason>" in text
        assert read_verdicts(text, ("1.1", "1.2")) == {}
    assert "AUTOD_VERDICTS" not in render("Say VERDICT {task.id} in the end", TOLD)
