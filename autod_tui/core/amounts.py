"""Amounts: money and tokens as people type them, numbers of things as people read them."""

from __future__ import annotations

from autod_tui.core.errors import UsageError

_UNITS = {"k": 1_000, "m": 1_000_000}


def dollars_of(text: str) -> float:
    """Read US dollars, such as `12.50` or `$12.50`; UsageError for anything else."""
    try:
        dollars = float(text.strip().removeprefix("$"))
    except ValueError:
        dollars = -1.0
    if not 0 <= dollars < float("inf"):
        raise UsageError(f"{text!r} is no amount of US dollars", hint="such as 12.50")
    return dollars


def tokens_of(text: str) -> int:
    """Read a number of tokens, such as `500000`, `500k` or `2M`; UsageError for anything else."""
    number = text.strip().lower()
    factor = _UNITS.get(number[-1:], 1)
    try:
        tokens = round(float(number.rstrip("km").replace("_", "")) * factor)
    except (ValueError, OverflowError):
        tokens = -1
    if tokens < 0:
        raise UsageError(f"{text!r} is no number of tokens", hint="such as 500000, 500k or 2M")
    return tokens


def count(number: int, noun: str, plural: str = "") -> str:
    """Return `1 file`, `2 files`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
