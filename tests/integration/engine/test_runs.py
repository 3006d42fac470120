"""Runs on a real repository and a real tmux server: stages, verdicts, rework, and the way into the branch."""

from __future__ import annotations

from autod_tui.core.run import RunState, SessionState, TaskState, Verdict
from tests.support.runs import RunRig

TWO_STAGES = """
[plan]
into = "integration/week"
[[stage]]
name = "build"
sessions = 2
[[stage]]
name = "review"
batch_size = 3
[[batch]]
name = "b1"
tasks = ["1.1", "1.2", "1.3"]
[[task]]
id = "1.1"
title = "One"
[[task]]
id = "1.2"
title = "Two"
[[task]]
id = "1.3"
title = "Three"
"""
BUILD_AND_REVIEW = """
for task in $AUTOD_TASKS; do
  if [ "$AUTOD_STAGE" = build ]; then echo "work on $task" > "$task.txt"; git add -A; git commit -qm "$task"; fi
  if [ "$AUTOD_STAGE" = build ]; then echo "VERDICT $task APPROVED" >> "$AUTOD_VERDICTS"
  else test -f "$task.txt" && echo "VERDICT $task APPROVED: fine"; sleep 0.2; fi
done
"""


async def test_tasks_flow_through_two_stages_into_the_branch(rig: RunRig) -> None:
    rig.prepare(TWO_STAGES, BUILD_AND_REVIEW)
    await rig.conduct()
    run = await rig.finished(await rig.start())
    assert run.state is RunState.DONE, run
    assert {"1.1.txt", "1.2.txt", "1.3.txt"} <= rig.files("integration/week")
    assert [task.state for task in run.tasks.values()] == [TaskState.DONE] * 3
    assert sorted(one.stage for one in run.sessions.values()) == ["build", "build", "build", "review"]
    assert run.tasks["1.2"].verdicts[-1].reason == "fine"
    assert {one.state for one in run.sessions.values()} == {SessionState.DONE}
    assert run.tasks["1.2"].verdicts[-1].verdict is Verdict.APPROVED
