import datetime
import os
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autod_tui.core.errors import RefusedError, SettingsError, UsageError
from autod_tui.core.plan import AgentProfile, PromptMode, ResolveRule
from autod_tui.core.usage import PriceList
from autod_tui.store.settings import load_plan
from autod_tui.store.writing import init_files, write_workstream

BUILT_IN = {
    "claude": AgentProfile(
        name="claude",
        command=("claude", "{prompt}"),
        model_args=("--model", "{model}"),
        models={"o": "opus"},
        built_in=True,
    ),
    "gemini": AgentProfile(name="gemini", command=("gemini", "-i", "{prompt}"), headless=("gemini", "-p", "{prompt}")),
}


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "repo"
    root.mkdir()
    return root


def write(root, text, *, workstreams=("one", "two"), **files):
    (root / "autod.toml").write_text(text)
    for name in workstreams:
        directory = root / "workstreams" / name
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "STARTUP.md").write_text(f"# {name}\n")
    for name, content in files.items():
        (root / "workstreams" / name / "workstream.toml").write_text(content)


def load(root, **options):
    return load_plan(root, profiles=BUILT_IN, **options)


def problems(root):
    with pytest.raises(SettingsError) as error:
        load(root)
    return [str(problem) for problem in error.value.problems]


def only_problem(root):
    found = problems(root)
    assert len(found) == 1, found
    return found[0]


def test_without_any_file_there_are_defaults(root):
    plan = load(root)
    assert (plan.project.target, plan.project.agent, plan.project.worktrees) == ("main", "claude", "../{repo}-{name}")
    assert plan.agents == BUILT_IN
    assert plan.workstreams == plan.checkpoints == ()
    assert load(root, target="trunk").project.target == "trunk"


def test_a_whole_configuration(root):
    write(
        root,
        """
        [project]
        target = "trunk"
        worktrees = "../trees/{name}"
        branch = "ws/{name}"
        agent = "flash"
        copy = [".env"]
        setup = "make"
        max_sessions = 3
        ports = 5
        port_base = 43000
        rehearse = true
        [roles]
        architect = "claude"
        [resolve]
        "docs/**" = "newest"
        "db/**" = "one"
        [agents.flash]
        extends = "gemini"
        model = "gemini-2.5-flash"
        [gates.tests]
        command = "pytest -q"
        timeout = "10m"
        [gates.coverage]
        command = "coverage report"
        measure = '(\\d+)%'
        at_least = 60
        [[checkpoint]]
        name = "first"
        title = "Day 3"
        merge = ["one"]
        into = "integration/week1"
        gates = ["tests", "coverage"]
        due = 2025-10-20T18:00:00Z
        [checkpoint.before]
        gates = ["tests"]
        [[checkpoint]]
        name = "last"
        after = ["first"]
        after_soft = ["first"]
        merge = ["two"]
        gates = ["coverage>=70.5"]
        then = "stable"
        tag = "v1"
        rehearse = false
        """,
        two='title = "The second"\nagent = "claude"\nmodel = "o"\nafter = ["first"]\nbase = "v0"\n',
    )
    plan = load(root, target="ignored")
    first, last = plan.checkpoints
    assert plan.project.target == "trunk"
    assert plan.resolve == (ResolveRule("docs/**", "newest"), ResolveRule("db/**", "one"))
    assert plan.agents["flash"].model == "gemini-2.5-flash"
    assert plan.agents["flash"].headless == ("gemini", "-p", "{prompt}")
    assert (first.into, first.title, first.rehearse, last.rehearse) == ("integration/week1", "Day 3", True, False)
    assert [gate.name for gate in first.gates] == ["tests", "coverage"]
    assert [gate.name for gate in first.before] == ["tests"]
    assert first.gates[0].timeout == 600
    assert first.due == datetime.datetime(2025, 10, 20, 18, tzinfo=datetime.UTC).timestamp()
    assert (last.into, last.title, last.then, last.tag) == ("trunk", "last", "stable", "v1")
    assert last.gates[0].threshold == ">= 70.5"
    assert plan.gates["coverage"].threshold == ">= 60"
    one, two = plan.workstreams
    assert (one.name, one.title, one.branch, one.agent) == ("one", "one", "ws/one", "flash")
    assert one.worktree == str(root.parent / "trees" / "one")
    assert one.startup == str(root / "workstreams" / "one" / "STARTUP.md")
    assert (two.title, two.agent, two.model, two.after, two.base) == ("The second", "claude", "o", ("first",), "v0")


