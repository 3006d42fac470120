"""Hooks for one launch: an agent's own events become files in the spool; nobody's settings are touched."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from autod_tui.agents.logs import GEMINI_LOG
from autod_tui.agents.places import LAUNCH, answers_place, launch_log
from autod_tui.agents.versions import installed_version
from autod_tui.core.errors import AutodError
from autod_tui.core.plan import AgentProfile

SPOOL_VARIABLE = "AUTOD_SPOOL"
SINCE: Mapping[str, tuple[int, ...]] = {"PermissionRequest": (2, 0, 45), "StopFailure": (2, 1, 78)}
"""Events of Claude Code to the version that knows them: older ones refuse the whole file and ask a person about it."""
GEMINI_VARIABLE = "GEMINI_DEBUG_LOG_FILE"
TIMEOUT = 10
"""Seconds after which an agent may give a hook up."""
_HERE = Path(__file__).parent
_SCRIPT = _HERE / "hook.sh"


class Hooks(Struct, frozen=True, kw_only=True):
    """What makes one launch tell its events."""

    arguments: tuple[str, ...] = ()
    """For after the program."""
    env: Mapping[str, str] = {}


def install_hooks(profile: AgentProfile, spool: Path) -> Hooks:
    """Make the directory of a session's spool and write there what the profile's way of hooks needs.

    Nothing is made for a profile by which no event means anything. Raises AutodError when it can't be written.
    """
    if not (profile.hooks or profile.hook_states):
        return Hooks()
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


def _commands(profile: AgentProfile, launch: Path, **more: Any) -> dict[str, Any]:
    """Return hooks in the shape that Claude Code gave them and others took over."""

    def hook(event: str) -> dict[str, Any]:
        return {"type": "command", "command": _command(profile, launch, event), **more}

    return {event: [{"hooks": [hook(event)]}] for event in _events(profile)}


def _unknown(profile: AgentProfile) -> frozenset[str]:
    """Return the events that the installed Claude Code does not know; none where its version can't be seen."""
    version = installed_version(profile.command[0], {**os.environ, **profile.env})
    return frozenset(event for event, since in SINCE.items() if version is not None and version < since)


def _claude_settings(profile: AgentProfile, launch: Path) -> Hooks:
    if "--settings" in profile.command:  # the later of two would win
        return Hooks()
    settings = launch / "settings.json"
    unknown = _unknown(profile)
    hooks = {event: hook for event, hook in _commands(profile, launch, timeout=TIMEOUT).items() if event not in unknown}
    settings.write_text(json.dumps({"hooks": hooks}, indent=1), "utf-8")
    return Hooks(arguments=("--settings", str(settings)))


def _codex_log(profile: AgentProfile, launch: Path) -> Hooks:
    """Have it write its log where nothing else is written: beside it, it keeps a database that changes all the time."""
    if any("log_dir" in argument for argument in profile.command):
        return Hooks()
    told, logs = launch_log(launch.parent), launch / "logs"
    told.parent.mkdir(mode=0o700, exist_ok=True)
    logs.mkdir(mode=0o700, exist_ok=True)
    logs.joinpath(told.name).unlink(missing_ok=True)
    logs.joinpath(told.name).symlink_to(told)
    return Hooks(arguments=("-c", f"log_dir={json.dumps(str(logs), ensure_ascii=False)}"))


def _gemini_log(profile: AgentProfile, launch: Path) -> Hooks:
    """Have it write its debug log, the only place where it tells that it tries again; one's own stays where it is."""
    if {**os.environ, **profile.env}.get(GEMINI_VARIABLE):
        return Hooks()
    log = launch_log(launch.parent, GEMINI_LOG)
    log.parent.mkdir(mode=0o700, exist_ok=True)
    return Hooks(env={GEMINI_VARIABLE: str(log)})


