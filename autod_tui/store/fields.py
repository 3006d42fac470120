"""Typed reading of TOML tables that collects every mistake instead of stopping at the first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, TypeVar

from autod_tui.core.errors import Problem
from autod_tui.core.names import nearest

T = TypeVar("T")
K = TypeVar("K")
_DURATION = re.compile(r"(\d+(?:\.\d+)?) ?(ms|s|m|h|d)\Z", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_KINDS: dict[object, str] = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table",
}
_BARE = re.compile(r"[A-Za-z0-9_-]+\Z", re.ASCII)


def quoted(value: object) -> str:
    """Show a value as the user wrote it, cut to a readable length."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


class Table:
    """One TOML table under inspection; every reader returns the default where the value is wrong or missing."""

    def __init__(self, values: dict[str, Any], file: str, problems: list[Problem], prefix: str = "") -> None:
        """Inspect `values` of `file`, found under the dotted key `prefix`."""
        self.values = values
        self.file = file
        self.problems = problems
        self.prefix = prefix
        self._asked: set[str] = set()

    def key(self, name: str) -> str:
        """Return the full dotted key of `name` in this table."""
        part = name if _BARE.match(name) else f'"{name}"'
        return f"{self.prefix}.{part}" if self.prefix else part

    def problem(self, name: str, message: str, hint: str = "") -> None:
        """Add a mistake at `name`, or at the table itself when empty."""
        self.problems.append(Problem(self.file, self.key(name) if name else self.prefix, message, hint))

    def has(self, name: str) -> bool:
        """Tell whether the table holds `name`, right or wrong."""
        return name in self.values

    def text(self, name: str, default: str = "") -> str:
        """Read a string without NUL."""
        value = self._read(name, str, default)
        if "\0" in value:
            self.problem(name, "must not hold a NUL character")
            return default
        return value

    def flag(self, name: str, default: bool) -> bool:
        """Read true or false."""
        return self._read(name, bool, default)

    def whole(self, name: str, default: int, *, least: int, most: int) -> int:
        """Read a whole number within bounds."""
        value = self._read(name, int, default)
        if not least <= value <= most:
            self.problem(name, f"{value} is not between {least} and {most}")
            return default
        return value

    def number(self, name: str) -> float | None:
        """Read a finite number, or None when it isn't there."""
        value = self._read(name, float, None)
        if value is not None and not abs(value) < float("inf"):
            self.problem(name, f"{value} is not a finite number")
            return None
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Read a list of strings; items of another kind are mistakes of their own."""
        items: list[Any] = self._read(name, list, [])
        for index, item in enumerate(items):
            if not isinstance(item, str) or "\0" in item:
                self.problem(f"{name}", f"item {index + 1} must be a text, not {quoted(item)}")
        return tuple(item for item in items if isinstance(item, str) and "\0" not in item)

    def duration(self, name: str, default: float, *, zero: bool = False) -> float:
        """Read seconds as `30s`, `10m`, `1h`, or a bare number of seconds; more than 0, or `zero` as well."""
        value = self._take(name)
        if value is None:
            return default
        seconds = _seconds(value)
        if seconds is None or not (0 < seconds <= 366 * 86400 or (zero and seconds == 0)):
            self.problem(name, f"{quoted(value)} is not a duration", 'write it as "30s", "10m" or "1h"')
            return default
        return seconds

    def pattern(self, name: str, default: str = "", *, group: bool = False) -> str:
        """Read a regular expression, with at least one group when `group`."""
        text = self.text(name, default)
        try:
            groups = re.compile(text).groups
        except (re.error, RecursionError, OverflowError) as error:
            self.problem(name, f"{quoted(text)} is not a regular expression: {error}")
            return default
        if group and text and not groups:
            self.problem(name, f"{quoted(text)} has no group", "put the number in parentheses: '(\\d+)%'")
            return default
        return text

    def moment(self, name: str) -> float | None:
        """Read a date or time (TOML's own or an ISO string) as Unix seconds; a bare date means its end, local time."""
        value = self._take(name)
        if value is None:
            return None
        moment = _moment(value)
        if moment is None:
            self.problem(name, f"{quoted(value)} is not a date", "write it as 2025-10-20 or 2025-10-20T18:00:00")
        return moment

    def mapping(self, name: str) -> dict[str, str]:
        """Read a table of strings, in the order written."""
        table = self.table(name)
        return {key: table.text(key) for key in table.values if isinstance(table.values[key], str) or table.text(key)}

    def table(self, name: str) -> Table:
        """Read a sub-table; an empty one when it isn't there."""
        return Table(self._read(name, dict, {}), self.file, self.problems, self.key(name))

    def named_tables(self, name: str) -> Iterator[tuple[str, Table]]:
        """Yield the sub-tables of table `name` with their names."""
        outer = self.table(name)
        for key in outer.values:
            yield key, outer.table(key)

    def tables(self, name: str) -> list[Table]:
        """Read an array of tables."""
        items: list[Any] = self._read(name, list, [])
        found = []
        for index, item in enumerate(items):
            if isinstance(item, dict):
                found.append(Table(item, self.file, self.problems, f"{self.key(name)}[{index}]"))
            else:
                self.problem(name, f"item {index + 1} must be a table, not {quoted(item)}", f"write [[{name}]]")
        return found

    def finish(self) -> None:
        """Report every key that nobody asked for, with the nearest known one."""
        for name in self.values:
            if name not in self._asked:
                near = nearest(name, self._asked)
                hint = f"did you mean {near!r}?" if near else f"known: {', '.join(sorted(self._asked))}"
                self.problem(name, f"unknown key {name!r}", hint)

    def _take(self, name: str) -> object:
        self._asked.add(name)
        return self.values.get(name)

    def _read(self, name: str, kind: type[K], default: T) -> K | T:
        value = self._take(name)
        if value is None:
            return default
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value) if abs(value) < 2**63 else float("inf")
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.problem(name, f"must be {_KINDS[kind]}, not {quoted(value)}")
            return default
        return value


def _seconds(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if abs(value) < 10**12 else None
    found = _DURATION.match(value) if isinstance(value, str) and len(value) < 40 else None
    return float(found[1]) * _SECONDS[found[2]] if found else None


def _moment(value: object) -> float | None:
    try:
        if isinstance(value, str):
            value = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time(23, 59, 59))
        return value.timestamp() if isinstance(value, datetime) else None
    except (ValueError, OverflowError, OSError):
        return None
