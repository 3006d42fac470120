"""Agents that CI does not install, set up in a private home like those that it does: found where somebody has them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.support.real_agents import RealAgent


def _put(path: Path, text: str | Mapping[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if isinstance(text, str) else json.dumps(text))


def set_up_gemini(program: Path, home: Path, root: Path, url: str) -> RealAgent:
    """Prepare Gemini CLI to work with no question before the work."""
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": False}},
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
        "general": {"disableAutoUpdate": True, "enableAutoUpdate": False},
        "ui": {"theme": "Default"},
    }
    _put(home / ".gemini" / "settings.json", settings)
    env = {"GEMINI_API_KEY": "dummy", "GOOGLE_GEMINI_BASE_URL": url, "GEMINI_CLI_TRUST_WORKSPACE": "true"}
    return RealAgent("gemini", program, env)


def set_up_qwen(program: Path, home: Path, root: Path, url: str) -> RealAgent:
    """Prepare Qwen Code likewise."""
    settings = {
        "security": {"auth": {"selectedType": "openai"}},
        "privacy": {"usageStatisticsEnabled": False},
        "general": {"disableAutoUpdate": True, "enableAutoUpdate": False},
        "memory": {"enableManagedAutoMemory": False, "enableManagedAutoDream": False},  # they ask on their own
    }
    _put(home / ".qwen" / "settings.json", settings)
    env = {"OPENAI_API_KEY": "dummy", "OPENAI_BASE_URL": f"{url}/v1", "OPENAI_MODEL": "stand-in"}
    return RealAgent("qwen", program, env)


def set_up_opencode(program: Path, home: Path, root: Path, url: str) -> RealAgent:
    """Prepare opencode likewise."""
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "options": {"baseURL": f"{url}/v1", "apiKey": "dummy"},
        "models": {"stand-in": {"limit": {"context": 200000, "output": 8000}}},
    }
    model = "standin/stand-in"
    more = {"autoupdate": False, "share": "disabled", "model": model, "small_model": model}
    _put(home / ".config" / "opencode" / "opencode.json", {**more, "provider": {"standin": provider}})
    return RealAgent("opencode", program, {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"})


def set_up_copilot(program: Path, home: Path, root: Path, url: str) -> RealAgent:
    """Prepare Copilot with a provider of one's own; it asks whether it may trust the directory."""
    env = {
        "COPILOT_PROVIDER_BASE_URL": f"{url}/v1",
        "COPILOT_PROVIDER_TYPE": "openai",
        "COPILOT_PROVIDER_API_KEY": "dummy",
        "COPILOT_MODEL": "stand-in",
        "COPILOT_OFFLINE": "true",
    }
    return RealAgent("copilot", program, env)


def set_up_vibe(program: Path, home: Path, root: Path, url: str) -> RealAgent:
    """Prepare Vibe likewise."""
    settings = f"""
active_model = "stand-in"
enable_update_checks = false
enable_telemetry = false
[[providers]]
name = "standin"
api_base = "{url}/v1"
api_key_env_var = "MISTRAL_API_KEY"
api_style = "openai"
backend = "generic"
[[models]]
name = "stand-in"
provider = "standin"
alias = "stand-in"
"""
    _put(home / ".vibe" / "config.toml", settings)
    return RealAgent("vibe", program, {"MISTRAL_API_KEY": "dummy"})


def set_up_pi(program: Path, home: Path, root: Path, url: str) -> RealAgent:
    """Prepare pi likewise."""
    provider = {"baseUrl": f"{url}/v1", "api": "openai-completions", "apiKey": "dummy", "models": [{"id": "stand-in"}]}
    _put(home / ".pi" / "agent" / "models.json", {"providers": {"standin": provider}})
    _put(home / ".pi" / "agent" / "settings.json", {"defaultProvider": "standin", "defaultModel": "stand-in"})
    return RealAgent("pi", program, {"PI_OFFLINE": "1", "PI_SKIP_VERSION_CHECK": "1"})


MORE: Mapping[str, Callable[[Path, Path, Path, str], RealAgent]] = {
    "copilot": set_up_copilot,
    "gemini": set_up_gemini,
    "opencode": set_up_opencode,
    "pi": set_up_pi,
    "qwen": set_up_qwen,
    "vibe": set_up_vibe,
}
"""By agent, as in `real_agents.SET_UP`."""