def test_all_mistakes_of_all_files_come_at_once(root):
    write(
        root,
        '[project]\ntagret = "main"\nagent = "cluade"\n[[checkpoint]]\nname = "c"\nmerge = ["on"]\ngate = ["x"]\n',
        one="titel = 1\n",
        two="after = [",
    )
    found = problems(root)
    assert "autod.toml: project.tagret: unknown key 'tagret' (did you mean 'target'?)" in found
    assert "autod.toml: project.agent: unknown agent 'cluade' (did you mean 'claude'?)" in found
    assert "autod.toml: checkpoint[0].gate: unknown key 'gate' (did you mean 'gates'?)" in found
    assert "autod.toml: checkpoint[0].merge: unknown workstream 'on' (did you mean 'one'?)" in found
    assert "workstreams/one/workstream.toml: titel: unknown key 'titel' (did you mean 'title'?)" in found
    assert any(text.startswith("workstreams/two/workstream.toml: is not TOML") for text in found)


GATE = '[gates.g]\ncommand = "x"\n'
MEASURED = GATE + "measure = '(1)'\nat_least = 1\n"
CHECKPOINT = '[[checkpoint]]\nname = "c"\nmerge = ["one"]\n'
AGENT = '[agents.mine]\ncommand = ["x", "{prompt}"]\n'


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("[project]\ntarget = 3", "project.target", "must be a text, not 3"),
        ("project = 3", "project", "must be a table, not 3"),
        ("[project]\nmax_sessions = true", "project.max_sessions", "must be a whole number, not True"),
        ("[project]\nmax_sessions = 0", "project.max_sessions", "0 is not between 1 and"),
        ("[project]\ncopy = ['a', 1]", "project.copy", "item 2 must be a text, not 1"),
        ("[project]\ncopy = ['../x']", "project.copy", "not a path inside"),
        ("[project]\nworktrees = '../x'", "project.worktrees", "has no {name}"),
        ("[project]\nworktrees = '../{rpeo}{name}'", "project.worktrees", "unknown placeholder '{rpeo}'"),
        ("[project]\nbranch = 'x'", "project.branch", "has no {name}"),
        ("[project]\ntarget = 'a b'", "project.target", "holds ' '"),
        ("gate = 1", "gate", "did you mean 'gates'?"),
        ("[gates.g]", "gates.g.command", "needs a command"),
        (GATE + 'timeout = "soon"', "gates.g.timeout", "'soon' is not a duration"),
        (GATE + "timeout = 0", "gates.g.timeout", "0 is not a duration"),
        (GATE + "measure = '('\nat_least = 1", "gates.g.measure", "not a regular expression"),
        (GATE + "measure = '1'\nat_least = 1", "gates.g.measure", "has no group"),
        (GATE + "measure = '(1)'", "gates.g.measure", "needs a bound"),
        (GATE + "at_most = 1", "gates.g.at_most", "needs `measure`"),
        (GATE + "measure='(1)'\nat_least = 1\nat_most = 2", "gates.g.at_most", "either at_least or at_most"),
        (GATE + "measure='(1)'\nat_least = nan", "gates.g.at_least", "not a finite number"),
        (CHECKPOINT + "gates = ['h']", "checkpoint[0].gates", "unknown gate 'h'"),
        (GATE + CHECKPOINT + "gates = ['g>=1']", "checkpoint[0].gates", "measures no number"),
        (MEASURED + CHECKPOINT + "gates = ['g>1']", "checkpoint[0].gates", 'written "coverage>=70"'),
        (GATE + CHECKPOINT + "gates = ['g', 'g']", "checkpoint[0].gates", "named twice"),
        (CHECKPOINT + "[checkpoint.before]\ngates = ['h']", "checkpoint[0].before.gates", "unknown gate"),
        (CHECKPOINT + "[checkpoint.before]\ngate = []", "checkpoint[0].before.gate", "did you mean 'gates'?"),
        (CHECKPOINT + "due = 'soon'", "checkpoint[0].due", "'soon' is not a date"),
        (CHECKPOINT + "into = 'a..b'", "checkpoint[0].into", "can't be a branch"),
        (CHECKPOINT + "tag = '-x'", "checkpoint[0].tag", "can't name a branch or tag"),
        ("[[checkpoint]]\nname = 'c'", "checkpoint[0].merge", "at least one"),
        ("[[checkpoint]]\nmerge = ['one']", "checkpoint[0].name", "a name is needed"),
        ("[[checkpoint]]\nname = 'a b'\nmerge = ['one']", "checkpoint[0].name", "'a-b' would do"),
        (CHECKPOINT + CHECKPOINT, "checkpoint[1].name", "a second checkpoint 'c'"),
        ("checkpoint = [1]", "checkpoint", "item 1 must be a table"),
        ("[agents.mine]", "agents.mine", "needs `command`, or `extends`"),
        ("[agents.mine]\nextends = 'gemnii'", "agents.mine.extends", "did you mean 'gemini'?"),
        ("[agents.mine]\ncommand = ['x']\nprompt = 'argument'", "agents.mine.command", "never gets the prompt"),
        ("[agents.mine]\ncommand = 3", "agents.mine.command", "must be a list"),
        ("[agents.mine]\ncommand = ' '", "agents.mine.command", "names no program"),
        (AGENT + "headless = ['x', '{promt}']", "agents.mine.headless", "did you mean {prompt}?"),
        (AGENT + "prompt = 'key'", "agents.mine.prompt", "did you mean 'keys'?"),
        (AGENT + "waiting = '['", "agents.mine.waiting", "not a regular expression"),
        (AGENT + "env = { A = 1 }", "agents.mine.env.A", "must be a text"),
        ("[resolve]\n'x' = 'newset'", 'resolve."x"', "did you mean 'newest'?"),
        ("[roles]\nboss = 'cluade'", "roles.boss", "did you mean 'claude'?"),
    ],
)
def test_each_mistake_names_key_value_and_way_out(root, text, key, words):
    write(root, text + "\n")
    found = only_problem(root)
    assert found.startswith(f"autod.toml: {key}: "), found
    assert words in found


