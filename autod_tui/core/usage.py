"""Tokens and money: what agents used, and what that costs by a price list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct

PER = 1_000_000
"""Prices are for this many tokens."""


class Tokens(Struct, frozen=True, kw_only=True):
    """Counts of one model; the four never overlap."""

    input: int = 0
    """Read anew: neither from nor into a cache."""
    output: int = 0
    cached: int = 0
    """Read from the model's prompt cache."""
    written: int = 0
    """Written to the model's prompt cache."""

    def __add__(self, other: Tokens) -> Tokens:
        """Return both together."""
        return Tokens(
            input=self.input + other.input,
            output=self.output + other.output,
            cached=self.cached + other.cached,
            written=self.written + other.written,
        )

    @property
    def total(self) -> int:
        """All tokens, whatever their price."""
        return self.input + self.output + self.cached + self.written


class Usage(Struct, frozen=True, kw_only=True):
    """What was used; None where nothing is known, which is not the same as nothing."""

    input: int | None = None
    """Without what came from a cache; tokens written to a cache are counted here."""
    output: int | None = None
    cached: int | None = None
    cost_usd: float | None = None
    models: Mapping[str, Tokens] = {}
    """Model name, as the agent's records call it, to its counts."""

    @property
    def total(self) -> int | None:
        """All tokens; None when unknown."""
        known = [count for count in (self.input, self.output, self.cached) if count is not None]
        return sum(known) if known else None


class Price(Struct, frozen=True, kw_only=True):
    """US dollars for a million tokens."""

    input: float
    output: float
    cached: float
    written: float


_EDITION = re.compile(r"(?:[-@:](?:\d{4}-?\d\d-?\d\d|latest|v\d[\w.:]*|preview[\w-]*|exp[\w-]*|free)|\[\w+\])*\Z")
"""What may follow a model's name and leave it the same model: dates and editions, but no other number or word."""


class PriceList(Struct, frozen=True, kw_only=True):
    """Prices by a model's name; one holds for its dated editions too, and the longest one that fits counts."""

    date: str = ""
    """Day of the list, such as `2026-11-01`."""
    models: Mapping[str, Price] = {}

    def of(self, model: str) -> Price | None:
        """Return the price of `model`, or None when the list doesn't know it; a provider before `/` may be left out."""
        for name in dict.fromkeys((model, model.rpartition("/")[2])):
            fits = [one for one in self.models if name.startswith(one) and _EDITION.match(name, len(one))]
            if fits:
                return self.models[max(fits, key=len)]
        return None


def cost(models: Mapping[str, Tokens], prices: PriceList) -> float | None:
    """Return the cost in US dollars; None when the price of any model that was used is unknown."""
    total = 0.0
    for model, used in models.items():
        price = prices.of(model)
        if price is None and used.total:
            return None
        if price is not None:
            total += used.input * price.input + used.output * price.output
            total += used.cached * price.cached + used.written * price.written
    return total / PER


def usage_of(models: Mapping[str, Tokens], prices: PriceList, reported_usd: float | None = None) -> Usage:
    """Sum one session up; `reported_usd` is the agent's own word, taken where the price list has none."""
    if not models:
        return Usage(cost_usd=reported_usd)
    sums = sum(models.values(), Tokens())
    priced = cost(models, prices)
    return Usage(
        input=sums.input + sums.written,
        output=sums.output,
        cached=sums.cached,
        cost_usd=reported_usd if priced is None else priced,
        models=models,
    )


def never_less(told: Mapping[str, Tokens], known: Mapping[str, Tokens]) -> dict[str, Tokens]:
    """Return what was used by model, where `known` is what was told of the same before.

    What was used stays used, also if the agent has removed what told it.
    """
    both = {model: (told.get(model, Tokens()), known.get(model, Tokens())) for model in {**known, **told}}
    return {model: max(counts, key=lambda used: used.total) for model, counts in both.items()}


def total_usage(usages: Iterable[Usage]) -> Usage:
    """Add what is known up; a cost is only told when every session that used tokens has one."""
    found = [one for one in usages if one.total is not None or one.cost_usd is not None]
    costs = [one.cost_usd for one in found]
    models: dict[str, Tokens] = {}
    for one in found:
        for model, used in one.models.items():
            models[model] = models.get(model, Tokens()) + used
    return Usage(
        input=_sum(one.input for one in found),
        output=_sum(one.output for one in found),
        cached=_sum(one.cached for one in found),
        cost_usd=sum(known for known in costs if known is not None) if costs and None not in costs else None,
        models=models,
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
