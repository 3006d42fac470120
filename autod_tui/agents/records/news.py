"""What a record tells, whatever its form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from msgspec import Struct

from autod_tui.agents.records.sums import Sums, larger
from autod_tui.core.usage import Tokens
from autod_tui.core.workstream import Reading


class News(Struct, frozen=True, kw_only=True):
    """What a record tells by now."""

    models: Mapping[str, Tokens] | None = None
    """Model to all that the conversation has used; None when that is nothing, or as it was at the last read."""
    reported_usd: float | None = None
    """The agent's own word on the cost of it all; None when it says nothing."""
    reading: Reading | None = None
    """The state it told last; None when it told none, or has gone on since."""
    read_at: float = 0.0
    """Unix time at which it told that; 0: unknown."""
    conversation: str = ""


class Readable(Protocol):
    """A record that grows."""

    def read_new(self) -> News:
        """Read what was added since the last call; may take long."""
        ...


class Teller:
    """Makes news of sums: what is as it was at the last time is none."""

    def __init__(self) -> None:
        """Begin with nothing told."""
        self._told: tuple[Mapping[str, Tokens], float | None] = ({}, None)

    def news(self, main: Sums, parts: Iterable[Sums]) -> News:
        """Return what `parts`, `main` among them, tell together; state and conversation are those of `main`."""
        others: dict[str, Tokens] = {}
        costs: list[float] = []
        for sums in parts:
            costs += [] if sums.reported_usd is None else [sums.reported_usd]
            if sums is not main:
                others = _together(others, sums.models)
        models = _together(main.models, larger(others, main.unrecorded))
        told = (models, sum(costs) if costs else None)
        changed, self._told = told != self._told, told
        return News(
            models=models if changed and models else None,
            reported_usd=told[1],
            reading=main.reading,
            read_at=main.read_at,
            conversation=main.conversation,
        )


def _together(one: Mapping[str, Tokens], other: Mapping[str, Tokens]) -> dict[str, Tokens]:
    return {model: one.get(model, Tokens()) + other.get(model, Tokens()) for model in {**one, **other}}
