"""Scores: what passes by itself, what a person is asked about, and numbers that jump."""

from __future__ import annotations

from autod_tui.core.requests import Review
from autod_tui.core.run import RunState, TaskState
from autod_tui.core.run_plan import By
from tests.support.runs import RunRig

SCORE = """
[gates.score]
command = "cat $AUTOD_TASKS.score"
measure = '([0-9.]+)'
at_least = 70
"""
ACCEPTED = """
[[stage]]
name = "build"
[[stage]]
name = "accept"
by = "person"
gates = ["score"]
auto = ["score>=90"]
[[task]]
id = "good"
[[task]]
id = "fair"
[[task]]
id = "bad"
"""
BUILD = """
score=95
if [ $AUTOD_TASKS = fair ]; then score=80; fi
if [ $AUTOD_TASKS = bad ]; then score=60; fi
if grep -q "60 is not >= 70" "$AUTOD_PROMPT_FILE"; then score=91; fi
echo "$score" > $AUTOD_TASKS.score
echo "VERDICT $AUTOD_TASKS APPROVED" | tee -a "$AUTOD_VERDICTS"
"""


async def test_high_scores_pass_without_a_person_and_low_ones_go_back(rig: RunRig) -> None:
    rig.prepare(ACCEPTED, BUILD, SCORE)
    await rig.conduct()
    id = await rig.start()
    await rig.until(lambda: [task.state.value for task in rig.run(id).tasks.values()] == ["done", "review", "done"])
    assert rig.task(id, "fair").reason == "score: 80 is not >= 90"
    last = rig.task(id, "good").verdicts[-1]
    assert (last.stage, last.by, last.measured) == ("accept", By.GATES, {"score": 95.0})
    assert len(rig.task(id, "bad").verdicts) == 4
    assert (await rig.ask(Review(run=id, tasks=("fair",), verdict=last.verdict))).ok
    assert (await rig.finished(id)).state is RunState.DONE


async def test_a_score_that_jumped_is_a_persons_to_judge(rig: RunRig) -> None:
    plan = '[[stage]]\nname = "build"\ngates = ["score"]\n[[task]]\nid = "bad"\n[[task]]\nid = "good"\n'
    rig.prepare(plan, BUILD, SCORE + "jump = 3.5\n")
    await rig.conduct()
    id = await rig.start()
    await rig.until(lambda: [task.state.value for task in rig.run(id).tasks.values()] == ["review", "done"])
    assert rig.task(id, "bad").reason == "score: jumped from 60 to 91, more than 3.5"
    assert rig.run(id).state is RunState.RUNNING
    approved = rig.task(id, "good").verdicts[-1].verdict
    assert (await rig.ask(Review(run=id, tasks=("bad",), verdict=approved))).ok
    run = await rig.finished(id)
    assert (run.state, run.tasks["bad"].state) == (RunState.DONE, TaskState.DONE)
