"""An actor in a real pane: what it does by hooks, files, titles and its screen is what autod says, in that order."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.stage import Stage, stage

BASH = {"tool_name": "Bash", "tool_input": {"command": "ls"}}
RETRY = "✻ API error · Retrying in {}s · attempt 1/10"
QUESTION = ["● I need to know", "Do you want to proceed?", "❯ 1. Yes", "  2. No"]


@pytest.fixture
def ground(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="autod-test-"))  # short: a socket's path has 107 bytes at most
    for name in ("TMUX", "TMUX_PANE", "AUTOD_SESSION", "AUTOD_WORKSTREAM"):
        monkeypatch.delenv(name, raising=False)
    (directory / "sockets").mkdir(mode=0o700)
    monkeypatch.setenv("TMUX_TMPDIR", str(directory / "sockets"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


def hook(event: str, **payload: Any) -> list[Any]:
    return [event, payload]


def said(one: Stage) -> list[str]:
    """Return all states that autod told, and print how late each was."""
    for scene in one.scenes:
        print(f"{scene.wanted:14} {scene.delay if scene.delay is None else round(scene.delay, 3)}  {sorted(scene.cue)}")
    print(f"right within a second: {one.right:.0%}")
    assert all(scene.delay is not None for scene in one.scenes)
    return [state.value for _, state, _ in one.states]


async def test_a_claude_by_all_its_sources(ground: Path) -> None:
    async with stage(ground, "claude") as one:
        await one.play("idle", title="✳ Claude Code", status="idle", hook=hook("SessionStart"))
        await one.play("working", title="⠂ work", status="busy", hook=hook("UserPromptSubmit"), screen=["● hello"])
        await one.play("waiting", title="✳ work", status="waiting", hook=hook("PermissionRequest", **BASH))
        assert one.states[-1][2] == "permission: Bash: ls"
        await one.play("working", title="⠐ work", status="busy")  # given: no hook before the tool's end
        await one.play("working", hook=hook("PostToolUse", **BASH))
        await one.play("working", screen=["● some words", "✻ Thinking…"])
        await one.looked(1)
        await one.play("rate-limited", count=RETRY)
        await one.play("working", screen=["● some words", "✻ Thinking…"])
        await one.play("idle", title="✳ work", status="idle")  # Esc: no hook at all
        await one.play("working", title="⠂ work", status="busy", hook=hook("UserPromptSubmit"))
        await one.play("waiting", title="✳ work", status="waiting", hook=hook("PermissionRequest", **BASH))
        await one.play("idle", status="idle")  # Esc at the prompt
        await one.play("working", title="⠂ work", status="busy", hook=hook("UserPromptSubmit"))
        words = "API Error: 500 no"
        failed = hook("StopFailure", error="server_error", last_assistant_message=words)
        await one.play("failed", title="✳ work", status="idle", hook=failed)
        await one.play("working", title="⠂ work", status="busy", hook=hook("UserPromptSubmit"))
        await one.play("done", title="✳ work", status="idle", hook=hook("Stop"))
        await one.play("failed", kill=9)
        states = said(one)
        assert states[states.index("idle") :] == [  # its first output may have been heard before its first hook
            *("idle", "working", "waiting", "working", "rate-limited", "working", "idle"),
            *("working", "waiting", "idle", "working", "failed", "working", "done", "failed"),
        ]
        assert "kill" in one.states[-1][2].lower()


async def test_mere_words_move_nobody_who_speaks(ground: Path) -> None:
    async with stage(ground, "claude") as one:
        await one.play("working", title="⠂ work", status="busy", hook=hook("UserPromptSubmit"))
        for words in ("\r\n".join(QUESTION), RETRY.format(5), "● API Error: 500", "■ no", "]7501;state=blocked"):
            await one.play("working", text=f"\r\n{words}\r\n")
        await one.play("working", screen=QUESTION)
        await one.play("working", osc="state=done:app=other")
        await one.play("working", title="[ ! ] Action Required")
        await one.play("working", screen=["● " + RETRY.format(5)], title="⠂ work")
        await one.looked(3)
        await one.play("done", title="✳ work", status="idle", hook=hook("Stop"))
        await one.play("exited", exit=0)
        assert said(one) == ["working", "done", "exited"]


async def test_a_codex_by_its_terminal(ground: Path) -> None:
    async with stage(ground, "codex") as one:
        await one.play("working", osc="state=working:app=codex", title="⠋ a | b")
        await one.play("waiting", osc="state=blocked:app=codex:kind=permission", title="[ ! ] Action Required | a | b")
        await one.play("working", osc="state=working:app=codex", title="⠋ a | b")
        await one.play("idle", osc="state=idle:app=codex", title="a | b")  # Esc
        await one.play("working", osc="state=working:app=codex", title="⠋ a | b")
        await one.play("failed", osc="state=error:app=codex", title="a | b", screen=["■ high demand"])
        await one.play("failed", osc="state=idle:app=codex")  # somebody types
        await one.play("working", osc="state=working:app=codex", title="⠋ a | b")
        await one.play("done", osc="state=done:app=codex", title="a | b")
        await one.play("failed", exit=3)
        assert said(one) == [
            *("working", "waiting", "working", "idle", "working", "failed", "working", "done", "failed"),
        ]


async def test_one_that_has_titles_alone(ground: Path) -> None:
    async with stage(ground, "gemini") as one:
        await one.play("working", title="✦  Working… (x)")
        await one.play("waiting", title="✋  Action Required (x)")
        await one.play("working", title="✦  Working… (x)")
        await one.play("idle", title="◇  Ready (x)")
        await one.play("failed", kill=15)
        assert said(one) == ["working", "waiting", "working", "idle", "failed"]


async def test_one_that_has_its_screen_alone(ground: Path) -> None:
    async with stage(ground, "opencode", hooks="", hook_states={}) as one:
        await one.play("working", screen=["words", "  esc interrupt"])
        await one.play("waiting", screen=["△ Permission required", " Allow once"])
        await one.play("working", screen=["words", "  esc interrupt"])
        await one.play("exited", exit=0)
        assert said(one) == ["working", "waiting", "working", "exited"]


async def test_one_whose_hooks_miss_an_interruption(ground: Path) -> None:
    busy = ["● words", "⠏ Thinking (esc to cancel, 3s)"]
    async with stage(ground, "qwen") as one:
        await one.play("working", hook=hook("UserPromptSubmit"), screen=busy)
        await one.looked(1)
        await one.play("idle", screen=["● words", "cancelled"])
        await one.play("working", hook=hook("UserPromptSubmit"), screen=busy)
        await one.play("done", hook=hook("Stop"), screen=["● words"])
        states = said(one)
        assert states[states.index("idle") :] == ["idle", "working", "done"]


async def test_a_new_conductor_finds_what_was_told_meanwhile(ground: Path) -> None:
    async with stage(ground, "claude") as one:
        await one.play("working", status="busy", hook=hook("UserPromptSubmit"))
        await one.play_unwatched("waiting", status="waiting", hook=hook("PermissionRequest", **BASH))
        await one.play_unwatched("idle", status="idle")  # Esc: only the status file tells
        await one.play("working", status="busy", hook=hook("UserPromptSubmit"))
        await one.play_unwatched("done", status="idle", hook=hook("Stop"))
        await one.play_unwatched("done", text="Do you want to proceed?")
        await one.play("working", status="busy", hook=hook("UserPromptSubmit"))
        assert said(one)[-6:] == ["working", "waiting", "idle", "working", "done", "working"]


async def test_an_agent_killed_below_its_wrapper_works_no_more(ground: Path) -> None:
    async with stage(ground, "claude", wrapped=True) as one:
        await one.play("working", status="busy", hook=hook("UserPromptSubmit"))
        await one.play("waiting", status="waiting")  # it is known whose file that is
        await one.play("exited", kill=9)
        assert said(one) == ["working", "waiting", "exited"]
