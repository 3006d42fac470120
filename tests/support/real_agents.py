"""Real coding agents in a private home: found or skipped, and set up so that nothing but the work is asked."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

PLACE = "AUTOD_TEST_AGENTS"
"""Environment variable: a directory whose `bin` (or npm's `node_modules/.bin`) holds agents, looked into first."""
LOCKED = Path(__file__).parents[2] / ".ci" / "agents"
"""Where `.ci/agents/install` puts them; PATH is searched last."""
CLAUDE_KEY = "sk-ant-dummy-0000000000000000000000000000"


@dataclass(frozen=True)
class RealAgent:
    """One installed agent and the environment that leads it to a stand-in."""

    name: str
    program: Path
    env: Mapping[str, str]


def find_agent(name: str) -> Path | None:
    """Return the program of an agent, or None where it is not installed."""
    places = [Path(os.environ[PLACE])] if os.environ.get(PLACE) else []
    bins = [place / inner for place in (*places, LOCKED) for inner in ("bin", "node_modules/.bin")]
    path = os.pathsep.join([*map(str, bins), os.environ.get("PATH", os.defpath)])
    found = shutil.which(name, path=path)
    return Path(found) if found else None


def require_agent(name: str) -> Path:
    """Return the program of an agent; skip the test where it is not installed."""
    found = find_agent(name)
    if found is None:
        pytest.skip(f"{name} is not installed: run .ci/agents/install, or set {PLACE} to where it is")
    return found


def set_up_claude(program: Path, home: Path, root: Path, url: str) -> RealAgent:
    """Prepare Claude Code to work in the repository at `root` and its worktrees, with no question before the work."""
    seed = {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "customApiKeyResponses": {"approved": [CLAUDE_KEY[-20:]], "rejected": []},
        "projects": {str(root.resolve()): {"hasTrustDialogAccepted": True}},
    }
    (home / ".claude.json").write_text(json.dumps(seed))
    env = {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": CLAUDE_KEY,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }
    return RealAgent("claude", program, env)


def set_up_codex(program: Path, home: Path, root: Path, url: str) -> RealAgent:
    """Prepare Codex likewise. `home` must not lie below TMPDIR: its sandbox refuses to work from there."""
    settings = f"""
model = "stand-in"
model_provider = "standin"
check_for_update_on_startup = false
[analytics]
enabled = false
[features]
default_mode_request_user_input = true
[projects.{json.dumps(str(root.resolve()))}]
trust_level = "trusted"
[model_providers.standin]
name = "standin"
base_url = "{url}/v1"
wire_api = "responses"
env_key = "STANDIN_API_KEY"
request_max_retries = 1
stream_max_retries = 1
"""
    (home / ".codex").mkdir(exist_ok=True)
    (home / ".codex" / "config.toml").write_text(settings)
    return RealAgent("codex", program, {"STANDIN_API_KEY": "dummy"})


def set_up_aider(program: Path, home: Path, root: Path, url: str) -> RealAgent:
    """Prepare aider likewise; it has no settings that need a file."""
    env = {
        "OPENAI_API_KEY": "dummy",
        "OPENAI_API_BASE": f"{url}/v1",
        "AIDER_MODEL": "openai/stand-in",
        "AIDER_ANALYTICS_DISABLE": "true",
        "AIDER_SHOW_MODEL_WARNINGS": "false",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    return RealAgent("aider", program, env)


SET_UP: Mapping[str, Callable[[Path, Path, Path, str], RealAgent]] = {
    "claude": set_up_claude,
    "codex": set_up_codex,
    "aider": set_up_aider,
}
"""By agent: what prepares it, given its program, the home, the repository's root and the model's URL."""
