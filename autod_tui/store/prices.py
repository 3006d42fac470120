"""The `[prices]` tables, of a repository or of a user: prices of one's own, laid over those known already."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from autod_tui.core.errors import Problem
from autod_tui.core.usage import Price, PriceList
from autod_tui.store.fields import Table
from autod_tui.store.toml import read_toml

USER_PRICES_FILE = "prices.toml"


def read_user_prices(path: Path, known: PriceList, problems: list[Problem]) -> PriceList:
    """Return the prices of a user's own file laid over `known`; mistakes, which name the file, go to `problems`."""
    values = read_toml(path, str(path), problems)
    if values is None:
        return known
    table = Table(values, str(path), problems)
    prices = read_prices(table, known)
    table.finish()
    return prices


def read_prices(root: Table, known: PriceList) -> PriceList:
    """Return `known` with the models of `[prices]` added or laid over it; mistakes go to `root`."""
    tables = dict(root.named_tables("prices"))
    own = {name: price for name, table in tables.items() if (price := _read_price(table)) is not None}
    return replace(known, models={**known.models, **own}) if own else known


def _read_price(table: Table) -> Price | None:
    """Read one model; a cache costs what input costs, unless the table says otherwise."""
    dollars = {key: _amount(table, key) for key in ("input", "output", "cached", "written")}
    table.finish()
    given = dollars["input"]
    if given is None or dollars["output"] is None:
        missing = [key for key in ("input", "output") if not table.has(key)]
        if missing:
            table.problem(
                "", f"has no {' and no '.join(f'`{key}`' for key in missing)}", "dollars for a million tokens"
            )
        return None
    return Price(
        input=given,
        output=dollars["output"],
        cached=_or(dollars["cached"], given),
        written=_or(dollars["written"], given),
    )


def _amount(table: Table, key: str) -> float | None:
    amount = table.number(key)
    if amount is not None and amount < 0:
        table.problem(key, f"{amount:g} is less than nothing")
        return None
    return amount


def _or(amount: float | None, otherwise: float) -> float:
    return otherwise if amount is None else amount
