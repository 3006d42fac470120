"""The words that agent profiles may use, each with what it means."""

from __future__ import annotations

PERMISSIONS: dict[str, str] = {
    "ask": "asks before it edits files or runs commands",
    "edits": "edits files unasked",
    "all": "never asks",
}
"""Permission modes, the most careful first."""

HOOK_WAYS: dict[str, str] = {
    "claude-settings": "a settings file of this launch, by `--settings`",
    "codex-log": "a log of this launch, by `-c log_dir`",
    "copilot-plugin": "a plugin of this launch, by `--plugin-dir`",
    "gemini-log": "a log of this launch, by GEMINI_DEBUG_LOG_FILE",
    "opencode-plugin": "a plugin of this launch, by OPENCODE_CONFIG_CONTENT",
    "pi-extension": "an extension of this launch, by `--extension`",
    "qwen-settings": "a file of defaults of this launch, by QWEN_CODE_SYSTEM_DEFAULTS_PATH",
}
"""Ways in which programs take hooks for one launch."""

STATE_WORDS: dict[str, str] = {
    "starting": "it starts",
    "working": "it works",
    "permission": "it waits until it may do something",
    "question": "it waits for an answer",
    "waiting": "it waits for a person",
    "rate-limited": "it waits until its model's rate limit is over",
    "idle": "it waits for its next task",
    "done": "it has ended its task",
    "failed": "it could not go on",
    "exited": "it has ended",
}
"""What a hook event or a value in a status file may tell."""

TITLE_WORDS: dict[str, str] = {
    "working": "it works",
    "waiting": "it waits for a person",
    "idle": "it waits for its next task",
    "quiet": "it does not work, whatever else",
}
"""What a pattern of the terminal's title may tell."""

RECORD_FORMATS: dict[str, str] = {
    "claude": "transcripts below ~/.claude/projects",
    "codex": "rollouts below ~/.codex/sessions",
    "gemini": "chats below ~/.gemini/tmp",
    "pi": "sessions below ~/.pi/agent/sessions",
    "qwen": "chats below ~/.qwen/projects",
    "aider": "the file .aider.chat.history.md of the worktree",
    "copilot": "sessions below ~/.copilot/session-state",
    "opencode": "the database in ~/.local/share/opencode",
    "vibe": "journals below ~/.vibe/logs/session",
}
"""Formats of conversation records that tell usage."""
