"""Tokens and money in words for people."""

from __future__ import annotations

from autod_tui.core.usage import Usage

UNKNOWN = "?"


def token_words(count: int | None) -> str:
    """Return such as `870`, `12.3k` or `4.56M`; `?` when unknown."""
    if count is None:
        return UNKNOWN
    if count < 1000:
        return str(count)
    if count < 99_950:
        return f"{count / 1000:.1f}k"
    return f"{count / 1000:.0f}k" if count < 999_500 else f"{count / 1_000_000:.2f}M"


def cost_words(dollars: float | None) -> str:
    """Return such as `$0.42`; `?` when unknown, and `<$0.01` for what rounds to nothing."""
    if dollars is None:
        return UNKNOWN
    return "<$0.01" if 0 < dollars < 0.005 else f"${dollars:,.2f}"


def usage_words(usage: Usage) -> str:
    """Return such as `12.3k tokens, $0.42`; empty when nothing is known to have been used."""
    if usage.total is None and usage.cost_usd is None:
        return ""
    return f"{token_words(usage.total)} tokens, {cost_words(usage.cost_usd)}"


def usage_json(usage: Usage) -> dict[str, object]:
    """Return the documented keys `tokens` and `cost_usd`; null when unknown."""
    counts = {"input": usage.input, "output": usage.output, "cached": usage.cached}
    known = any(count is not None for count in counts.values())
    return {"tokens": counts if known else None, "cost_usd": usage.cost_usd}