def test_agents_extend_each_other_in_any_order_but_not_in_a_circle(root):
    write(root, '[agents.b]\nextends = "a"\nmodel = "m"\n[agents.a]\nextends = "gemini"\nprompt = "keys"\n')
    agents = load(root).agents
    assert (agents["b"].prompt, agents["b"].model, agents["b"].command[0]) == (PromptMode.KEYS, "m", "gemini")
    write(root, '[agents.b]\nextends = "a"\n[agents.a]\nextends = "b"\n')
    assert "these extend each other: " in problems(root)[0]


def test_a_built_in_agent_is_changed_under_its_own_name(root):
    write(root, '[agents.claude]\nmodel = "opus"\nenv = { A = "1" }\n[agents.claude.models]\nbig = "x"\n')
    claude = load(root).agents["claude"]
    assert (claude.command, claude.model, dict(claude.env)) == (("claude", "{prompt}"), "opus", {"A": "1"})
    assert dict(claude.models) == {"o": "opus", "big": "x"}


@pytest.mark.parametrize("due", ["2025-10-20", '"2025-10-20"'])
def test_a_bare_date_means_its_end(root, due):
    write(root, CHECKPOINT + f"due = {due}\n")
    assert load(root).checkpoints[0].due == datetime.datetime(2025, 10, 20, 23, 59, 59).timestamp()


