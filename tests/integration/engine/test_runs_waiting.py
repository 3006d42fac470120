"""An agent of a run's session that asks: that is a fact which outlives conductors, and it is answered in its pane."""

from __future__ import annotations

import pytest

from autod_tui.core.pane_ports import Launch, PaneEvent, PaneStatus
from autod_tui.core.requests import AnswerAgent, ReadQuestion
from autod_tui.core.run import SessionRecord, SessionState, TaskState
from autod_tui.core.workstream import Source, WorkstreamState
from tests.support.runs import REPORT, RunRig

PLAN = '[plan]\ninto = "done"\n[[stage]]\nname = "build"\nattempts = 1\n[[task]]\nid = "t1"\n'
TELLS = f"""
read instruction
printf '\\033]7501;state=blocked:kind=permission\\007'; echo 'May I? (y/n)'; read answer
printf '\\033]7501;state=working\\007'; echo "$answer" > answer.txt
git add answer.txt; git commit -qm answer; {REPORT}
"""
SHOWS = f"""
read instruction
printf 'working\\n'; printf 'May I continue? '; read answer
printf '\\033[2J\\033[Hthanks\\n'; echo "$answer" > answer.txt
git add answer.txt; git commit -qm answer; {REPORT}
"""


async def waiting(rig: RunRig, script: str, pattern: str = "", plan: str = PLAN) -> str:
    """Start a run whose agent asks, and return its id once the session is known to wait."""
    rig.prepare(plan, script)
    settings = (rig.root / "autod.toml").read_text()
    words = 'prompt = "keys"\n' + (f"waiting = '{pattern}'\n" if pattern else "")
    (rig.root / "autod.toml").write_text(settings.replace("[agents.script]\n", f"[agents.script]\n{words}"))
    await rig.conduct()
    id = await rig.start()
    await rig.until(lambda: session(rig, id).waits)
    return id


def session(rig: RunRig, id: str) -> SessionRecord:
    return next(iter(rig.run(id).sessions.values()), SessionRecord(id="", stage="", tasks=()))


@pytest.mark.parametrize(
    ("script", "pattern", "source"), [(TELLS, "", Source.TERMINAL), (SHOWS, "continue\\?", Source.SCREEN)]
)
async def test_a_session_that_asks_waits_until_it_is_answered(
    rig: RunRig, script: str, pattern: str, source: Source
) -> None:
    id = await waiting(rig, script, pattern)
    halt = session(rig, id).halt
    assert halt and (halt.state, halt.source) == (WorkstreamState.WAITING, source)
    await rig.leave()
    await rig.conduct()
    assert session(rig, id).halt == halt
    asked = await rig.ask(ReadQuestion(name=f"{id}/build-1"))
    assert asked.ok and "May I" in asked.data["question"]["text"]
    answered = await rig.ask(AnswerAgent(name=f"{id}/build-1", text="y", seen=asked.data["seen"]))
    assert answered.ok, answered
    assert (await rig.finished(id)).tasks["t1"].state is TaskState.DONE
    assert rig.git("show", "done:answer.txt") == "y"
    assert (session(rig, id).halt, session(rig, id).state) == (None, SessionState.DONE)


async def test_who_says_that_it_waits_does_not_count_as_hung(rig: RunRig) -> None:
    mute = PLAN.replace("attempts = 1", 'attempts = 2\nsessions = 2\nsilence = "1s"') + '[[task]]\nid = "mute"\n'
    id = await waiting(rig, f'[ "$AUTOD_TASKS" = mute ] && exec sleep 100\n{TELLS}', plan=mute)
    await rig.until(lambda: rig.task(id, "mute").state is TaskState.FAILED)
    assert [one.state for one in rig.run(id).sessions.values() if one.tasks == ("mute",)] == [SessionState.HUNG] * 2
    assert session(rig, id).waits


async def test_what_is_told_before_the_pane_is_known_is_heard(rig: RunRig) -> None:
    rig.prepare(PLAN, "exec sleep 100\n")
    conductor = await rig.conduct()
    start = conductor.house.panes.start

    async def told_at_once(launch: Launch) -> PaneStatus:
        pane = await start(launch)
        conductor.runs.hear(PaneEvent(kind="osc", pane=pane.pane, data="7501;state=blocked:kind=question"))
        return pane

    conductor.house.panes.start = told_at_once  # type: ignore[method-assign]
    id = await rig.start()
    await rig.until(lambda: session(rig, id).waits)
    assert [one.reason for one in [session(rig, id).halt] if one] == ["question"]
