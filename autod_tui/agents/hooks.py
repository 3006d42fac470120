"""Hooks for one launch: an agent's own events become files in the spool; nobody's settings are touched."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from autod_tui.core.errors import AutodError
from autod_tui.core.plan import AgentProfile

LAUNCH = ".launch"
"""Directory in a session's spool that holds what its launch needs, hook.sh in any case: for hooks of a user's own."""
SPOOL_VARIABLE = "AUTOD_SPOOL"
TIMEOUT = 10
"""Seconds after which an agent may give a hook up."""
_SCRIPT = Path(__file__).with_name("hook.sh")
_PLUGIN = Path(__file__).with_name("opencode_plugin.js")


class Hooks(Struct, frozen=True, kw_only=True):
    """What makes one launch tell its events."""

    arguments: tuple[str, ...] = ()
    """For after the program."""
    env: Mapping[str, str] = {}


def install_hooks(profile: AgentProfile, spool: Path) -> Hooks:
    """Make the directory of a session's spool and write there what the profile's way of hooks needs.

    Raises AutodError when it can't be written.
    """
    launch = spool / LAUNCH
    try:
        spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        launch.mkdir(mode=0o700, exist_ok=True)
        (launch / _SCRIPT.name).write_bytes(_SCRIPT.read_bytes())
        hooks = _WAYS[profile.hooks](profile, launch) if profile.hooks else Hooks()
    except OSError as error:
        raise AutodError(f"can't write {str(launch)!r}: {error.strerror}", hint="the agent was not started") from error
    return Hooks(arguments=hooks.arguments, env={**hooks.env, SPOOL_VARIABLE: str(spool)})


def _events(profile: AgentProfile) -> list[str]:
    """Return the events that the profile knows, each once: `EVENT:VALUE` is a reading of EVENT."""
    return list(dict.fromkeys(key.partition(":")[0] for key in profile.hook_states))


def _command(profile: AgentProfile, launch: Path, event: str) -> str:
    """Return the shell command for an event; it succeeds even when the spool has been removed meanwhile."""
    script = shlex.quote(str(launch / _SCRIPT.name))
    return f"/bin/sh {script} {profile.family or profile.name} {event} 2>/dev/null || :"


def _claude_settings(profile: AgentProfile, launch: Path) -> Hooks:
    if "--settings" in profile.command:  # the later of two would win
        return Hooks()

    def hook(event: str) -> dict[str, Any]:
        return {"type": "command", "command": _command(profile, launch, event), "timeout": TIMEOUT}

    settings = launch / "settings.json"
    hooks = {event: [{"hooks": [hook(event)]}] for event in _events(profile)}
    settings.write_text(json.dumps({"hooks": hooks}, indent=1), "utf-8")
    return Hooks(arguments=("--settings", str(settings)))


def _opencode_plugin(profile: AgentProfile, launch: Path) -> Hooks:
    variable = "OPENCODE_CONFIG_CONTENT"
    theirs = _object({**os.environ, **profile.env}.get(variable) or "{}")
    if theirs is None:
        return Hooks()
    told = json.dumps(
        {"spool": str(launch.parent), "agent": profile.family or profile.name, "events": _events(profile)}
    )
    plugin = launch / "autod.js"
    plugin.write_text(f"const TOLD = {told}\n{_PLUGIN.read_text('utf-8')}", "utf-8")
    plugins: Iterable[Any] = theirs.get("plugin") or []
    return Hooks(env={variable: json.dumps({**theirs, "plugin": [*plugins, plugin.as_uri()]})})


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


_WAYS: Mapping[str, Callable[[AgentProfile, Path], Hooks]] = {
    "claude-settings": _claude_settings,
    "opencode-plugin": _opencode_plugin,
}
