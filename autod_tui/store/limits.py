"""Limits in files: `max_cost_usd` and `max_tokens`."""

from __future__ import annotations

from autod_tui.store.fields import Table

MOST_TOKENS = 10**15


def read_cost_limit(table: Table) -> float | None:
    """Read `max_cost_usd`, US dollars; None for no limit."""
    limit = table.number("max_cost_usd")
    if limit is not None and limit < 0:
        table.problem("max_cost_usd", f"{limit:g} is less than nothing", "leave it out for no limit")
        return None
    return limit


def read_token_limit(table: Table) -> int | None:
    """Read `max_tokens`; None for no limit."""
    limit = table.whole("max_tokens", 0, least=0, most=MOST_TOKENS)
    return limit if table.has("max_tokens") else None
