"""Headless sessions: nobody is there to be asked, so that files are edited unasked, and no more than that."""

from __future__ import annotations

import msgspec
import pytest

from autod_tui.agents.launch import prepare
from autod_tui.agents.profiles import load_profiles
from autod_tui.core.plan import AgentProfile
from autod_tui.engine.runs.sessions import _headless

VALUES = {
    "prompt": "go",
    "prompt_file": "/p.md",
    "model": "",
    "session_id": "s",
    "worktree": "/w",
    "workstream": "r/s",
}


def argv(profile: AgentProfile) -> str:
    return " ".join(prepare(_headless(profile), VALUES).argv)


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("claude", "claude --permission-mode acceptEdits -p go --output-format stream-json --verbose"),
        ("codex", "codex exec --json -s workspace-write go"),
        ("gemini", "gemini --approval-mode auto_edit -p go --output-format stream-json"),
        ("opencode", "opencode run --format json go"),
        ("copilot", "copilot --allow-tool write --no-auto-update -p go --output-format json"),
        ("qwen", "qwen --approval-mode auto-edit -p go --output-format stream-json"),
        ("vibe", "vibe --agent accept-edits --trust -p go --output streaming"),
        ("pi", "pi --tools read,grep,find,ls,edit,write --mode json -p go"),
    ],
)
def test_files_are_edited_unasked(agent: str, expected: str) -> None:
    assert argv(load_profiles()[agent]) == expected


def test_who_wants_it_may_have_it_all() -> None:
    codex = msgspec.structs.replace(load_profiles()["codex"], permission="all")
    assert argv(codex) == "codex exec --json --dangerously-bypass-approvals-and-sandbox go"


def test_an_agent_without_a_headless_way_is_started_as_ever() -> None:
    mine = AgentProfile(name="mine", command=("x", "{prompt}"), permissions={"ask": ("-a",), "edits": ("-e",)})
    assert argv(mine) == "x -a go"
