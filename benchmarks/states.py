"""From what an agent does to what autod says of it: the delay by each source of an agent's state."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.report import Row, p95
from benchmarks.stage import LATE, Scene, Stage, stage

ROUNDS = 12
RETRIES = 4
RETRY = "✻ API error · Retrying in {}s · attempt 1/10"
SPINNER = ["● some words", "✻ Thinking…"]

Play = Callable[[Stage], Awaitable[None]]


def measure(ground: Path) -> Iterator[Row]:
    """Play each source's changes on a stage of its own; the promise is one second."""
    for name, (family, play, changes) in _PLAYS.items():
        directory = ground / f"stage-{name.partition(':')[0].replace(' ', '-')}"
        directory.mkdir()
        scenes = asyncio.run(_played(directory, family, play, changes))
        delays = [LATE * 20 if scene.delay is None else scene.delay for scene in scenes]
        right = sum(1 for delay in delays if delay <= LATE) / len(delays)
        note = f"p95 {p95(delays) * 1000:.0f} ms; {right:.0%} of {len(delays)} changes right within {LATE:g} s"
        yield Row(name=f"state by {name}", ours=delays, limit=LATE, absolute=True, how="p95", note=note)


async def _played(directory: Path, family: str, play: Play, changes: dict[str, Any]) -> list[Scene]:
    async with stage(directory, family, **changes) as one:
        await play(one)
        return [scene for scene in one.scenes if not scene.cue.get("prelude")]


async def _hooks(one: Stage) -> None:
    for _ in range(ROUNDS):
        await one.play("working", hook=["UserPromptSubmit", {}])
        await one.play("waiting", hook=["PermissionRequest", {"tool_name": "Bash"}])
        await one.play("working", hook=["PostToolUse", {}])
        await one.play("done", hook=["Stop", {}])


async def _terminal(one: Stage) -> None:
    for _ in range(ROUNDS):
        await one.play("working", osc="state=working")
        await one.play("waiting", osc="state=blocked:kind=question")
        await one.play("done", osc="state=done")


async def _titles(one: Stage) -> None:
    for _ in range(ROUNDS):
        await one.play("working", title="✦  Working…")
        await one.play("waiting", title="✋  Action Required")
        await one.play("idle", title="◇  Ready")


async def _corrections(one: Stage) -> None:
    """Permission given and Esc: no hook tells either."""
    for _ in range(ROUNDS):
        busy: dict[str, Any] = {"prelude": True, "status": "busy", "hook": ["UserPromptSubmit", {}]}
        await one.play("working", **busy)
        asks = ["PermissionRequest", {"tool_name": "Bash"}]
        await one.play("waiting", prelude=True, status="waiting", hook=asks)
        await one.play("working", status="busy")
        await one.play("idle", status="idle")


async def _retries(one: Stage) -> None:
    await one.play("working", prelude=True, hook=["UserPromptSubmit", {}])
    for _ in range(RETRIES):
        for _ in range(2):  # the first look may have been under way before it was drawn
            await one.play("working", prelude=True, screen=SPINNER)
            await one.looked(1)
        await one.play("rate-limited", count=RETRY)
        await one.play("working", screen=SPINNER)


async def _screens(one: Stage) -> None:
    for _ in range(ROUNDS):
        await one.play("waiting", screen=["△ Permission required"])
        await one.play("working", screen=["words", "  esc interrupt"])


async def _deaths(one: Stage) -> None:
    await one.play("working", prelude=True, hook=["UserPromptSubmit", {}])
    await one.play("failed", kill=9)


_NO_HOOKS: dict[str, Any] = {"hooks": "", "hook_states": {}}
_PLAYS: dict[str, tuple[str, Play, dict[str, Any]]] = {
    "hooks": ("claude", _hooks, {}),
    "OSC 7501": ("codex", _terminal, {}),
    "titles": ("gemini", _titles, {}),
    "status file: permission given, Esc": ("claude", _corrections, {}),
    "screen: a retry": ("claude", _retries, {}),
    "screen alone": ("opencode", _screens, _NO_HOOKS),
    "process: kill -9": ("claude", _deaths, {}),
}
