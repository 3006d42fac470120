"""The agents that autod knows by itself: data in profiles.toml, and the scripted one of the demo."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import msgspec

from autod_tui.core.plan import AgentProfile, PromptMode

DEMO = "demo"


def load_profiles() -> dict[str, AgentProfile]:
    """Return the built-in profiles by name; nothing is started or looked for."""
    tables = tomllib.loads(Path(__file__).with_name("profiles.toml").read_text("utf-8"))
    profiles = {name: _profile(name, table) for name, table in tables.items()}
    return {**profiles, DEMO: _demo()}


def _profile(name: str, table: dict[str, object]) -> AgentProfile:
    known = set(AgentProfile.__struct_fields__) - {"name", "built_in"}
    if unknown := set(table) - known:
        raise KeyError(f"profiles.toml: [{name}] has unknown keys {sorted(unknown)}")
    return msgspec.convert({**table, "name": name, "built_in": True}, AgentProfile)


def _demo() -> AgentProfile:
    return AgentProfile(
        name=DEMO,
        # -P: a file of the worktree must not be imported in place of a module of Python
        command=(sys.executable, "-P", "-m", "autod_tui.demo_agent", "{prompt_file}"),
        prompt=PromptMode.FILE,
        waiting=r"\[y/n\]|\(y/n\)",
        install="comes with autod",
        built_in=True,
    )
