"""From a profile to a launch: permission modes, old conversations, hooks of this launch alone."""

import json
import tomllib
from pathlib import Path

import msgspec
import pytest

from autod_tui.agents.launch import prepare
from autod_tui.agents.places import launch_log
from autod_tui.agents.profiles import load_profiles
from autod_tui.core.agent_words import HOOK_WAYS, PERMISSIONS, RECORD_FORMATS, STATE_WORDS, TITLE_WORDS
from autod_tui.core.errors import AutodError, UsageError
from autod_tui.core.plan import AgentProfile

PROFILES = load_profiles()
VALUES = {
    "prompt": "go",
    "prompt_file": "/w/STARTUP.md",
    "model": "",
    "session_id": "s-1",
    "worktree": "/w",
    "workstream": "ws",
}
DANGEROUS = ("skip-permissions", "bypass", "yolo", "allow-all", "auto-approve")


def argv(name, mode="", **options):
    return " ".join(prepare(PROFILES[name], VALUES, permission=mode, **options).argv)


@pytest.mark.parametrize(
    ("agent", "mode", "expected"),
    [
        ("claude", "", "claude --permission-mode default --session-id s-1 go"),
        ("claude", "edits", "claude --permission-mode acceptEdits --session-id s-1 go"),
        ("claude", "all", "claude --dangerously-skip-permissions --session-id s-1 go"),
        ("codex", "", "codex -a on-request -s read-only -c features.daemon_auto_start=false go"),
        ("codex", "edits", "codex -a on-request -s workspace-write -c features.daemon_auto_start=false go"),
        (
            "codex",
            "all",
            "codex --dangerously-bypass-approvals-and-sandbox -c features.daemon_auto_start=false go",
        ),
        ("gemini", "", "gemini --approval-mode default -i go"),
        ("gemini", "all", "gemini --approval-mode yolo -i go"),
        ("opencode", "all", "opencode --prompt go"),
        ("copilot", "", "copilot --no-auto-update -i go"),
        ("copilot", "edits", "copilot --allow-tool write --no-auto-update -i go"),
        ("qwen", "edits", "qwen --approval-mode auto-edit -i go"),
        ("vibe", "all", "vibe --auto-approve --trust go"),
        ("pi", "", "pi --tools read,grep,find,ls,edit,write go"),
        ("pi", "all", "pi go"),
    ],
)
def test_permission_modes(agent, mode, expected):
    assert argv(agent, mode) == expected


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("claude", "claude --permission-mode default --resume old go"),
        ("codex", "codex -a on-request -s read-only -c features.daemon_auto_start=false resume old go"),
        ("gemini", "gemini --approval-mode default --resume old -i go"),
        ("qwen", "qwen --approval-mode default --resume old -i go"),
        ("pi", "pi --tools read,grep,find,ls,edit,write --session old go"),
    ],
)
def test_an_old_conversation_is_gone_on_with(agent, expected):
    assert argv(agent, conversation="old") == expected


def test_what_can_not_be_resumed_says_so():
    with pytest.raises(UsageError, match="aider can't go on"):
        argv("aider", conversation="old")


def test_no_built_in_agent_runs_unasked_by_default():
    for name, profile in PROFILES.items():
        assert profile.permission != "all", name
        assert profile.permission in profile.permissions, name
        for words in (argv(name), *profile.command, *profile.headless, *profile.resume):
            assert not any(word in words for word in DANGEROUS), name


def test_headless_modes_are_a_part_of_the_modes():
    for profile in PROFILES.values():
        assert set(profile.headless_permissions) <= set(profile.permissions)


def test_built_in_files_use_known_words():
    for name, profile in PROFILES.items():
        assert (profile.name, profile.family, profile.built_in) == (name, name, True)
        assert set(profile.permissions) <= set(PERMISSIONS)
        assert profile.hooks in {"", *HOOK_WAYS}
        assert profile.records in {"", *RECORD_FORMATS}
        assert {*profile.hook_states.values(), *profile.status_states.values()} <= set(STATE_WORDS)
        assert set(profile.titles) <= set(TITLE_WORDS)
        if profile.resume:
            assert any("{session_id}" in word for word in profile.resume), name


def test_a_mode_may_set_the_environment():
    prepared = prepare(PROFILES["opencode"], VALUES)
    assert json.loads(prepared.env["OPENCODE_PERMISSION"]) == {"edit": "ask", "bash": "ask"}
    mine = AgentProfile(
        name="mine", command=("x", "{prompt}"), permissions={"all": ("A=1", "B=two words", "-f", "C=3")}
    )
    prepared = prepare(mine, VALUES, permission="all")
    assert (prepared.argv, prepared.env) == (("x", "-f", "C=3", "go"), {"A": "1", "B": "two words"})


