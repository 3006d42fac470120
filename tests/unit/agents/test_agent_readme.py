"""The README's table of agents says what their profiles say."""

from __future__ import annotations

import re
from pathlib import Path

from autod_tui.agents.profiles import load_profiles
from autod_tui.core.agent_words import PERMISSIONS
from autod_tui.core.plan import AgentProfile

README = Path(__file__).parents[3] / "README.md"
HEAD = "| agent | modes | models | state from | tokens | resumed | how to get it |"


def row(profile: AgentProfile) -> str:
    modes = " ".join(f"**{mode}**" if mode == profile.permission else mode for mode in profile.permissions)
    way = "log" if profile.hooks.endswith("-log") else "hooks"
    sources = {way: profile.hooks, "status file": profile.status_file, "title": profile.titles}
    told = [name for name, known in sources.items() if known]
    cells = [
        f"`{profile.name}`",
        modes,
        " ".join(profile.models) or "-",
        ", ".join([*told, "screen"]),
        "yes" if profile.records else "-",
        "yes" if profile.resume else "-",
        f"`{profile.install}`",
    ]
    return f"| {' | '.join(cells)} |"


def test_the_table_of_agents_is_made_of_their_profiles() -> None:
    profiles = [profile for name, profile in load_profiles().items() if name != "demo"]
    wanted = "\n".join([HEAD, "|" + "---|" * 7, *map(row, profiles)])
    assert wanted in README.read_text(encoding="utf-8"), f"the table should be\n{wanted}"


def test_the_modes_are_explained() -> None:
    text = README.read_text(encoding="utf-8")
    for mode in PERMISSIONS:
        assert re.search(rf"^- `{mode}`", text, re.MULTILINE), mode
