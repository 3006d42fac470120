"""Answers typed into panes whose screens the test plays: what is pressed, and what is refused before anything is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autod_tui.adapters import Agents
from autod_tui.agents.questions import DEAF
from autod_tui.core.agent_ports import Question
from autod_tui.core.errors import AutodError, CommandFailedError, RefusedError, UsageError
from autod_tui.core.events import AgentStarted, Event, MessageSent, StateChanged
from autod_tui.core.pane_ports import Screen
from autod_tui.core.plan import AgentProfile
from autod_tui.core.requests import AnswerAgent
from autod_tui.core.run import SessionRecord
from autod_tui.core.run_events import RunStarted, SessionStarted
from autod_tui.core.run_plan import RunPlan, StageSpec, TaskSpec
from autod_tui.core.workstream import Source, WorkstreamState
from autod_tui.engine import answers
from autod_tui.engine.answers import Answers
from tests.support.engine import make_house, make_plan, workstream

ASK = ("Go on?", "", "❯ 1. Yes", "  2. No", "", "Enter to select")
Play = Callable[[str], tuple[str, ...]]


class PlayedPanes:
    """One pane: `play` returns what it shows after a key, or after a text."""

    def __init__(self, lines: tuple[str, ...], play: Play) -> None:
        self.lines = lines
        self.play = play
        self.typed: list[str] = []

    async def capture(self, pane: str, *, history: int = 0) -> Screen:
        return Screen(lines=self.lines)

    async def named_key(self, pane: str, name: str) -> None:
        self._take(name)

    async def paste(self, pane: str, text: str, *, submit: bool) -> None:
        self._take(f"{text}{'<enter>' if submit else ''}")

    def _take(self, what: str) -> None:
        self.typed.append(what)
        self.lines = self.play(what)


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "PATIENCE", 0.05)
    monkeypatch.setattr(answers, "BETWEEN_KEYS", 0.0)
    monkeypatch.setattr(answers, "DRAWN_AFTER", 0.0)
    monkeypatch.setattr(answers, "DRAWN_WITHIN", 0.05)
    monkeypatch.setattr(answers, "LOOK_EVERY", 0.005)


def menu(at: int) -> tuple[str, ...]:
    rows = [f"{'❯' if number == at else ' '} {number}. {word}" for number, word in ((1, "Yes"), (2, "No"))]
    return ("Go on?", "", *rows, "", "Enter to select")


def make(
    directory: Path, panes: PlayedPanes, state: WorkstreamState = WorkstreamState.WAITING, *more: Event
) -> tuple[Answers, Any]:
    started = AgentStarted(name="a", session="s", agent="shell", model="", window="@1", pane="%1", pid=1)
    now = StateChanged(name="a", state=state, source=Source.HOOK)
    agents = {"shell": AgentProfile(name="shell", command=("sh",))}
    plan = make_plan([workstream("a"), workstream("b")], agents=agents)
    house = make_house(plan, directory, started, now, *more, panes=panes, agents=Agents(directory))
    return Answers(house), house


def digest(*lines: str) -> str:
    question = Agents(Path()).read_question(AgentProfile(name="shell", command=("sh",)), lines)
    assert isinstance(question, Question)
    return question.digest


async def test_the_cursor_is_moved_and_seen_to_arrive(tmp_path: Path) -> None:
    panes = PlayedPanes(menu(1), lambda key: menu(2) if key == "Down" else ("working",))
    desk, house = make(tmp_path, panes)
    answer = await desk.answer(AnswerAgent(name="a", choice="no", seen=digest(*ASK)))
    assert (answer.exit_code, panes.typed) == (0, ["Down", "Enter"])
    assert answer.data == {"name": "a", "answer": "No", "question": None, "seen": ""}
    sent = house.stream._journal.entries[-1].event
    assert sent == MessageSent(name="a", text="Go on? No", by="person")
    assert house.state.workstream("a").state is WorkstreamState.WAITING  # its signals tell what came of it


def deaf(directory: Path, panes: PlayedPanes) -> Answers:
    """Make one whose agent is of the kind that takes no key at first, and asked 0.3 seconds ago."""
    desk, house = make(directory, panes)
    house.plan.agents["shell"] = AgentProfile(name="shell", family="vibe", command=("sh",))
    now = house.state.workstream("a").since + 0.3
    house.stream.clock = lambda: now
    return desk


async def test_no_key_is_pressed_while_the_agent_takes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[tuple[float, int]] = []
    panes = PlayedPanes(menu(1), lambda key: ("working",))

    async def pause(seconds: float) -> None:
        pauses.append((seconds, len(panes.typed)))

    monkeypatch.setattr(asyncio, "sleep", pause)
    assert (await deaf(tmp_path, panes).answer(AnswerAgent(name="a", choice="1"))).exit_code == 0
    assert pauses[0] == (pytest.approx(DEAF["vibe"] - 0.3), 0)
    assert panes.typed == ["Enter"]


async def test_a_question_that_changes_before_keys_are_taken_gets_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panes = PlayedPanes(menu(1), lambda key: ())

    async def pause(seconds: float) -> None:
        panes.lines = ("Delete all?", *menu(1)[1:])

    monkeypatch.setattr(asyncio, "sleep", pause)
    with pytest.raises(RefusedError, match="something else by now"):
        await deaf(tmp_path, panes).answer(AnswerAgent(name="a", choice="1"))
    assert panes.typed == []


async def test_nothing_is_confirmed_when_the_cursor_stays(tmp_path: Path) -> None:
    panes = PlayedPanes(menu(1), lambda key: menu(1))
    with pytest.raises(RefusedError, match="nothing was confirmed"):
        await make(tmp_path, panes)[0].answer(AnswerAgent(name="a", choice="2"))
    assert panes.typed == ["Down"]


REFUSED: list[tuple[str, tuple[str, ...], dict[str, str], type[AutodError], str]] = [
    ("another question", menu(1), {"choice": "1", "seen": "0"}, RefusedError, "something else by now"),
    ("no such choice", menu(1), {"choice": "3"}, RefusedError, "doesn't offer '3'"),
    ("words where none are taken", menu(1), {"text": "hm"}, RefusedError, "takes no words"),
    ("nothing", menu(1), {}, UsageError, "one of the choices, or a text"),
    ("both", menu(1), {"choice": "1", "text": "x"}, UsageError, "one of the choices, or a text"),
    ("only blanks", menu(1), {"text": " "}, UsageError, "one of the choices, or a text"),
]


@pytest.mark.parametrize(
    ("lines", "words", "error", "message"), [row[1:] for row in REFUSED], ids=[r[0] for r in REFUSED]
)
async def test_what_is_refused_types_nothing(
    tmp_path: Path, lines: tuple[str, ...], words: dict[str, str], error: type[AutodError], message: str
) -> None:
    panes = PlayedPanes(lines, lambda key: lines)
    with pytest.raises(error, match=message):
        await make(tmp_path, panes)[0].answer(AnswerAgent(name="a", **words))
    assert panes.typed == []


@pytest.mark.parametrize("name", ["b", "c", "run-1/one", "a/one"])
async def test_who_has_no_living_agent_is_refused(tmp_path: Path, name: str) -> None:
    panes = PlayedPanes(menu(1), lambda key: menu(1))
    with pytest.raises((RefusedError, UsageError)) as refused:
        await make(tmp_path, panes)[0].answer(AnswerAgent(name=name, choice="1"))
    assert refused.value.hint


async def test_one_that_works_and_shows_no_question_asks_nothing(tmp_path: Path) -> None:
    panes = PlayedPanes(("working",), lambda key: ())
    desk, _ = make(tmp_path, panes, WorkstreamState.WORKING)
    assert (await desk.read("a")).data["question"] is None
    with pytest.raises(RefusedError, match="asks nothing any more"):
        await desk.answer(AnswerAgent(name="a", choice="1"))


async def test_one_that_waits_in_no_known_form_takes_words(tmp_path: Path) -> None:
    panes = PlayedPanes(("\x1b[1mWhat is the port?\x1b[0m", "", "port:"), lambda key: ("thanks",))
    desk, _ = make(tmp_path, panes)
    asked = await desk.read("a")
    assert asked.data["question"]["text"] == "What is the port?\nport:"
    answer = await desk.answer(AnswerAgent(name="a", text="8080\n", seen=asked.data["seen"]))
    assert (answer.exit_code, panes.typed) == (0, ["8080<enter>"])


FIELD = ("Go on?", "  1. Yes", "❯ 2. No, and tell Claude what to do differently", "Esc to cancel")
AMENDABLE = ("Go on?", "❯ 1. Yes", "  2. No", "Esc to cancel · Tab to amend")


@pytest.mark.parametrize("opens", [True, False])
async def test_words_wait_for_their_field(tmp_path: Path, opens: bool) -> None:
    moved = ("Go on?", "  1. Yes", "❯ 2. No", "Esc to cancel · Tab to amend")
    screens = {"Down": moved, "Tab": FIELD if opens else moved, "x 1<enter>": ("working",)}
    panes = PlayedPanes(AMENDABLE, lambda key: screens[key])
    desk, _ = make(tmp_path, panes)
    if opens:
        await desk.answer(AnswerAgent(name="a", text="x 1"))
        assert panes.typed == ["Down", "Tab", "x 1<enter>"]
        return
    with pytest.raises(RefusedError, match="no field for words opened"):
        await desk.answer(AnswerAgent(name="a", text="x 1"))
    assert panes.typed == ["Down", "Tab"]


async def test_a_question_that_is_told_before_it_is_drawn_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "DRAWN_WITHIN", 5.0)
    panes = PlayedPanes(("working",), lambda key: ("thanks",))
    looks = 0

    async def capture(pane: str, *, history: int = 0) -> Screen:
        nonlocal looks
        looks += 1
        return Screen(lines=panes.lines if panes.typed or looks < 3 else menu(1))

    panes.capture = capture  # type: ignore[method-assign]
    desk, house = make(tmp_path, panes)
    house.stream.clock = lambda: house.state.workstream("a").since
    assert (await desk.answer(AnswerAgent(name="a", choice="1"))).data["answer"] == "Yes"


async def test_the_question_that_follows_is_told(tmp_path: Path) -> None:
    after = ("Really? [y/n]",)
    panes = PlayedPanes(menu(1), lambda key: after)
    answer = await make(tmp_path, panes)[0].answer(AnswerAgent(name="a", choice="1"))
    assert answer.data["seen"] == digest(*after)


async def test_a_question_that_stands_on_is_no_answered_one(tmp_path: Path) -> None:
    panes = PlayedPanes(menu(1), lambda key: menu(1))
    desk, house = make(tmp_path, panes)
    with pytest.raises(CommandFailedError, match="was given 'Yes', but its question still stands"):
        await desk.answer(AnswerAgent(name="a", choice="1"))
    assert house.stream._journal.entries[-1].event == MessageSent(name="a", text="Go on? Yes", by="person")


async def test_the_same_question_once_more_is_another_one(tmp_path: Path) -> None:
    def play(key: str) -> tuple[str, ...]:
        for state in (WorkstreamState.WORKING, WorkstreamState.WAITING):
            house.stream.emit(StateChanged(name="a", state=state, source=Source.HOOK, reason="again"))
        return menu(1)

    panes = PlayedPanes(menu(1), play)
    desk, house = make(tmp_path, panes)
    answer = await desk.answer(AnswerAgent(name="a", choice="1"))
    assert answer.data["question"]["text"] == "Go on?"


@pytest.mark.parametrize("name", ["p-1/build-1", "p/build-1"])
async def test_a_session_of_a_run_is_answered_by_its_full_name(tmp_path: Path, name: str) -> None:
    stages, tasks = (StageSpec(name="build"),), (TaskSpec(id="1"),)
    plan = RunPlan(name="p", into="main", target="main", stages=stages, tasks=tasks, agent="shell", max_sessions=1)
    begun = RunStarted(run="p-1", plan=plan, base_oid="0" * 40)
    session = SessionRecord(id="build-1", stage="build", tasks=("1",), agent="shell", pane="%7")
    panes = PlayedPanes(menu(1), lambda key: ("working",))
    desk, _ = make(tmp_path, panes, WorkstreamState.WORKING, begun, SessionStarted(run="p-1", session=session))
    answer = await desk.answer(AnswerAgent(name=name, choice="yes"))
    assert (answer.message, panes.typed) == ("p-1/build-1: answered 'Yes'", ["Enter"])
