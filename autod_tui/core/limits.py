"""What holds new work back though there is room for it: limits of cost and tokens, and rate limits of the models."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TypeVar

from msgspec import Struct

from autod_tui.core.agent_events import AgentsHeld, LimitRaised
from autod_tui.core.plan import Plan
from autod_tui.core.state import State
from autod_tui.core.usage import Usage, total_usage
from autod_tui.core.usage_words import cost_words, token_words

N = TypeVar("N", int, float)


class Limits(Struct, frozen=True, kw_only=True):
    """How much may be used; None for no limit."""

    cost_usd: float | None = None
    tokens: int | None = None


def limits_of(plan: Plan, state: State, name: str = "") -> Limits:
    """Return the limits of a workstream, or for an empty name of the project: the files', or more if so allowed."""
    declared = plan.workstream(name) if name else plan.project
    raised = state.raised.get(name) or LimitRaised(name=name)
    return Limits(
        cost_usd=_more(declared.max_cost_usd if declared else None, raised.cost_usd),
        tokens=_more(declared.max_tokens if declared else None, raised.tokens),
    )


def usages_of(state: State, name: str = "") -> list[Usage]:
    """Return what each conversation of a workstream has used; for an empty name those of all and of all runs."""
    if name:
        return list(state.workstream(name).spent.values())
    found = [usage for record in state.workstreams.values() for usage in record.spent.values()]
    return [*found, *(session.usage for run in state.runs.values() for session in run.sessions.values())]


def known_cost(usages: Iterable[Usage]) -> float:
    """Return the US dollars that were spent at least: what has no known price is not among them."""
    return sum(usage.cost_usd for usage in usages if usage.cost_usd is not None)


def limit_reason(plan: Plan, state: State, name: str = "") -> str:
    """Say that a workstream, or for an empty name the project, has used up what it may, and how to allow more."""
    limits = limits_of(plan, state, name)
    if limits.cost_usd is None and limits.tokens is None:
        return ""
    usages = usages_of(state, name)
    who, command = (name, f"autod allow {name}") if name else ("the project", "autod allow")
    spent, tokens = known_cost(usages), total_usage(usages).total or 0
    if limits.cost_usd is not None and spent >= limits.cost_usd:
        amount = f"{cost_words(spent)} of {cost_words(limits.cost_usd)}"
        return f"{who} has spent {amount}: {command} --cost USD allows more"
    if limits.tokens is not None and tokens >= limits.tokens:
        amount = f"{token_words(tokens)} of {token_words(limits.tokens)} tokens"
        return f"{who} has used {amount}: {command} --tokens N allows more"
    return ""


def family_of(plan: Plan, agent: str) -> str:
    """Return what shares rate limits with an agent profile; its own name when it is not declared."""
    profile = plan.agents.get(agent)
    return (profile.family or profile.name) if profile else agent


def held_by(plan: Plan, state: State, agent: str) -> AgentsHeld | None:
    """Return the rate limit that holds an agent profile back, or None."""
    return state.held.get(family_of(plan, agent)) if state.held else None


def held_words(held: AgentsHeld, now: float | None = None) -> str:
    """Return such as `claude is rate-limited, 4:10 left`; without `now` the time of day at which it ends."""
    if now is None:
        return f"{held.family} is rate-limited until {time.strftime('%H:%M:%S', time.localtime(held.until))}"
    return f"{held.family} is rate-limited, {left_words(held.until - now)} left"


def left_words(seconds: float) -> str:
    """Return such as `4:10` or `1:04:10`."""
    left = max(0, round(seconds))
    hours, minutes = left // 3600, left % 3600 // 60
    return f"{hours}:{minutes:02}:{left % 60:02}" if hours else f"{minutes}:{left % 60:02}"


def agents_held(plan: Plan, state: State, agents: Iterable[str], now: float | None = None) -> dict[str, str]:
    """Return which of these profiles may not start for a run now, and why."""
    over = limit_reason(plan, state)
    found: dict[str, str] = {}
    for agent in agents:
        held = held_by(plan, state, agent)
        if over:
            found[agent] = over
        elif held is not None:
            found[agent] = held_words(held, now)
    return found


def _more(declared: N | None, raised: N | None) -> N | None:
    known = [limit for limit in (declared, raised) if limit is not None]
    return max(known, default=None)
