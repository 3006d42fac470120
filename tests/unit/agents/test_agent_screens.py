"""The screens and titles of real agents, each with the state that it shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from autod_tui.agents.profiles import load_profiles
from autod_tui.agents.readiness import QUESTION_ROWS, read_screen, read_title

SCREENS = Path(__file__).parents[2] / "data" / "screens"
PROFILES = load_profiles()

SHOWN = {
    "aider-after-write": "done",
    "aider-busy-after-interrupt": "",
    "aider-busy-thinking": "",
    "aider-err-500-late": "working",
    "aider-first": "done",
    "aider-idle-after-write": "done",
    "aider-idle-finished": "done",
    "aider-idle-first": "done",
    "aider-idle-interrupted": "done",
    "aider-permission-bash": "waiting",
    "aider-permission-write": "waiting",
    "claude-apikey-dialog": "waiting",
    "claude-busy-thinking": "working",
    "claude-busy-tool": "working",
    "claude-bypass-arrows": "waiting",
    "claude-bypass-dialog": "waiting",
    "claude-err-e401-late": "failed",
    "claude-err-e429-early": "rate-limited",
    "claude-err-e429-late": "",
    "claude-err-e429x-late": "rate-limited",
    "claude-err-e500x-late": "failed",
    "claude-err-e529-early": "rate-limited",
    "claude-err-e529-late": "rate-limited",
    "claude-err-ecut-early": "",
    "claude-err-ehang-early": "working",
    "claude-err-emalf-early": "",
    "claude-exited": "",
    "claude-idle-finished": "",
    "claude-killed": "",
    "claude-permission-bash": "waiting",
    "claude-permission-type-here": "waiting",
    "claude-permission-write": "waiting",
    "claude-question": "waiting",
    "claude-resumed": "",
    "claude-trust-arrows": "waiting",
    "claude-trust-dialog": "waiting",
    "codex-busy-printed": "",
    "codex-busy-thinking": "working",
    "codex-busy-tool": "working",
    "codex-err-cx429-early": "rate-limited",
    "codex-err-cx429-late": "failed",
    "codex-err-cx500-early": "rate-limited",
    "codex-err-cx500-late": "failed",
    "codex-idle-finished": "",
    "codex-idle-printed": "",
    "codex-permission": "waiting",
    "codex-question-old": "waiting",
    "copilot-busy-retrying": "working",
    "copilot-busy-streaming": "working",
    "copilot-busy-thinking": "working",
    "copilot-idle-denied": "",
    "copilot-idle-finished": "",
    "copilot-permission-amend": "waiting",
    "copilot-permission-amended": "waiting",
    "copilot-permission-bash": "waiting",
    "copilot-question": "waiting",
    "copilot-question-field": "waiting",
    "copilot-question-form": "waiting",
    "copilot-question-multi": "waiting",
    "copilot-question-words": "waiting",
    "copilot-trust-dialog": "waiting",
    "gemini-busy-retried": "working",
    "gemini-busy-thinking": "working",
    "gemini-busy-tool": "working",
    "gemini-exited": "",
    "gemini-idle-denied": "",
    "gemini-idle-finished": "",
    "gemini-permission-bash": "waiting",
    "gemini-permission-notice": "waiting",
    "gemini-permission-write": "waiting",
    "opencode-busy-thinking": "working",
    "opencode-busy-tool": "working",
    "opencode-idle-finished": "",
    "opencode-permission-bash": "waiting",
    "opencode-permission-write": "waiting",
    "pi-busy-thinking": "working",
    "pi-err-401": "",
    "qwen-busy-streaming": "working",
    "qwen-busy-thinking": "working",
    "qwen-err-401": "",
    "qwen-idle-denied": "",
    "qwen-idle-finished": "",
    "qwen-permission-bash": "waiting",
    "vibe-busy-thinking": "working",
    "vibe-err-429-early": "rate-limited",
    "vibe-idle-finished": "",
    "vibe-permission-bash": "waiting",
}

TITLES = (
    ("claude", "vm", ""),
    ("claude", "⠂ stand-in", "working"),
    ("claude", "◐ stand-in", "working"),
    ("claude", "✳ stand-in", "quiet"),
    ("claude", "", ""),
    ("codex", "⠙ stand-in | repo", "working"),
    ("codex", "[ ! ] Action Required | stand-in | repo", "waiting"),
    ("codex", "[ . ] Action Required | stand-in | repo", "waiting"),
    ("codex", "stand-in | repo", "quiet"),
    ("gemini", "✦  Working… (repo)      ", "working"),
    ("gemini", "✋  Action Required (repo)", "waiting"),
    ("gemini", "◇  Ready (repo)", "idle"),
    ("opencode", "OC | Stand-in title", ""),
    ("vibe", ">> Vibe", "working"),
    ("vibe", "? Vibe", "waiting"),
    ("vibe", ">> A short title", "working"),
    ("vibe", "A short title - Action Required", "waiting"),
    ("vibe", "A short title - Task Complete", "idle"),
    ("vibe", "A short title", ""),
    ("aider", "⠂ of somebody else", ""),
)


def test_every_sample_is_in_the_table() -> None:
    assert {path.name.removesuffix(".ansi.txt") for path in SCREENS.glob("*.ansi.txt")} == set(SHOWN)


@pytest.mark.parametrize("name", SHOWN)
def test_a_real_screen(name: str) -> None:
    lines = (SCREENS / f"{name}.ansi.txt").read_text().split("\n")
    reading = read_screen(PROFILES[name.partition("-")[0]], lines)
    assert (reading.state.value if reading and reading.state else "") == SHOWN[name]
    assert reading is None or "\x1b" not in reading.reason


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("claude-apikey-dialog", "Do you want to use this API key?"),
        ("claude-permission-bash", "Do you want to proceed?"),
        ("claude-trust-arrows", "Quick safety check: Is this a project you created or one you trust? (Like your own"),
        ("claude-bypass-arrows", "Enter to confirm · Esc to cancel"),
        ("copilot-permission-bash", "Do you want to run this command?"),
        ("opencode-permission-bash", "△ Permission required"),
    ],
)
def test_why_an_agent_waits_is_told_by_its_question_not_by_its_choices(name: str, why: str) -> None:
    reading = read_screen(PROFILES[name.partition("-")[0]], (SCREENS / f"{name}.ansi.txt").read_text().split("\n"))
    assert reading is not None and reading.reason.startswith(why)


def test_a_question_far_above_is_not_why_an_agent_waits() -> None:
    rows = ["Shall we?", *(f"word {number}" for number in range(QUESTION_ROWS)), "Enter to confirm · Esc to cancel"]
    for far, why in ((rows, rows[-1]), (rows[:1] + rows[2:], rows[0])):
        reading = read_screen(PROFILES["claude"], far)
        assert reading is not None and reading.reason == why


@pytest.mark.parametrize(("agent", "title", "says"), TITLES)
def test_a_real_title(agent: str, title: str, says: str) -> None:
    reading = read_title(PROFILES[agent], title)
    assert ("quiet" if reading and reading.vague else reading.state.value if reading and reading.state else "") == says


def seen(agent: str, *rows: str) -> str:
    reading = read_screen(PROFILES[agent], rows, 0.0)
    return reading.state.value if reading and reading.state else ""


def test_a_failure_that_was_tried_again_or_asked_below_is_over() -> None:
    failed, again = "litellm.RateLimitError: OpenAIException - Too many requests", "Retrying in 0.2 seconds..."
    assert seen("aider", "> go", failed) == "failed"
    assert seen("aider", "> go", failed, again) == "rate-limited"
    assert seen("aider", "> go", failed, again, "All done.", "> ") == "done"
    assert seen("aider", "> go", failed, again, failed, "> ") == "failed"
    assert seen("aider", "> go", failed, "diff> ") == "failed"
    assert seen("aider", "> go", failed, "> again", "Some words") == ""
    assert seen("aider", "> go", failed, "diff> again", "█░  Waiting for openai/stand-in") == "working"
    refused = "✕ [API Error: it broke]"
    assert seen("gemini", " > go", refused, " >   Type your message or @path/to/file") == "failed"
    assert seen("gemini", " > go", refused, " > again", "✦ Done.", " >   Type your message or @path/to/file") == ""


def test_the_end_of_a_retry_is_told() -> None:
    lines = (SCREENS / "claude-err-e429-early.ansi.txt").read_text().split("\n")
    reading = read_screen(PROFILES["claude"], lines, 1000.0)
    assert reading is not None
    assert reading.until == 1005.0
