"""The version of an installed program, by where its file lies: to ask the program takes too long for a launch."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

_NUMBERS = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_ABOVE = 3
"""Directories above a program in which an npm package's description may lie."""


def installed_version(program: str, env: Mapping[str, str]) -> tuple[int, ...] | None:
    """Return the version of `program` as `env` finds it; None when its place doesn't tell."""
    found = shutil.which(program, path=env.get("PATH"))
    if found is None:
        return None
    path = Path(os.path.realpath(found))
    if numbers := _NUMBERS.match(path.name):  # installers of their own name the file by its version
        return _whole(numbers)
    for directory in path.parents[:_ABOVE]:
        try:
            described = json.loads((directory / "package.json").read_bytes())
        except (OSError, ValueError):
            continue
        numbers = _NUMBERS.match(str(described.get("version"))) if isinstance(described, dict) else None
        return _whole(numbers) if numbers else None
    return None


def _whole(numbers: re.Match[str]) -> tuple[int, ...]:
    return tuple(int(number) for number in numbers.groups())
