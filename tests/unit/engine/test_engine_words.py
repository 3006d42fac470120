"""Mere words change nothing: every real screen, read as that of every agent, while better sources speak."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path

import pytest

from autod_tui.adapters import Agents
from autod_tui.agents.profiles import load_profiles
from autod_tui.core import events as ev
from autod_tui.core import readiness
from autod_tui.core.events import Recorded
from autod_tui.core.pane_ports import PaneEvent
from autod_tui.core.plan import AgentProfile
from autod_tui.core.workstream import Reading, Source, WorkstreamState
from autod_tui.engine import resting
from autod_tui.engine import screens as room
from autod_tui.engine.vigil import Vigil
from tests.support.engine import MemoryPanes, make_house, make_plan, workstream

S = WorkstreamState
SCREENS = Path(__file__).parents[2] / "data" / "screens"
PROFILES = load_profiles()
COLOURS = re.compile(r"\x1b\[[0-9;:]*m")
BLOCKED = "\033]7501;state=blocked\007 ]7501;state=blocked:kind=question"
FAKES = {
    "waits of all": (
        "Do you want to proceed?",
        "❯ 1. Yes",
        "(Y)es/(N)o: ",
        "Permission required",
        "Apply this change?",
    ),
    "words of an escape sequence": (BLOCKED, "]0;✋ Action Required"),
    "failures": ("● API Error: 500", "■ it failed", "Please run /login"),
    "a retry that stands still": ("✻ API error · Retrying in 5s · attempt 2/10", "• Reconnecting... 2/2 (2s • esc)"),
}


class Stage:
    """One working agent of a profile whose pane shows what the test decides."""

    def __init__(self, directory: Path, agent: str) -> None:
        own = AgentProfile(name="own", command=("own",), family="own")
        plan = make_plan([workstream("a", agent=agent)], agents={**PROFILES, "own": own})
        started = ev.AgentStarted(name="a", session="s", agent=agent, model="", window="@1", pane="%1", pid=7)
        self.panes = MemoryPanes()
        self.house = make_house(plan, directory, started, panes=self.panes, agents=Agents())
        self.house.stream.clock = time.time
        self.vigil = Vigil(self.house)

    async def tell(self, *events: PaneEvent) -> None:
        """Let the vigil hear `events` and take all looks that are due."""
        for event in (*events, None):
            self.panes.told.put_nowait(event)
        await asyncio.wait_for(self.vigil.run(), 5)
        screens = self.vigil._screens
        while screens._timers or screens._looks:
            await asyncio.sleep(0)

    async def until(self, state: S) -> None:
        """Wait until the agent was in `state`."""
        reached = asyncio.Event()

        def hear(entries: tuple[Recorded, ...]) -> None:
            if any(isinstance(one.event, ev.StateChanged) and one.event.state is state for one in entries):
                reached.set()

        stop = self.house.stream.listen(hear)
        if self.house.state.workstream("a").state is not state:
            await asyncio.wait_for(reached.wait(), 5)
        stop()

    async def show(self, lines: tuple[str, ...], times: int = 3) -> list[str]:
        """Show `lines` while the agent prints on, and return the states that follow."""
        changes: list[str] = []
        stop = self.house.stream.listen(
            lambda entries: changes.extend(e.event.state for e in entries if isinstance(e.event, ev.StateChanged))
        )
        self.panes.screens["%1"] = lines
        for _ in range(times):
            await self.tell(PaneEvent(kind="output", pane="%1"))
        stop()
        return changes


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "QUIET_AFTER",
        "QUIET_SOON",
        "AGREE_LOOKS",
        "AT_LATEST",
        "RETRY_LOOKS",
        "FIRST_LOOK",
        "LIMIT_EVERY",
        "SHARE",
    ):
        monkeypatch.setattr(room, name, 0.0)
    monkeypatch.setattr(resting, "SURE_AFTER", 0.0)


WORKS = PaneEvent(kind="osc", pane="%1", data="7501;state=working")


def draws_retry(profile: AgentProfile, lines: tuple[str, ...]) -> bool:
    """Tell whether a retry stands where only this agent draws."""
    return bool(profile.retrying) and any(re.search(profile.retrying, COLOURS.sub("", line)) for line in lines)


@pytest.mark.parametrize("agent", PROFILES)
async def test_no_screen_moves_an_agent_that_says_it_works(
    tmp_path: Path, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "STILL", 60.0)  # that work is shown no more is another matter
    stage = Stage(tmp_path, agent)
    await stage.tell(WORKS)
    screens = {path.name: tuple(path.read_text().split("\n")) for path in sorted(SCREENS.glob("*.ansi.txt"))}
    for name, lines in (screens | {name: ("some text", *fake) for name, fake in FAKES.items()}).items():
        if not draws_retry(PROFILES[agent], lines):  # which no text can
            assert await stage.show(lines) == [], name
    assert stage.house.state.workstream("a").state is S.WORKING


async def test_titles_of_its_programs_move_no_agent_that_says_it_works(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "gemini")
    await stage.tell(WORKS)
    await stage.tell(PaneEvent(kind="title", pane="%1", data="✋  Action Required (fake)"))
    await stage.tell(PaneEvent(kind="osc", pane="%1", data="9;Claude is waiting for you"))
    assert stage.house.state.workstream("a").state is S.WORKING


async def test_an_agent_that_says_nothing_better_is_read_by_its_own_screen(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "opencode")
    for name, state in (("permission-bash", "waiting"), ("busy-tool", "working"), ("permission-write", "waiting")):
        lines = tuple((SCREENS / f"opencode-{name}.ansi.txt").read_text().split("\n"))
        await stage.show(lines)
        assert stage.house.state.workstream("a").state.value == state


async def test_a_program_of_ones_own_waits_where_its_screen_ends_with_a_question(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "own")
    assert await stage.show(("Removing all.", "Go on? [y/N]")) == ["working", "waiting"]
    assert "Go on?" in stage.house.state.workstream("a").reason
    assert await stage.show(("Removing all.", "Go on? [y/N] y", "Done.")) == ["working"]
    assert await stage.show(("Which?", "❯ 1. Red", "  2. Blue", "Enter to select")) == ["waiting"]
    await stage.tell(WORKS)
    assert await stage.show(("Go on? [y/N]",)) == []


async def test_a_retry_that_counts_is_a_rate_limit_and_its_end_is_work(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "claude")
    await stage.tell(WORKS)
    lines = (SCREENS / "claude-err-e429-early.ansi.txt").read_text()
    changes = []
    for left in ("5s", "4s", "3s"):
        changes += await stage.show(tuple(lines.replace("in 5s", f"in {left}").split("\n")), times=1)
    assert changes == ["rate-limited"]
    assert stage.house.state.workstream("a").until > time.time()
    assert await stage.show(tuple(lines.replace("in 5s", "in 0s").split("\n")), times=1) == ["working"]
    assert await stage.show(("nothing",)) == []


def shot(name: str) -> tuple[str, ...]:
    return tuple((SCREENS / f"{name}.ansi.txt").read_text().split("\n"))


ASKS = PaneEvent(kind="osc", pane="%1", data="7501;state=blocked")


@pytest.mark.parametrize(("shown", "state"), [("qwen-busy-streaming", S.WORKING), ("qwen-idle-denied", S.IDLE)])
async def test_an_answer_that_no_event_tells_is_seen_on_the_screen(tmp_path: Path, shown: str, state: S) -> None:
    stage = Stage(tmp_path, "qwen")
    await stage.tell(WORKS)
    await stage.tell(ASKS)
    assert await stage.show(shot("qwen-busy-thinking")) == []  # the question is not drawn yet
    assert await stage.show(shot("qwen-permission-bash")) == []
    await stage.show(shot(shown))
    await stage.until(state)
    await stage.tell(ASKS)
    assert stage.house.state.workstream("a").state is S.WAITING


async def test_a_question_that_is_only_drawn_anew_still_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "AGREE", 60.0)
    stage = Stage(tmp_path, "qwen")
    await stage.tell(WORKS)
    await stage.tell(ASKS)
    for name in ("qwen-permission-bash", "qwen-busy-thinking", "qwen-permission-bash"):
        assert await stage.show(shot(name)) == []
    monkeypatch.setattr(readiness, "AGREE", 0.0)
    stage.vigil._minds.look_again()
    assert stage.house.state.workstream("a").state is S.WAITING


async def test_a_retry_whose_line_does_not_count_ends_when_it_said(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "aider")
    broken = shot("aider-err-500-late")
    assert await stage.show(broken) == ["working"]
    lines = tuple(line.replace("InternalServerError", "RateLimitError") for line in broken)
    assert await stage.show(lines) == ["rate-limited"]
    until = stage.house.state.workstream("a").until
    assert until > time.time()
    assert await stage.show(lines) == []
    stage.house.stream.clock = lambda: until
    assert await stage.show(lines) == ["working"]
    assert await stage.show((*lines[:3], "All done.", "> ")) == ["done"]


async def test_the_failure_that_no_title_tells_is_read_from_the_screen(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "gemini")
    await stage.tell(PaneEvent(kind="title", pane="%1", data="✦  Working… (repo)"))
    stage.panes.screens["%1"] = (" > go", "✕ [API Error: it broke]", " >   Type your message or @path/to/file")
    await stage.tell(PaneEvent(kind="title", pane="%1", data="◇  Ready (repo)"))
    await stage.until(S.FAILED)
    assert "it broke" in stage.house.state.workstream("a").reason
    await stage.tell(PaneEvent(kind="title", pane="%1", data="✦  Working… (repo)"))
    await stage.until(S.WORKING)


async def test_the_failure_that_no_event_tells_is_read_from_the_screen(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "codex")
    profile = stage.house.plan.agents["codex"]
    assert profile.hook_states == {}
    await stage.tell(WORKS, PaneEvent(kind="title", pane="%1", data="⠋ stand-in | repo"))
    stage.panes.screens["%1"] = tuple((SCREENS / "codex-err-cx500-late.ansi.txt").read_text().split("\n"))
    await stage.tell(PaneEvent(kind="title", pane="%1", data="stand-in | repo"))
    await stage.until(S.IDLE)
    await stage.until(S.FAILED)
    assert stage.house.state.workstream("a").reason.startswith("■")


async def test_events_of_an_agent_whose_hooks_say_all_are_not_its_programs(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "claude")
    record = stage.house.state.workstream("a")
    minds = stage.vigil._minds
    minds.hear(record, Reading(S.WORKING, "", Source.HOOK))
    await stage.tell(PaneEvent(kind="osc", pane="%1", data="7501;state=done"))
    assert stage.house.state.workstream("a").state is S.WORKING


async def test_hooks_that_never_tell_of_work_only_call_for_a_look(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "aider")
    await stage.show(("diff> do it", "Waiting"))
    assert stage.house.state.workstream("a").state is S.WORKING
    stage.panes.screens["%1"] = ("ls -la", "Run shell command? (Y)es/(N)o/(D)on't ask again [Yes]: ")
    stage.vigil._minds.hear(stage.house.state.workstream("a"), Reading(S.IDLE, "", Source.HOOK))
    await stage.until(S.WAITING)
    await stage.show(("Applied edit to notes.txt", "diff> "))
    assert stage.house.state.workstream("a").state is S.DONE
    await stage.show(("diff> go on", "Waiting"))
    assert stage.house.state.workstream("a").state is S.WORKING


LIMITED = Reading(S.RATE_LIMITED, "rate_limit_exceeded: Too many requests", Source.HOOK, vague=True)


async def test_an_answer_that_comes_in_ends_a_limit_of_which_only_its_beginning_is_told(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "copilot")
    record = stage.house.state.workstream("a")
    stage.vigil._minds.hear(record, LIMITED)
    assert stage.house.state.workstream("a").state is S.RATE_LIMITED
    assert await stage.show((" ◎ Working · 91 B esc esc interrupt",)) == []
    assert await stage.show((" ● Working · 91 B esc esc interrupt",)) == []
    assert await stage.show((" ◉ Working · 187 B esc esc interrupt",)) == ["working"]


def reckoned(wait: float) -> Reading:
    """What a log tells of a refusal after which the agent waits for so long, at most."""
    return Reading(S.RATE_LIMITED, "429: Too many requests", Source.RECORDS, time.time() + wait, vague=True)


WAITS = (" > go on", " ⠹ Thinking... (esc to cancel, 3s)")


@pytest.mark.parametrize("answer", ["✦ I look at it.", "│ ⊶  Shell sleep 3 │"])
async def test_words_and_tools_end_each_limit_whose_end_is_only_reckoned(tmp_path: Path, answer: str) -> None:
    stage = Stage(tmp_path, "gemini")
    stage.vigil._minds.hear(stage.house.state.workstream("a"), Reading(S.WORKING, "", Source.TITLE))
    shown: tuple[str, ...] = ("✦ Hello.", *WAITS)
    for _ in range(2):
        stage.vigil._minds.hear(stage.house.state.workstream("a"), reckoned(9))
        assert stage.house.state.workstream("a").state is S.RATE_LIMITED
        assert await stage.show(("✦ What was said before that.", *shown)) == []
        assert await stage.show(shown) == []
        assert await stage.show((*shown[:-1], " ⠸ Thinking... (esc to cancel, 4s)")) == []
        shown = (*shown[:-1], answer, shown[-1])
        assert await stage.show(shown) == ["working"]