def test_the_place_of_a_mode_may_be_named():
    mine = AgentProfile(
        name="mine", command=("x", "run", "{permission}", "{prompt}"), permissions={"edits": ("--allow", "a b")}
    )
    assert prepare(mine, VALUES, permission="edits").argv == ("x", "run", "--allow", "a b", "go")
    assert prepare(mine, VALUES).argv == ("x", "run", "go")
    codex = PROFILES["codex"]
    headless = AgentProfile(name="codex", command=codex.headless, permissions=codex.headless_permissions)
    got = prepare(headless, {**VALUES, "model": "m"}, permission="edits").argv
    assert got == ("codex", "exec", "--json", "-s", "workspace-write", "-m", "m", "go")


def test_unknown_and_missing_modes_are_mistakes():
    with pytest.raises(UsageError, match="'edit'") as error:
        argv("claude", "edit")
    assert "'edits'" in error.value.hint
    with pytest.raises(UsageError, match="pi has no permission mode 'ask'") as error:
        argv("pi", "ask")
    assert "edits, all" in error.value.hint
    bare = AgentProfile(name="mine", command=("x", "{prompt}"))
    assert prepare(bare, VALUES).argv == ("x", "go")
    with pytest.raises(UsageError, match="'ask'"):
        prepare(bare, VALUES, permission="ask")


def test_without_a_spool_nothing_is_hooked():
    prepared = prepare(PROFILES["claude"], VALUES)
    assert "--settings" not in prepared.argv
    assert prepared.env == {}


def test_an_agent_whose_events_mean_nothing_gets_no_spool(tmp_path: Path):
    assert prepare(AgentProfile(name="own", command=("own",)), VALUES, spool=tmp_path / "spool").env == {}
    own = AgentProfile(name="own", command=("own",), hook_states={"Begin": "working"})
    assert prepare(own, VALUES, spool=tmp_path / "spool").env == {"AUTOD_SPOOL": str(tmp_path / "spool" / "s-1")}


def test_claude_gets_a_settings_file_of_this_launch(tmp_path: Path):
    spool = tmp_path / "sp o'ol#"
    prepared = prepare(PROFILES["claude"], VALUES, spool=spool)
    assert prepared.argv[:2] == ("claude", "--settings")
    assert prepared.env == {"AUTOD_SPOOL": str(spool / "s-1")}
    settings = Path(prepared.argv[2])
    assert settings.is_relative_to(spool / "s-1")
    hooks = json.loads(settings.read_text())["hooks"]
    assert {"SessionStart", "PreToolUse", "PermissionRequest", "Stop", "StopFailure"} <= set(hooks)
    assert not any(":" in event for event in hooks)
    assert (spool / "s-1").stat().st_mode & 0o77 == 0


def test_a_command_with_settings_of_its_own_keeps_them(tmp_path: Path):
    mine = AgentProfile(name="mine", command=("claude", "--settings", "x"), hooks="claude-settings")
    assert prepare(mine, VALUES, spool=tmp_path).argv == ("claude", "--settings", "x")


