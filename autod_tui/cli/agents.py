"""`autod agents` and `autod agents check`: which agents there are, and whether one of them works."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from autod_tui import process
from autod_tui.cli.console import Console, table
from autod_tui.cli.engine import load_engine, load_profiles
from autod_tui.cli.main import Request, checked_start
from autod_tui.core.agent_words import PERMISSIONS
from autod_tui.core.errors import AutodError, ExitCode, UsageError
from autod_tui.core.names import nearest
from autod_tui.core.plan import AgentProfile

if TYPE_CHECKING:
    from autod_tui.agent_check import Finding

VERSION_PATIENCE = 10.0
"""Seconds that a program may take to tell its version; several are asked at once."""
_AT_ONCE = 4
_VERSION = re.compile(r"\d+\.\d+[\w.+-]*")
_COLOURS = {True: "green", False: "red", None: "dim"}
_WORDS = {True: "ok", False: "no", None: "-"}


class Found(Struct, frozen=True, kw_only=True):
    """An agent and what of it is installed here."""

    profile: AgentProfile
    path: str
    """Empty when its program is not on the PATH."""
    version: str
    """Empty when it is not installed, didn't tell, or is a program of one's own, which is not started for that."""

    def as_json(self) -> dict[str, Any]:
        """Return the documented object."""
        profile = self.profile
        return {
            "name": profile.name,
            "family": profile.family,
            "built_in": profile.built_in,
            "program": profile.command[0],
            "installed": bool(self.path),
            "path": self.path or None,
            "version": self.version or None,
            "install": profile.install,
            "permission": profile.permission,
            "permissions": list(profile.permissions),
            "models": dict(profile.models),
            "model": profile.model or None,
            "headless": bool(profile.headless),
            "resume": bool(profile.resume),
            "hooks": profile.hooks or None,
        }


def agents(request: Request) -> int:
    """List the agents, or check one."""
    options = request.options
    known = load_engine().known_agents(checked_start(request))
    if options.action == "check":
        if not options.name:
            raise UsageError("which agent is to be checked?", hint="autod agents check NAME")
        return _check(request.console, _profile(known, options.name))
    found = asyncio.run(look_for(list(known.values())))
    request.console.json({"agents": [one.as_json() for one in found]})
    _show(request.console, found)
    return 0


def _profile(known: Mapping[str, AgentProfile], name: str) -> AgentProfile:
    if name in known:
        return known[name]
    near = nearest(name, set(known))
    hint = f"did you mean {near!r}?" if near else f"known: {', '.join(known)}"
    raise UsageError(f"unknown agent {name!r}", hint=hint)


async def look_for(profiles: Sequence[AgentProfile]) -> list[Found]:
    """Return where each agent's program is and what version it tells."""
    asking = asyncio.Semaphore(_AT_ONCE)
    own = {name: profile.command[0] for name, profile in load_profiles().items()}

    async def look(profile: AgentProfile) -> Found:
        path = shutil.which(profile.command[0]) or ""
        asked = path and own.get(profile.family) == profile.command[0] and profile.family != "demo"
        async with asking:
            version = await _version(path) if asked else ""
        return Found(profile=profile, path=path, version=version)

    return list(await asyncio.gather(*map(look, profiles)))


async def _version(path: str) -> str:
    try:
        done = await process.run([path, "--version"], env=os.environ, timeout=VERSION_PATIENCE)
    except (AutodError, OSError):
        return ""
    match = _VERSION.search(done.text) or _VERSION.search(done.stderr.decode("utf-8", "replace"))
    return match[0] if match and done.ok else ""


def _show(console: Console, found: Sequence[Found]) -> None:
    rows = [["AGENT", "VERSION", "MODES", "MODELS", "HOW TO GET IT"], *map(_row, found)]

    def colour(row: int, column: int) -> str:
        if column == 1:
            return "green" if found[row - 1].path else "dim"
        return "red" if column == 2 and found[row - 1].profile.permission == "all" else ""

    console.show_table(rows, colour)
    console.say()
    console.say("The mode in [brackets] is taken where none is named. What the modes mean:")
    for mode, meaning in PERMISSIONS.items():
        console.say(f"  {mode}: {meaning}")


def _row(found: Found) -> list[str]:
    profile = found.profile
    family = f" ({profile.family})" if profile.family != profile.name else ""
    version = found.version or ("installed" if found.path else "not installed")
    modes = [f"[{mode}]" if mode == profile.permission else mode for mode in profile.permissions]
    return [
        profile.name + family,
        version,
        " ".join(modes) or "-",
        " ".join(profile.models) or "-",
        "" if found.path else profile.install or f"install {profile.command[0]!r}",
    ]


def _check(console: Console, profile: AgentProfile) -> int:
    found = asyncio.run(look_for([profile]))[0]
    if not found.path:
        hint = profile.install or f"install {profile.command[0]!r}, or give this agent another command in autod.toml"
        console.warn(f"autod: {profile.name}: {profile.command[0]!r} is not installed or not on PATH\n  hint: {hint}")
        error = {"message": "not installed", "hint": hint, "exit_code": int(ExitCode.UNFIT)}
        console.json({"agent": found.as_json(), "works": False, "checks": [], "error": error})
        return int(ExitCode.UNFIT)
    console.say(f"{profile.name} {found.version or '(version unknown)'}: {found.path}")
    console.say(
        "This starts it in a scratch repository, has it answer one short prompt and ends it. It may use your account."
    )
    return asyncio.run(_carry_out(console, found))


async def _carry_out(console: Console, found: Found) -> int:
    if not await console.approve("Go on?", what=f"checking {found.profile.name!r}"):
        return 0
    from autod_tui.agent_check import check_agent

    findings: list[Finding] = []

    def tell(finding: Finding) -> None:
        findings.append(finding)
        when = "" if finding.seconds is None else f" ({finding.seconds:.1f} s)"
        mark = console.paint(f"{_WORDS[finding.works]:<3}", _COLOURS[finding.works])
        console.show(f"{mark} {table([[finding.name + ': ' + finding.text + when]])[0]}")
        console.flush()

    async def ask(question: str, choices: tuple[str, ...]) -> str:
        if not console.interactive:
            console.say("    it waits for a person; run this on a terminal to answer")
            return ""
        console.say(question)
        for number, choice in enumerate(choices, 1):
            console.say(f"  {number}. {choice}")
        typed = await console.read("your choice, nothing to leave it")
        return choices[int(typed) - 1] if typed.isdigit() and 1 <= int(typed) <= len(choices) else ""

    works = await check_agent(found.profile, tell=tell, ask=ask)
    console.json({"agent": found.as_json(), "works": works, "checks": [one.as_json() for one in findings]})
    silent = ", ".join(one.name for one in findings if one.works is False)
    but = f"; but see: {silent}" if silent else ""
    console.say(f"{found.profile.name} works{but}." if works else f"{found.profile.name} does not work as it should.")
    return int(ExitCode.DONE if works else ExitCode.FAILED)
