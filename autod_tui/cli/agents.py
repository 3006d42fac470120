"""`autod agents` and `autod agents check`: which agents there are, and whether one of them works."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autod_tui.cli.console import Console, table
from autod_tui.cli.engine import load_engine
from autod_tui.cli.main import Request, checked_start
from autod_tui.core.agent_ports import InstalledAgent
from autod_tui.core.agent_rows import HEAD, MODES, NOTE, VERSION, agent_row
from autod_tui.core.agent_words import PERMISSIONS
from autod_tui.core.errors import ExitCode, UsageError
from autod_tui.core.names import nearest
from autod_tui.core.plan import AgentProfile

if TYPE_CHECKING:
    from autod_tui.agent_check import Finding

_COLOURS = {True: "green", False: "red", None: "dim"}
_WORDS = {True: "ok", False: "no", None: "-"}


def _json(found: InstalledAgent) -> dict[str, Any]:
    profile = found.profile
    return {
        "name": profile.name,
        "family": profile.family,
        "built_in": profile.built_in,
        "program": profile.command[0],
        "installed": bool(found.path),
        "path": found.path or None,
        "version": found.version or None,
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
    found = asyncio.run(_look_for(list(known.values())))
    request.console.json({"agents": [_json(one) for one in found]})
    _show(request.console, found)
    return 0


async def _look_for(profiles: Sequence[AgentProfile]) -> list[InstalledAgent]:
    from autod_tui.agents.installed import look_for

    return await look_for(profiles)


def _profile(known: Mapping[str, AgentProfile], name: str) -> AgentProfile:
    if name in known:
        return known[name]
    near = nearest(name, set(known))
    hint = f"did you mean {near!r}?" if near else f"known: {', '.join(known)}"
    raise UsageError(f"unknown agent {name!r}", hint=hint)


def _show(console: Console, found: Sequence[InstalledAgent]) -> None:
    rows = [HEAD, *map(agent_row, found)]

    def colour(row: int, column: int) -> str:
        if column == VERSION:
            return "green" if found[row - 1].path else "dim"
        return "red" if column == MODES and found[row - 1].profile.permission == "all" else ""

    console.show_table(rows, colour)
    console.say()
    console.say(NOTE)
    for mode, meaning in PERMISSIONS.items():
        console.say(f"  {mode}: {meaning}")


def _check(console: Console, profile: AgentProfile) -> int:
    found = asyncio.run(_look_for([profile]))[0]
    if not found.path:
        hint = profile.install or f"install {profile.command[0]!r}, or give this agent another command in autod.toml"
        console.warn(f"autod: {profile.name}: {profile.command[0]!r} is not installed or not on PATH\n  hint: {hint}")
        error = {"message": "not installed", "hint": hint, "exit_code": int(ExitCode.UNFIT)}
        console.json({"agent": _json(found), "works": False, "checks": [], "error": error})
        return int(ExitCode.UNFIT)
    console.say(f"{profile.name} {found.version or '(version unknown)'}: {found.path}")
    console.say(
        "This starts it in a scratch repository, has it answer one short prompt and ends it. It may use your account."
    )
    return asyncio.run(_carry_out(console, found))


async def _carry_out(console: Console, found: InstalledAgent) -> int:
    if not await console.approve("Go on?", what=f"checking {found.profile.name!r}"):
        return 0
    from autod_tui.agent_check import check_agent

    findings: list[Finding] = []

    def tell(finding: Finding) -> None:
        findings.append(finding)
        when = "" if finding.seconds is None else f" ({finding.seconds:.1f} s)"
        mark = console.paint(f"{_WORDS[finding.works]:<3}", _COLOURS[finding.works])
        text = ":" if finding.name == "asks" and console.interactive else f": {finding.text}"  # it follows in full
        console.show(f"{mark} {table([[finding.name + text + when]])[0]}")
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
    console.json({"agent": _json(found), "works": works, "checks": [one.as_json() for one in findings]})
    silent = ", ".join(one.name for one in findings if one.works is False)
    but = f"; but see: {silent}" if silent else ""
    said = {
        True: f"works{but}",
        False: "does not work as it should",
        None: "waits for an answer, so the rest was not seen",
    }
    console.say(f"{found.profile.name} {said[works]}.")
    return int(ExitCode.DONE if works else ExitCode.FAILED)
