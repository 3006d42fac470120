"""A desk whose agent asks, one question after the other."""

from __future__ import annotations

import msgspec

from autod_tui.core.agent_ports import Choice, Question
from autod_tui.core.requests import Answer, AnswerAgent, ReadQuestion
from autod_tui.core.run_events import SessionHalted
from autod_tui.core.workstream import Source, WorkstreamState
from tests.tui.fake_desk import FakeDesk
from tests.tui.run_sample import RUN, run_desk
from tests.tui.sample import busy_desk, changed

MENU = Question(
    text="Bash command\n\ngit push --force origin main\n\nDo you want to proceed?",
    choices=(
        Choice(key="1", label="Yes", selected=True, typed=("1",)),
        Choice(key="2", label="Yes, and don't ask again for git push commands in /srv/shop-testing", typed=("2",)),
        Choice(key="3", label="No", typed=("3",)),
    ),
    free_text=True,
    into_text=("Down", "Down", "Tab"),
)
LETTERS = Question(text="Run it?", choices=(Choice(key="y", label="Yes"), Choice(key="n", label="No", selected=True)))
WORDS = Question(text="What is the port?", free_text=True)


def asks(question: Question | None) -> Answer:
    if question is None:
        return Answer(message="testing asks nothing right now", data={"name": "testing", "question": None, "seen": ""})
    return Answer(data={"name": "testing", "question": msgspec.to_builtins(question), "seen": question.digest})


def asking_desk(*questions: Question | None) -> FakeDesk:
    """A desk whose `testing` asks one question after the other, each answered."""
    desk, left = busy_desk(), list(questions)

    def answered(request: AnswerAgent) -> Answer:
        left.pop(0)
        return msgspec.structs.replace(asks(left[0] if left else None), message="answered")

    desk.replies[ReadQuestion] = lambda _: asks(left[0] if left else None)
    desk.replies[AnswerAgent] = answered
    return desk


def menu_desk() -> FakeDesk:
    """A desk whose `testing` asks for leave to push."""
    return asking_desk(MENU)


def waiting_desk() -> FakeDesk:
    """A desk with a run whose session `build-6` asks for leave to push, and no workstream that asks."""
    desk = run_desk(asking_desk(MENU))
    halted = SessionHalted(
        run=RUN, session="build-6", state=WorkstreamState.WAITING, reason="permission: Bash", source=Source.HOOK
    )
    desk.happen(changed("testing", WorkstreamState.WORKING), halted)
    return desk
