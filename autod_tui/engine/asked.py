"""What a screen asks, or asks still, where the patterns of a profile don't tell it."""

from __future__ import annotations

import msgspec

from autod_tui.core.agent_ports import AgentsPort
from autod_tui.core.pane_ports import Screen
from autod_tui.core.plan import AgentProfile
from autod_tui.core.workstream import Reading, Source, WorkstreamRecord, WorkstreamState
from autod_tui.core.writing import unwritten

_RESTS = frozenset({WorkstreamState.DONE, WorkstreamState.IDLE, WorkstreamState.FAILED, WorkstreamState.WAITING})
MAY_HAVE_ENDED = frozenset(
    {WorkstreamState.WORKING, WorkstreamState.RATE_LIMITED, WorkstreamState.IDLE, WorkstreamState.WAITING}
)
"""States of which a screen may tell that they are over."""


def asks(agents: AgentsPort, profile: AgentProfile, lines: tuple[str, ...]) -> Reading | None:
    """Read a question in a form that is known of others, where no pattern says how this agent asks."""
    question = None if profile.waiting else agents.read_question(profile, lines)
    if question is None or not question.choices:
        return None
    asked = question.text.splitlines() or [question.choices[0].label]
    said = next((row for row in reversed(asked) if row.rstrip().endswith("?")), asked[-1])
    return Reading(WorkstreamState.WAITING, said, Source.SCREEN)


def question_shown(agents: AgentsPort, profile: AgentProfile, lines: tuple[str, ...]) -> Reading | None:
    """Read nothing but a question by its profile's pattern, whatever else the screen shows."""
    patterns = msgspec.structs.replace(profile, working="", failed="", done="", rate_limited="")
    return agents.read_screen(patterns, lines)


def rest_shown(agents: AgentsPort, profile: AgentProfile, lines: tuple[str, ...]) -> Reading:
    """Read a screen that shows no work any more: it rests, or asks what this version of the agent tells by no event."""
    asked = question_shown(agents, profile, lines)
    if asked is not None and agents.read_question(profile, lines) is not None:
        return msgspec.structs.replace(asked, vague=True)
    return Reading(WorkstreamState.IDLE, "", Source.SCREEN, vague=True)


def still_written(
    agents: AgentsPort, profile: AgentProfile, record: WorkstreamRecord, screen: Screen
) -> Reading | None:
    """Read a screen on which a person has begun to write to an agent at rest: until that is sent, it rests."""
    if record.state not in _RESTS or record.source is not Source.SCREEN:
        return None
    lines = unwritten(screen)
    reading = agents.read_screen(profile, lines) if lines is not None else None
    return reading if reading is not None and reading.state is record.state else None
