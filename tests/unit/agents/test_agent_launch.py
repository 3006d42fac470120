import sys

import pytest

from autod_tui.agents.launch import agent_argv, model_name
from autod_tui.agents.profiles import load_profiles
from autod_tui.core.errors import UsageError
from autod_tui.core.plan import AgentProfile, PromptMode


def argv(profile, **changes):
    values = {
        "prompt": "go",
        "prompt_file": "/w/STARTUP.md",
        "model": "",
        "session_id": "s-1",
        "worktree": "/w",
        "workstream": "ws",
        **changes,
    }
    return agent_argv(profile, **values)


def profile(*command, **more):
    return AgentProfile(name="mine", command=command, **more)


def test_placeholders_are_replaced_literally_and_only_once():
    mine = profile("tool", "{worktree}:{workstream}", "--f={prompt_file}", "{session_id}", "{prompt}", "{other}", "{}")
    prompt = "{model} $(id); `x` 'q' \\1 {prompt}"
    assert argv(mine, prompt=prompt) == ("tool", "/w:ws", "--f=/w/STARTUP.md", "s-1", prompt, "{other}", "{}")


def test_a_chosen_model_goes_where_the_command_says_or_after_the_program():
    assert argv(profile("tool", "-m", "{model}", "x"), model="big") == ("tool", "-m", "big", "x")
    after = profile("tool", "x", model_args=("-m", "{model}"))
    assert argv(after, model="big") == ("tool", "-m", "big", "x")
    assert argv(after) == ("tool", "x")


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("tool", "-m", "{model}", "x"), ("tool", "x")),
        (("tool", "--model={model}", "x"), ("tool", "x")),
        (("tool", "-v", "--model={model}", "x"), ("tool", "-v", "x")),
        (("tool", "--model", "openai/{model}"), ("tool",)),
        (("tool", "run", "{model}", "x"), ("tool", "run", "x")),
        (("tool", "--", "{model}", "x"), ("tool", "--", "x")),
        (("-odd", "{model}"), ("-odd",)),
    ],
)
def test_without_a_model_its_arguments_go_with_their_option(command, expected):
    assert argv(profile(*command)) == expected


def test_aliases_and_the_default_model():
    mine = profile("tool", "{model}", model="small", models={"small": "vendor-small-1", "big": "vendor-big-2"})
    assert argv(mine) == ("tool", "vendor-small-1")
    assert model_name(mine, "big") == "vendor-big-2"
    assert model_name(mine, "exact-name") == "exact-name"


def test_a_prompt_that_looks_like_an_option_stays_a_prompt():
    assert argv(profile("tool", "{prompt}"), prompt="--help") == ("tool", " --help")
    assert argv(profile("tool", "--say={prompt}"), prompt="-x") == ("tool", "--say=-x")


def test_a_prompt_too_long_for_a_command_line_is_refused():
    with pytest.raises(UsageError, match="too long") as error:
        argv(profile("tool", "{prompt}"), prompt="é" * 100_000)
    assert "prompt_file" in error.value.hint
    assert argv(profile("tool", "{prompt_file}"), prompt="é" * 100_000) == ("tool", "/w/STARTUP.md")


def test_the_built_in_agents():
    profiles = load_profiles()
    known = {"claude", "codex", "gemini", "opencode", "aider", "copilot", "qwen", "vibe", "pi", "demo"}
    assert set(profiles) == known
    for name, each in profiles.items():
        assert each.name == name
        assert each.built_in
        assert each.install
        words = " ".join((*each.command, *each.headless))
        for forbidden in ("skip-permissions", "yolo", "bypass", "allow-all", "auto-approve", "yes-always"):
            assert forbidden not in words, name
        if each.prompt is PromptMode.ARGUMENT:
            assert any("{prompt}" in argument for argument in each.command), name
        assert each.interactive is (name != "demo")


def test_the_demo_agent_is_this_python():
    demo = load_profiles()["demo"]
    assert argv(demo) == (sys.executable, "-P", "-m", "autod_tui.demo_agent", "/w/STARTUP.md")
    assert demo.prompt is PromptMode.FILE


def test_claude_gets_model_session_and_prompt():
    assert argv(load_profiles()["claude"], model="opus")[:3] == ("claude", "--model", "opus")
    assert argv(load_profiles()["gemini"], model="flash")[:3] == ("gemini", "-m", "gemini-2.5-flash")


@pytest.mark.parametrize("written", ["{prompt_file}", "'{prompt_file}'", '"{prompt_file}"'])
def test_value_in_a_shells_script_is_one_word(written: str) -> None:
    profile = AgentProfile(name="it", command=("/bin/sh", "-ec", f"cat {written} | wc", "sh", "{prompt_file}"))
    argv = agent_argv(
        profile, prompt="p", prompt_file="/a b/$(id)", model="", session_id="s", worktree="/w", workstream="w"
    )
    assert argv == ("/bin/sh", "-ec", "cat '/a b/$(id)' | wc", "sh", "/a b/$(id)")
