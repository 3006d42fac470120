"""Which agents' programs are here, and what versions they tell."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Sequence

from autod_tui import process
from autod_tui.agents.profiles import DEMO, load_profiles
from autod_tui.core.agent_ports import InstalledAgent
from autod_tui.core.errors import AutodError
from autod_tui.core.plan import AgentProfile

PATIENCE = 30.0
"""Seconds that a program may take to tell its version."""
_AT_ONCE = 4
_VERSION = re.compile(r"\d+\.\d+(?:[\w.+-]*\w)?")


async def look_for(profiles: Sequence[AgentProfile]) -> list[InstalledAgent]:
    """Return where each agent's program is and what version it tells; several are asked at once."""
    asking = asyncio.Semaphore(_AT_ONCE)
    programs = {name: profile.command[0] for name, profile in load_profiles().items() if name != DEMO}

    async def look(profile: AgentProfile) -> InstalledAgent:
        path = shutil.which(profile.command[0]) or ""
        # a program of one's own may take `--version` for work
        known = programs.get(profile.family) == profile.command[0]
        async with asking:
            version = await _version(path) if path and known else ""
        return InstalledAgent(profile=profile, path=path, version=version)

    return list(await asyncio.gather(*map(look, profiles)))


async def _version(path: str) -> str:
    try:
        done = await process.run([path, "--version"], env=os.environ, timeout=PATIENCE)
    except (AutodError, OSError):
        return ""
    match = _VERSION.search(done.text) or _VERSION.search(done.stderr.decode("utf-8", "replace"))
    return match[0] if match and done.ok else ""