def test_directory_names_that_can_not_be_names(root):
    write(root, "", workstreams=("one", "a b", "-x", "#(touch x)"))
    found = problems(root)
    assert len(found) == 3
    assert any("workstreams/a b: " in text and "rename it to 'a-b'" in text for text in found)


def test_other_entries_of_workstreams_are_left_alone(root):
    write(root, "", workstreams=("one",))
    (root / "workstreams" / "plan.toml").write_text("[[[")
    (root / "workstreams" / "a b").mkdir()
    (root / "workstreams" / "loop").symlink_to("loop")
    (root / "workstreams" / ".hidden").mkdir()
    assert [spec.name for spec in load(root).workstreams] == ["one"]


def test_worktrees_may_be_inside_but_not_hold_the_repository(root):
    write(root, "[project]\nworktrees = '.trees/{name}'\n")
    assert load(root).workstreams[0].worktree == str(root / ".trees" / "one")
    write(root, "[project]\nworktrees = '../{name}'\n", workstreams=("one", "repo"))
    assert "would hold the repository itself" in only_problem(root)


def test_branches_that_git_can_not_have_side_by_side(root):
    write(root, "", one='branch = "x"\n', two='branch = "x/y"\n')
    assert "can't both be branches" in only_problem(root)
    write(root, "", one='branch = "main"\n', two="")
    assert "is the target" in only_problem(root)


def hostile(root, kind):
    path = root / "autod.toml"
    if kind == "directory":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to("autod.toml")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.write_bytes(
            {
                "large": b"#" * 300_000,
                "binary": b"a = '\xff'",
                "nul": b"a = 1\0",
                "nested": b"a = " + b"[" * 20_000,
                "tables": b"a = " + b"{a=" * 20_000,
                "dotted": b".".join([b"a"] * 50_000) + b" = 1",
                "quoted": b".".join([b'"a"'] * 50_000) + b" = 1",
                "spaced": b" . ".join([b"a"] * 50_000) + b" = 1",
                "number": b"a = " + b"9" * 200_000,
                "surrogate": b'a = "\\ud800"',
            }[kind]
        )


@pytest.mark.parametrize(
    "kind",
    [
        "directory",
        "loop",
        "pipe",
        "large",
        "binary",
        "nul",
        "nested",
        "tables",
        "dotted",
        "quoted",
        "spaced",
        "number",
        "surrogate",
    ],
)
def test_hostile_files_are_one_problem(root, kind):
    hostile(root, kind)
    assert only_problem(root).startswith("autod.toml: ")


def test_a_prompt_may_be_large_but_not_huge_or_binary(root):
    write(root, "")
    prompt = root / "workstreams" / "one" / "STARTUP.md"
    prompt.write_text("x" * 200_000)
    assert load(root).workstreams[0].startup == str(prompt)
    prompt.write_text("x" * 1_000_001)
    assert only_problem(root) == "workstreams/one/STARTUP.md: is larger than 1000 kB"
    prompt.write_bytes(b"\0")
    assert "NUL" in only_problem(root)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=5,
    ),
    st.sampled_from(["project", "agents", "gates", "checkpoint", "resolve", "roles"]),
    st.sampled_from(["", "name", "gates", "command", "before", "due", "timeout", "env", "merge", "measure"]),
)
def test_no_value_of_any_shape_makes_the_reader_fail(root, value, section, key):
    from autod_tui.store.fields import Table
    from autod_tui.store.settings import _read_plan

    for shape in (value, {key: value}, [{key: value}], {"x": {key: value}}):
        _read_plan(Table({section: shape}, "autod.toml", []), root, BUILT_IN, PriceList(), "main")