def test_opencode_gets_a_plugin_beside_what_the_user_has(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("OPENCODE_CONFIG_CONTENT", '{"theme": "x", "plugin": ["theirs"]}')
    config = json.loads(prepare(PROFILES["opencode"], VALUES, spool=tmp_path).env["OPENCODE_CONFIG_CONTENT"])
    assert config["theme"] == "x"
    assert config["plugin"][0] == "theirs"
    assert config["plugin"][1].startswith("file://")
    monkeypatch.setenv("OPENCODE_CONFIG_CONTENT", "not JSON")
    assert "OPENCODE_CONFIG_CONTENT" not in prepare(PROFILES["opencode"], VALUES, spool=tmp_path).env


def test_qwen_gets_defaults_beside_those_of_the_system(tmp_path: Path, monkeypatch):
    theirs = tmp_path / "theirs.json"
    theirs.write_text('{"a": 1, "hooks": {"Stop": [{"hooks": []}]}}')
    monkeypatch.setenv("QWEN_CODE_SYSTEM_DEFAULTS_PATH", str(theirs))
    path = prepare(PROFILES["qwen"], VALUES, spool=tmp_path / "spool").env["QWEN_CODE_SYSTEM_DEFAULTS_PATH"]
    settings = json.loads(Path(path).read_text())
    assert (settings["a"], len(settings["hooks"]["Stop"])) == (1, 2)
    assert len(settings["hooks"]["PermissionRequest"]) == 1
    assert json.loads(theirs.read_text())["hooks"] == {"Stop": [{"hooks": []}]}
    theirs.write_text("broken")
    assert "QWEN_CODE_SYSTEM_DEFAULTS_PATH" not in prepare(PROFILES["qwen"], VALUES, spool=tmp_path / "spool").env


def test_copilot_gets_a_plugin_directory(tmp_path: Path):
    words = prepare(PROFILES["copilot"], VALUES, spool=tmp_path).argv
    assert words[1] == "--plugin-dir"
    hooks = json.loads(Path(words[2], "hooks.json").read_text())["hooks"]
    assert "hook.sh" in hooks["agentStop"][0]["bash"]
    assert json.loads(Path(words[2], "plugin.json").read_text())["hooks"] == "hooks.json"


def test_every_way_of_hooks_is_known_and_used(tmp_path: Path):
    assert {profile.hooks for profile in PROFILES.values()} - {""} == set(HOOK_WAYS)
    for profile in PROFILES.values():
        prepared = prepare(profile, VALUES, spool=tmp_path / profile.name)
        assert bool(profile.hooks) == (
            len(prepared.env) > 1 or len(prepared.argv) > len(prepare(profile, VALUES).argv)
        ), profile.name


def test_a_spool_that_can_not_be_written_is_told(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(AutodError, match="can't write"):
        prepare(PROFILES["claude"], VALUES, spool=tmp_path / "file")


def test_only_what_is_asked_for_is_read(monkeypatch):
    read = []
    monkeypatch.setattr("autod_tui.agents.profiles.tomllib.loads", lambda text: read.append(text) or {"command": ["x"]})
    profiles = load_profiles()
    assert "claude" in profiles
    assert "nobody" not in profiles
    assert len(list(profiles)) == len(profiles) >= 10
    assert read == []
    assert profiles["claude"] is profiles["claude"]
    assert len(read) == 1


@pytest.mark.parametrize(
    ("place", "version", "told"),
    [
        ("node_modules/@anthropic-ai/claude-code/cli.js", "2.0.44", False),
        ("node_modules/@anthropic-ai/claude-code/cli.js", "2.0.77", False),
        ("node_modules/@anthropic-ai/claude-code/bin/claude.exe", "2.1.77", False),
        ("node_modules/@anthropic-ai/claude-code/bin/claude.exe", "2.1.78", True),
        ("share/claude/versions/2.0.77", "", False),
        ("share/claude/versions/2.1.330", "", True),
        ("bin/claude.real", "", True),
    ],
)
def test_an_older_claude_gets_no_hook_that_it_would_refuse(tmp_path, monkeypatch, place, version, told):
    program = tmp_path / place
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    if version:
        package = tmp_path / "node_modules/@anthropic-ai/claude-code/package.json"
        package.write_text(json.dumps({"version": version}))
    bin_ = tmp_path / "path"
    bin_.mkdir()
    (bin_ / "claude").symlink_to(program)
    monkeypatch.setenv("PATH", str(bin_))
    settings = prepare(PROFILES["claude"], VALUES, spool=tmp_path / "spool").argv[2]
    hooks = json.loads(Path(settings).read_text())["hooks"]
    assert ("StopFailure" in hooks, "Stop" in hooks) == (told, True)
    assert ("PermissionRequest" in hooks) == (version != "2.0.44")


def test_codex_logs_for_this_launch_alone_where_nothing_else_is_written(tmp_path):
    spool = tmp_path / 'a "spool" 😀'
    prepared = prepare(PROFILES["codex"], VALUES, spool=spool)
    assert prepared.argv[1] == "-c"
    logs = Path(tomllib.loads(prepared.argv[2])["log_dir"])
    (logs / "codex-tui.log").write_text("a line\n")
    assert launch_log(spool / VALUES["session_id"]).read_text() == "a line\n"
    prepare(PROFILES["codex"], VALUES, spool=spool)  # a session that is started anew
    own = msgspec.structs.replace(PROFILES["codex"], command=("codex", "-c", "log_dir=/mine", "{prompt}"))
    assert not any(str(tmp_path) in word for word in prepare(own, VALUES, spool=tmp_path).argv)
