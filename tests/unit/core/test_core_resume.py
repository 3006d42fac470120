"""Who can go on with a conversation."""

from __future__ import annotations

from typing import Any

import pytest

from autod_tui.core.agent_events import ConversationKnown
from autod_tui.core.events import AgentStarted, AgentStopped, Event, Recorded, StateChanged, WorktreeRemoved
from autod_tui.core.plan import AgentProfile
from autod_tui.core.replay import replay
from autod_tui.core.resume import conversation_to_resume
from autod_tui.core.state import State
from autod_tui.core.workstream import Source, WorkstreamState
from tests.support.engine import make_plan

W = WorkstreamState
RESUMES = AgentProfile(name="claude", command=("claude",), resume=("claude", "--resume", "{session_id}"))
PLAN = make_plan(agents={"claude": RESUMES, "aider": AgentProfile(name="aider", command=("aider",))})


def started(session: str = "s", **fields: Any) -> AgentStarted:
    usual = {"name": "a", "agent": "claude", "model": "", "window": "@1", "pane": "%1", "pid": 1}
    return AgentStarted(**{**usual, "session": session, **fields})


def became(state: WorkstreamState, reason: str = "") -> StateChanged:
    return StateChanged(name="a", state=state, reason=reason, source=Source.PROCESS)


def after(*events: Event) -> State:
    return replay(Recorded(seq, float(seq), event) for seq, event in enumerate(events, 1))


AGAIN = started("t", resumed=True)
KNOWN_AGAIN = ConversationKnown(name="a", session="t", conversation="c")
ENDED = became(W.FAILED, "exit status 1")
LONG = tuple(became(W.WORKING) for _ in range(10))
"""Events are a second apart here."""
KNOWN = ConversationKnown(name="a", session="s", conversation="c")
CASES: list[tuple[str, tuple[Event, ...], str]] = [
    ("killed", (started(), KNOWN, became(W.FAILED)), "c"),
    ("lost", (started(), KNOWN, became(W.LOST)), "c"),
    ("left", (started(), KNOWN, became(W.EXITED)), "c"),
    ("stopped", (started(), KNOWN, AgentStopped(name="a")), "c"),
    ("adopted", (started(), KNOWN, started(adopted=True), became(W.LOST)), "c"),
    ("resumed in vain", (started(), KNOWN, became(W.FAILED), AGAIN, KNOWN_AGAIN, ENDED), ""),
    ("resumed, then killed", (started(), KNOWN, became(W.FAILED), AGAIN, KNOWN_AGAIN, became(W.FAILED)), "c"),
    ("resumed well", (started(), KNOWN, became(W.FAILED), AGAIN, KNOWN_AGAIN, *LONG, ENDED), "c"),
    ("alive", (started(), KNOWN, became(W.WORKING)), ""),
    ("done", (started(), KNOWN, became(W.DONE)), ""),
    ("done, then lost", (started(), KNOWN, became(W.DONE), became(W.LOST)), "c"),
    ("done, then killed", (started(), KNOWN, became(W.DONE), became(W.FAILED)), "c"),
    ("done, then left", (started(), KNOWN, became(W.DONE), became(W.EXITED)), ""),
    ("done, then stopped", (started(), KNOWN, became(W.DONE), AgentStopped(name="a")), ""),
    ("unknown", (started(), became(W.FAILED)), ""),
    ("begun anew", (started(), KNOWN, became(W.FAILED), started("t"), became(W.FAILED)), ""),
    ("of another session", (started("t"), KNOWN, became(W.FAILED)), ""),
    ("of another agent", (started(agent="aider"), KNOWN, became(W.FAILED)), ""),
    ("worktree removed", (started(), KNOWN, became(W.FAILED), WorktreeRemoved(name="a", backup="")), ""),
]


@pytest.mark.parametrize(("events", "conversation"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_resumed(events: tuple[Event, ...], conversation: str) -> None:
    record = after(*events).workstream("a")
    assert conversation_to_resume(PLAN, record, "claude") == conversation
    assert conversation_to_resume(PLAN, record, "aider") == ""
