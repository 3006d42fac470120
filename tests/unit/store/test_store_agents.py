"""Agents in files: the repository's over the user's over the built-in ones, every mistake with its way out."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autod_tui.agents.profiles import load_profiles
from autod_tui.core.errors import SettingsError
from autod_tui.core.plan import PromptMode
from autod_tui.store.agent_tables import read_agents
from autod_tui.store.fields import Table
from autod_tui.store.settings import load_agents, load_plan, user_agents_file

OWN = '[agents.mine]\ncommand = ["x", "{prompt}"]\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    (root / "workstreams" / "one").mkdir(parents=True)
    (root / "workstreams" / "one" / "STARTUP.md").write_text("# one\n")
    return root


@pytest.fixture
def user(tmp_path: Path) -> Path:
    return tmp_path / "config" / "autod" / "agents.toml"


def load(root: Path, user: Path | None = None, text: str = "", own: str = "", workstream: str = ""):
    (root / "autod.toml").write_text(text)
    (root / "workstreams" / "one" / "workstream.toml").write_text(workstream)
    if user is not None:
        user.parent.mkdir(parents=True, exist_ok=True)
        user.write_text(own)
    return load_plan(root, profiles=load_profiles(), user_agents=user)


def only_problem(root: Path, **files) -> str:
    with pytest.raises(SettingsError) as error:
        load(root, **files)
    assert len(error.value.problems) == 1, error.value.problems
    return str(error.value.problems[0])


def test_the_repository_goes_before_the_user_and_the_user_before_the_package(root: Path, user: Path) -> None:
    own = '[agents.claude]\nmodel = "opus"\nenv = { A = "user", B = "user" }\n[agents.mine]\nextends = "gemini"\n'
    text = '[agents.claude]\nenv = { A = "repository" }\n[agents.ours]\nextends = "mine"\npermission = "edits"\n'
    agents = load(root, user, text, own).agents
    claude, ours = agents["claude"], agents["ours"]
    assert (claude.model, dict(claude.env)) == ("opus", {"A": "repository", "B": "user"})
    assert claude.command == load_profiles()["claude"].command
    assert (ours.family, ours.permission, ours.command[0]) == ("gemini", "edits", "gemini")
    assert {"mine", "ours", "codex", "demo"} <= set(agents)
    assert len(agents) == len(list(agents)) == len(load_profiles()) + 2


def test_a_user_without_a_file_has_the_built_in_agents(root: Path, user: Path) -> None:
    plan = load_plan(root, profiles=load_profiles(), user_agents=user)
    assert set(plan.agents) == set(load_profiles())


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ("[agents.mine]\nextends = 'gemnii'", "did you mean 'gemini'?"),
        ("[claude]\nmodel = 'x'", "unknown key 'claude'"),
        ("[agents.mine", "is not TOML"),
    ],
)
def test_mistakes_of_the_user_name_the_users_file(root: Path, user: Path, own: str, words: str) -> None:
    problem = only_problem(root, user=user, own=own)
    assert str(user) in problem
    assert words in problem


def test_where_the_users_file_lies(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_agents_file({"XDG_CONFIG_HOME": "/c"}) == Path("/c/autod/agents.toml")
    for environ in ({}, {"XDG_CONFIG_HOME": ""}, {"XDG_CONFIG_HOME": "relative"}):
        assert user_agents_file(environ) == tmp_path / ".config/autod/agents.toml"


def test_agents_alone_are_read_whatever_else_is_wrong(root: Path, user: Path) -> None:
    (root / "autod.toml").write_text(OWN + "[project]\nagent = 'nobody'\n")
    assert "mine" in load_agents(load_profiles(), user, root)
    assert "mine" not in load_agents(load_profiles(), user)
    (root / "autod.toml").write_text("[agents.mine]\n")
    with pytest.raises(SettingsError, match="needs `command`"):
        load_agents(load_profiles(), user, root)


def test_all_keys_of_an_agent(root: Path) -> None:
    agent = load(
        root,
        text=OWN
        + """
        headless = ["x", "-p", "{permission}", "{prompt}"]
        resume = ["x", "-r", "{session_id}"]
        permission = "edits"
        hooks = "claude-settings"
        status_file = "~/.x/{pid}.json"
        records = "claude"
        [agents.mine.permissions]
        ask = []
        edits = ["--edit"]
        [agents.mine.headless_permissions]
        edits = ["--yes"]
        [agents.mine.hook_states]
        Stop = "done"
        "PreToolUse:Ask me" = "question"
        [agents.mine.titles]
        working = "^busy"
        [agents.mine.status_states]
        busy = "working"
        """,
    ).agents["mine"]
    assert agent.permissions == {"ask": (), "edits": ("--edit",)}
    assert agent.headless_permissions == {"edits": ("--yes",)}
    assert (agent.resume, agent.permission, agent.hooks) == (("x", "-r", "{session_id}"), "edits", "claude-settings")
    assert agent.hook_states == {"Stop": "done", "PreToolUse:Ask me": "question"}
    assert (agent.titles, agent.status_states) == ({"working": "^busy"}, {"busy": "working"})
    assert (agent.status_file, agent.records, agent.family) == ("~/.x/{pid}.json", "claude", "mine")


@pytest.mark.parametrize(
    ("line", "key", "words"),
    [
        ("permission = 'al'", "permission", "did you mean 'all'?"),
        ("permission = 'all'", "permission", "has no permission mode 'all'"),
        ("permissions = { edit = [] }", "permissions.edit", "did you mean 'edits'?"),
        ("permissions = { edits = '-e' }", "permissions.edits", "must be a list"),
        ("headless_permissions = { al = [] }", "headless_permissions.al", "did you mean 'all'?"),
        ("hooks = 'claude-setings'", "hooks", "did you mean 'claude-settings'?"),
        ("records = 'cluade'", "records", "did you mean 'claude'?"),
        ("hook_states = { Stop = 'finished' }", "hook_states.Stop", "unknown word 'finished'"),
        ("hook_states = { 'a b' = 'done' }", 'hook_states."a b"', "can't be an event"),
        ("hook_states = { Stop = 'workin' }", "hook_states.Stop", "did you mean 'working'?"),
        ("titles = { busy = 'x' }", "titles.busy", "unknown state 'busy'"),
        ("titles = { working = '(' }", "titles.working", "not a regular expression"),
        ("status_states = { busy = 'bussy' }", "status_states.busy", "unknown word"),
        ("status_file = '/x.json'", "status_file", "no {pid}"),
        ("resume = ['x', '--continue']", "resume", "no {session_id}"),
        ("resume = ['x', '{sesion_id}', '{session_id}']", "resume", "did you mean {session_id}?"),
        ("headless = ['x', '{permision}']", "headless", "did you mean {permission}?"),
        ("statusfile = 'x'", "statusfile", "did you mean 'status_file'?"),
    ],
)
def test_each_mistake_names_key_and_way_out(root: Path, line: str, key: str, words: str) -> None:
    problem = only_problem(root, text=OWN + line)
    assert f"agents.mine.{key}" in problem
    assert words in problem


def test_another_program_takes_no_arguments_over(root: Path) -> None:
    agents = load(
        root,
        text="""
        [agents.wrapped]
        extends = "claude"
        command = ["my-wrapper", "{prompt}"]
        [agents.tuned]
        extends = "claude"
        command = ["/opt/bin/claude", "--chrome", "{prompt}"]
        """,
    ).agents
    wrapped, tuned, claude = agents["wrapped"], agents["tuned"], agents["claude"]
    assert (wrapped.hooks, wrapped.resume, wrapped.permissions, wrapped.headless) == ("", (), {}, ())
    assert (tuned.hooks, tuned.resume, tuned.permissions) == ("claude-settings", claude.resume, {})
    assert wrapped.family == tuned.family == "claude"
    assert wrapped.titles == claude.titles
    assert wrapped.prompt is PromptMode.ARGUMENT


def test_limits_permission_and_notify(root: Path) -> None:
    plan = load(
        root,
        text="[project]\nmax_cost_usd = 12\nmax_tokens = 5000000\nnotify = 'ring'\n",
        workstream="permission = 'all'\nmax_cost_usd = 0.5\nmax_tokens = 0\n",
    )
    one = plan.workstreams[0]
    assert (plan.project.max_cost_usd, plan.project.max_tokens, plan.project.notify) == (12.0, 5_000_000, "ring")
    assert (one.permission, one.max_cost_usd, one.max_tokens) == ("all", 0.5, 0)
    bare = load(root)
    assert (bare.project.max_cost_usd, bare.project.max_tokens, bare.project.notify) == (None, None, "")
    assert (bare.workstreams[0].permission, bare.workstreams[0].max_tokens) == ("", None)


@pytest.mark.parametrize(
    ("files", "key", "words"),
    [
        ({"text": "[project]\nmax_cost_usd = -1\n"}, "project.max_cost_usd", "less than nothing"),
        ({"text": "[project]\nmax_tokens = 'many'\n"}, "project.max_tokens", "whole number"),
        ({"text": "[project]\nmax_tokens = -1\n"}, "project.max_tokens", "not between"),
        ({"text": "[project]\nnotify = 1\n"}, "project.notify", "must be a text"),
        ({"workstream": "permission = 'edit'\n"}, "permission", "did you mean 'edits'?"),
        ({"workstream": "agent = 'pi'\npermission = 'ask'\n"}, "permission", "'pi' has no permission mode"),
        ({"workstream": "max_cost_usd = nan\n"}, "max_cost_usd", "not a finite number"),
    ],
)
def test_mistakes_in_limits_and_permissions(root: Path, files: dict[str, str], key: str, words: str) -> None:
    problem = only_problem(root, **files)
    assert key in problem
    assert words in problem


SHAPES = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = ("permissions", "headless_permissions", "hook_states", "titles", "status_states", "resume", "hooks", "records")


@settings(max_examples=100, deadline=None)
@given(
    SHAPES, st.sampled_from([*KEYS, "permission", "status_file", "command", "extends"]), st.sampled_from(["", "all"])
)
def test_no_value_of_any_shape_makes_the_reader_fail(value, key: str, inner: str) -> None:
    for shape in (value, {inner: value}):
        table = Table({"agents": {"claude": {key: shape}, "x": {"command": ["x"], key: shape}}}, "autod.toml", [])
        read_agents(table, load_profiles())
