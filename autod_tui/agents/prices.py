"""The price list that comes with autod."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from autod_tui.core.usage import Price, PriceList

_FILE = Path(__file__).with_name("prices.toml")
_DATE = re.compile(r'^date = "([^"]*)"$', re.MULTILINE)


def load_prices() -> PriceList:
    """Return the built-in prices; they are parsed when one is asked for, as most commands need none."""
    text = _FILE.read_text("utf-8")
    date = _DATE.search(text)
    return PriceList(date=date[1] if date else "", models=_Prices(text))


class _Prices(Mapping[str, Price]):
    def __init__(self, text: str) -> None:
        self._text = text
        self._parsed: dict[str, Price] | None = None

    def _models(self) -> dict[str, Price]:
        if self._parsed is None:
            tables = {name: one for name, one in tomllib.loads(self._text).items() if isinstance(one, dict)}
            self._parsed = {name: _price(table) for name, table in tables.items()}
        return self._parsed

    def __getitem__(self, model: str) -> Price:
        return self._models()[model]

    def __iter__(self) -> Iterator[str]:
        return iter(self._models())

    def __len__(self) -> int:
        return len(self._models())


def _price(table: Mapping[str, float]) -> Price:
    """Read one table; without a price of its own a cache costs what input costs."""
    dollars = table["input"]
    return Price(
        input=dollars,
        output=table["output"],
        cached=table.get("cached", dollars),
        written=table.get("written", dollars),
    )
