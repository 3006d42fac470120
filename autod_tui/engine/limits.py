"""Limits: a person allows more than the files do."""

from __future__ import annotations

from autod_tui.core.agent_events import LimitRaised
from autod_tui.core.errors import RefusedError, UsageError
from autod_tui.core.limits import known_cost, limit_reason, limits_of, usages_of
from autod_tui.core.requests import Answer, RaiseLimit
from autod_tui.core.usage import total_usage
from autod_tui.core.usage_words import cost_words, token_words
from autod_tui.engine.house import House


def raise_limit(house: House, request: RaiseLimit) -> Answer:
    """Let a workstream, or the project, use up to what is asked; what was held back by its limit starts by itself.

    Raises UsageError for an amount that makes no sense, RefusedError for one that is allowed or used already.
    """
    name = request.name
    if name:
        house.specs((name,))
    if request.cost_usd is None and request.tokens is None:
        raise UsageError("nothing to allow", hint="--cost USD, --tokens N, or both")
    if not 0 <= (request.cost_usd or 0) < float("inf") or (request.tokens or 0) < 0:
        raise UsageError("a limit can't be less than nothing or without end")
    _refuse_less(house, request)
    house.stream.emit(LimitRaised(name=name, cost_usd=request.cost_usd, tokens=request.tokens))
    over = limit_reason(house.plan, house.state, name) or limit_reason(house.plan, house.state)
    message = f"{name or 'the project'} may use up to {_amounts(request)}"
    return Answer(message=message, hint=over, data={"name": name, "held": over or None})


def _refuse_less(house: House, request: RaiseLimit) -> None:
    """A limit is raised, not lowered; and one that is used up already would allow nothing."""
    name, who = request.name, request.name or "the project"
    limits, usages = limits_of(house.plan, house.state, name), usages_of(house.state, name)
    spent, used = known_cost(usages), total_usage(usages).total or 0
    hint = "max_cost_usd and max_tokens in the files set a lower one"
    if request.cost_usd is not None:
        if limits.cost_usd is not None and request.cost_usd < limits.cost_usd:
            raise RefusedError(f"{who} may spend {cost_words(limits.cost_usd)} already", hint=hint)
        if request.cost_usd <= spent and spent:
            raise RefusedError(f"{who} has spent {cost_words(spent)} already", hint="allow more than that")
    if request.tokens is not None:
        if limits.tokens is not None and request.tokens < limits.tokens:
            raise RefusedError(f"{who} may use {token_words(limits.tokens)} tokens already", hint=hint)
        if request.tokens <= used and used:
            raise RefusedError(f"{who} has used {token_words(used)} tokens already", hint="allow more than that")


def _amounts(request: RaiseLimit) -> str:
    parts = [] if request.cost_usd is None else [cost_words(request.cost_usd)]
    return " and ".join([*parts, *([] if request.tokens is None else [f"{token_words(request.tokens)} tokens"])])