def _copilot_plugin(profile: AgentProfile, launch: Path) -> Hooks:
    def hook(event: str) -> dict[str, Any]:
        return {"type": "command", "bash": _command(profile, launch, event), "timeoutSec": TIMEOUT}

    plugin = launch / "plugin"
    plugin.mkdir(exist_ok=True)
    about = {"name": "autod", "version": "1.0.0", "description": "Tells autod what goes on", "hooks": "hooks.json"}
    hooks = {event: [hook(event)] for event in _events(profile)}
    plugin.joinpath("plugin.json").write_text(json.dumps(about), "utf-8")
    plugin.joinpath("hooks.json").write_text(json.dumps({"version": 1, "hooks": hooks}, indent=1), "utf-8")
    return Hooks(arguments=("--plugin-dir", str(plugin)))


def _qwen_settings(profile: AgentProfile, launch: Path) -> Hooks:
    """Give hooks as the system's defaults: lists of hooks are joined, in all else the user's settings win."""
    variable = "QWEN_CODE_SYSTEM_DEFAULTS_PATH"
    theirs = _read_object(_qwen_defaults({**os.environ, **profile.env}, variable))
    if theirs is None:
        return Hooks()
    hooks = dict(theirs.get("hooks") or {})
    for event, entries in _commands(profile, launch, timeout=TIMEOUT * 1000).items():
        hooks[event] = [*hooks.get(event, []), *entries]
    settings = launch / "defaults.json"
    settings.write_text(json.dumps({**theirs, "hooks": hooks}, indent=1), "utf-8")
    return Hooks(env={variable: str(settings)})


def _qwen_defaults(env: Mapping[str, str], variable: str) -> Path:
    system = "/Library/Application Support/QwenCode" if sys.platform == "darwin" else "/etc/qwen-code"
    settings = Path(env.get("QWEN_CODE_SYSTEM_SETTINGS_PATH") or f"{system}/settings.json")
    return Path(env.get(variable) or settings.with_name("system-defaults.json"))


def _opencode_plugin(profile: AgentProfile, launch: Path) -> Hooks:
    variable = "OPENCODE_CONFIG_CONTENT"
    theirs = _object({**os.environ, **profile.env}.get(variable) or "{}")
    if theirs is None:
        return Hooks()
    answers = answers_place(launch.parent)
    answers.mkdir(mode=0o700, exist_ok=True)
    plugin = _module(profile, launch, "tell_opencode.js", answers=str(answers))
    plugins: Iterable[Any] = theirs.get("plugin") or []
    return Hooks(env={variable: json.dumps({**theirs, "plugin": [*plugins, plugin.as_uri()]})})


def _pi_extension(profile: AgentProfile, launch: Path) -> Hooks:
    return Hooks(arguments=("--extension", str(_module(profile, launch, "tell_pi.js", "autod.ts"))))


def _module(profile: AgentProfile, launch: Path, tail: str, name: str = "autod.mjs", **more: str) -> Path:
    """Write a module of JavaScript that tells the events which the profile knows.

    pi lends its own packages only to modules that it compiles itself, to which `.mjs` does not belong.
    """
    agent = profile.family or profile.name
    told = json.dumps({"spool": str(launch.parent), "agent": agent, "events": _events(profile), **more})
    parts = (_HERE.joinpath(name).read_text("utf-8") for name in ("tell.js", tail))
    module = launch / name
    module.write_text(f"const TOLD = {told}\n{''.join(parts)}", "utf-8")
    return module


def _read_object(path: Path) -> dict[str, Any] | None:
    """Return the JSON object in a file, an empty one when there is no file, None when it can't be read."""
    try:
        return _object(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError):
        return None


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


_WAYS: Mapping[str, Callable[[AgentProfile, Path], Hooks]] = {
    "claude-settings": _claude_settings,
    "codex-log": _codex_log,
    "copilot-plugin": _copilot_plugin,
    "gemini-log": _gemini_log,
    "opencode-plugin": _opencode_plugin,
    "pi-extension": _pi_extension,
    "qwen-settings": _qwen_settings,
}