def test_what_new_writes_is_read_back(root):
    write(root, CHECKPOINT)
    paths = write_workstream(
        root, name="three", title='T "x"\n', agent="gemini", model="m", branch="b/3", after=("c",), prompt="Gö\n"
    )
    assert [path.name for path in paths] == ["workstream.toml", "STARTUP.md"]
    spec = load(root).workstream("three")
    assert spec is not None
    assert (spec.title, spec.agent, spec.model, spec.branch, spec.after) == ('T "x"\n', "gemini", "m", "b/3", ("c",))
    assert paths[1].read_text() == "Gö\n"


def test_new_never_overwrites_and_leaves_nothing_behind(root):
    write(root, "")
    before = sorted(path.name for path in (root / "workstreams").iterdir())
    for name, error in (("one", RefusedError), ("ONE", RefusedError), ("../x", UsageError), ("a b", UsageError)):
        with pytest.raises(error):
            write_workstream(root, name=name, prompt="new")
    for bad in ({"prompt": "a\0"}, {"prompt": "x" * 1_000_001}, {"branch": "-x"}, {"prompt": "\ud800"}):
        with pytest.raises(UsageError):
            write_workstream(root, name="three", **bad)
    assert sorted(path.name for path in (root / "workstreams").iterdir()) == before
    assert (root / "workstreams" / "one" / "STARTUP.md").read_text() == "# one\n"


def test_init_writes_once_what_loads(root):
    assert init_files(root, target='odd"name') == ("autod.toml", "workstreams/README.md")
    assert load(root).project.target == 'odd"name'
    (root / "autod.toml").write_text("# mine\n")
    assert init_files(root, target="main") == ()
    assert (root / "autod.toml").read_text() == "# mine\n"


def test_loading_needs_no_heavy_module():
    program = (
        "import sys, autod_tui.store.settings, autod_tui.store.journal, autod_tui.store.follow, autod_tui.watch.files\n"
        "import autod_tui.agents.profiles, autod_tui.store.lock, autod_tui.core.progress\n"
        "print([name for name in ('textual', 'git', 'libtmux', 'watchfiles') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_workstream_joins_a_checkpoint_by_its_own_file(root):
    settings = """
        [[checkpoint]]
        name = "first"
        merge = ["one"]
        """
    write(root, settings, two='checkpoint = "first"\n')
    assert load(root).checkpoints[0].merge == ("one", "two")
    write(root, settings, two='checkpoint = "frist"\n')
    assert only_problem(root) == (
        "workstreams/two/workstream.toml: checkpoint: unknown checkpoint 'frist' (did you mean 'first'?)"
    )


def test_a_script_with_braces_of_its_own_and_no_place_for_the_prompt_is_fine(root):
    write(
        root,
        """
        [agents.mine]
        command = ["sh", "-c", "x=${HOME}; awk '{print}' STARTUP.md; echo ${model} {other}"]
        """,
    )
    profile = load(root).agents["mine"]
    assert profile.prompt is PromptMode.FILE


def test_a_command_in_one_line_is_a_program_with_its_arguments(root):
    write(root, "[agents.mine]\ncommand = 'mytool --say \"a b\" {prompt}'\n[agents.bare]\ncommand = 'mytool'\n")
    agents = load(root).agents
    assert agents["mine"].command == ("mytool", "--say", "a b", "{prompt}")
    assert agents["mine"].prompt is PromptMode.ARGUMENT
    assert (agents["bare"].prompt, agents["bare"].interactive) == (PromptMode.KEYS, True)


def test_checkpoints_may_be_declared_before_their_workstreams_when_one_is_being_made(root):
    write(root, "[[checkpoint]]\nname = 'c'\nmerge = ['one', 'still-to-come']\n")
    assert "unknown workstream 'still-to-come'" in only_problem(root)
    assert load(root, undeclared_ok=True).checkpoints[0].merge == ("one", "still-to-come")
