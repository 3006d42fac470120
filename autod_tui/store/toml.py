"""The safe way from a TOML file to a table: bounded in size and depth, every failure a Problem."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from autod_tui.core.errors import Problem
from autod_tui.store.files import UnreadableError, read_text

MAX_BYTES = 256_000
MAX_PARTS = 64
# Without the bound the parser's time and memory grow with the square of a dotted key's length.
_LONG_KEY = re.compile(rf"(?<![\w-])(?:[\"']?[\w-]+[\"']?[ \t]*\.[ \t]*){{{MAX_PARTS}}}")


def read_toml(path: Path, shown: str, problems: list[Problem]) -> dict[str, Any] | None:
    """Return the table in `path`; None when there is no such file or it is unusable (then in `problems`)."""
    try:
        return _parse(read_text(path, limit=MAX_BYTES))
    except FileNotFoundError:
        return None
    except UnreadableError as error:
        problems.append(Problem(shown, "", str(error)))
    return None


def _parse(text: str) -> dict[str, Any]:
    if _LONG_KEY.search(text):
        raise UnreadableError(f"has a dotted key of more than {MAX_PARTS} parts")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UnreadableError(f"is not TOML: {error}") from None
    except (RecursionError, MemoryError):
        raise UnreadableError("is nested too deeply") from None
    except ValueError as error:
        raise UnreadableError(f"has a value that can't be read: {str(error)[:120]}") from None
