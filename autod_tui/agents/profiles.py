"""The agents that autod knows by itself: one file each in profiles/, and the scripted one of the demo."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from autod_tui.core.plan import AgentProfile, PromptMode

DEMO = "demo"
_DIRECTORY = Path(__file__).with_name("profiles")
_SUFFIX = ".toml"


def load_profiles() -> Mapping[str, AgentProfile]:
    """Return the built-in profiles by name; each file is read when its agent is asked for."""
    return _BuiltIn()


class _BuiltIn(Mapping[str, AgentProfile]):
    """Most commands need one profile or none: reading all of them would take as long as reading the journal."""

    def __init__(self) -> None:
        files = (name for name in os.listdir(_DIRECTORY) if name.endswith(_SUFFIX))  # noqa: PTH208 - at every start
        self._found: dict[str, AgentProfile | None] = {}
        self._found.update(dict.fromkeys([*sorted(name.removesuffix(_SUFFIX) for name in files), DEMO]))

    def __getitem__(self, name: str) -> AgentProfile:
        found = self._found[name]
        if found is None:
            found = self._found[name] = _demo() if name == DEMO else _read(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, name: object) -> bool:  # Mapping's own would read the file
        return name in self._found


def _read(name: str) -> AgentProfile:
    table = tomllib.loads((_DIRECTORY / f"{name}{_SUFFIX}").read_text("utf-8"))
    known = set(AgentProfile.__struct_fields__) - {"name", "family", "built_in"}
    if unknown := set(table) - known:
        raise KeyError(f"profiles/{name}.toml has unknown keys {sorted(unknown)}")
    return msgspec.convert({**table, "name": name, "family": name, "built_in": True}, AgentProfile)


def _demo() -> AgentProfile:
    return AgentProfile(
        name=DEMO,
        family=DEMO,
        # -P: a file of the worktree must not be imported in place of a module of Python
        command=(sys.executable, "-P", "-m", "autod_tui.demo_agent", "{prompt_file}"),
        prompt=PromptMode.FILE,
        permissions={"ask": ()},
        waiting=r"\[y/n\]|\(y/n\)",
        install="comes with autod",
        built_in=True,
    )
