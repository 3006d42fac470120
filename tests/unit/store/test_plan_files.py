import msgspec
import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autod_tui.core.errors import SettingsError, UsageError
from autod_tui.core.run_plan import By, Isolation, RunPlan
from autod_tui.store.plan_files import load_run_plan, run_plan_names
from tests.support.plans import ONE_TASK, WEEK, Files


@pytest.fixture
def files(tmp_path):
    files = Files(tmp_path / "repo")
    files.write("workstreams/prompts/build.md", 'Do {tasks}, {{tasks}} as ${HOME} and {"a": 1}.\n')
    return files


def test_a_whole_plan(files):
    plan = files.load(WEEK)
    assert (plan.name, plan.title, plan.into, plan.target) == ("week", "Week 1", "integration/week1", "main")
    assert (plan.isolation, plan.agent, plan.max_sessions, plan.max_tasks, plan.merge) == (
        Isolation.SHARED,
        "flash",
        3,
        9,
        False,
    )
    assert plan.roles == {"architect": "claude", "researcher": "flash"}
    build, check, review = plan.stages
    assert build.prompt == str(files.root / "workstreams/prompts/build.md")
    assert (build.batch_size, build.adaptive, build.sessions, build.agent, build.model) == (3, True, 2, "flash", "pro")
    assert (build.attempts, build.timeout, build.silence, build.needs_work) == (4, 600, 90, "build")
    assert (check.by, [gate.threshold for gate in check.gates], check.needs_work) == (By.GATES, ["", ">= 70"], "build")
    # an agent's stage, not the gates before it: nobody works there
    assert (review.by, review.checklist, review.needs_work) == (By.PERSON, ("whole files",), "build")
    first = plan.tasks[0]
    assert (first.title, first.body, first.model, first.role, first.kind) == (
        "Skeleton",
        "A frame.",
        "flash",
        "architect",
        "page",
    )
    assert (first.outputs, first.min_bytes, first.priority) == (("src/1.1.js",), 10, 5)
    assert plan.tasks[1].after == ("1.1",)
    assert [(batch.name, batch.title, batch.tasks, batch.after) for batch in plan.batches] == [
        ("b1", "First", ("1.1", "1.2", "1.3"), ()),
        ("b2", "", ("1.4", "1.10"), ("b1",)),
    ]


def test_a_plan_of_nothing_but_tasks_has_one_stage_and_defaults(files):
    plan = files.load(ONE_TASK)
    assert [(stage.name, stage.by, stage.needs_work) for stage in plan.stages] == [("build", By.AGENT, "build")]
    assert (plan.into, plan.agent, plan.max_sessions, plan.title) == ("integration/week", "claude", 8, "week")
    assert plan.tasks[0].title == "a"


def test_a_plan_survives_the_journal(files):
    plan = files.load(WEEK)
    assert msgspec.json.decode(msgspec.json.encode(plan), type=RunPlan) == plan


def test_a_task_takes_its_text_from_a_file(files):
    files.write("docs/one.md", "Text from the root.\n")
    plan = files.load('[[task]]\nid = "a"\nprompt = "docs/one.md"\n')
    assert plan.tasks[0].body == "Text from the root.\n"


def test_the_plan_s_own_role_wins_over_the_project_s(files):
    plan = files.load(ONE_TASK + 'role = "architect"\n[roles]\narchitect = "flash"\n')
    assert plan.roles == {"architect": "flash"}
    assert files.settings().roles == {"architect": "claude"}


def test_never_is_written_as_zero(files):
    plan = files.load(ONE_TASK + '[[stage]]\nname = "build"\ntimeout = 0\nsilence = "0s"\n')
    assert (plan.stages[0].timeout, plan.stages[0].silence) == (0, 0)


def test_names_are_those_of_the_toml_files(files):
    for name in ("b.toml", "a.toml", "..toml", "no plan.toml", "c.txt"):
        files.write(f"workstreams/{name}", "")
    (files.root / "workstreams" / "d.toml").mkdir()
    assert run_plan_names(files.root) == ("a", "b")
    assert run_plan_names(files.root / "elsewhere") == ()


def test_an_unknown_plan_names_the_nearest(files):
    files.load(ONE_TASK)
    with pytest.raises(UsageError, match="no plan of tasks 'weak'") as error:
        load_run_plan(files.root, "weak", files.settings())
    assert error.value.hint == "did you mean 'week'?"
    with pytest.raises(UsageError, match="no plan of tasks"):
        load_run_plan(files.root, "../week", files.settings())


STAGE = '[[stage]]\nname = "build"\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[plan]\ntilte = 'x'", "plan.tilte: unknown key 'tilte' (did you mean 'title'?)"),
        ("[pln]", "pln: unknown key 'pln' (did you mean 'plan'?)"),
        ("[plan]\nisolation = 'worktrees'", "plan.isolation: unknown isolation 'worktrees' (did you mean 'worktree'?)"),
        ("[plan]\ninto = 'a..b'", "plan.into: 'a..b' can't be a branch or tag ('..', '@{' and a final '.' are taken)"),
        ("[plan]\ninto = 'run'", "plan.into: 'run' can't be a branch: those of sessions are called run/..."),
        ("[plan]\ninto = 'main/x'", "plan.into: 'main/x' and the target 'main' can't both be branches"),
        ("[plan]\nagent = 'cluade'", "plan.agent: unknown agent 'cluade' (did you mean 'claude'?)"),
        ("[plan]\nmax_sessions = 0", "plan.max_sessions: 0 is not between 1 and 1000"),
        ("[roles]\nboss = 'flesh'", "roles.boss: unknown agent 'flesh' (did you mean 'flash'?)"),
        (STAGE + "batch_size = 0", "stage[0].batch_size: 0 is not between 1 and 1000"),
        (STAGE + "attempts = 0", "stage[0].attempts: 0 is not between 1 and 1000"),
        (STAGE + "sessions = true", "stage[0].sessions: must be a whole number, not True"),
        (STAGE + "timeout = 'soon'", 'stage[0].timeout: \'soon\' is not a duration (write it as "30s", "10m" or "1h")'),
        (STAGE + "agent = 'fash'", "stage[0].agent: unknown agent 'fash' (did you mean 'flash'?)"),
        (STAGE + "gates = ['test']", "stage[0].gates: unknown gate 'test' (did you mean 'tests'?)"),
        (
            STAGE + "gates = ['tests>=3']",
            "stage[0].gates: 'tests>=3': gate 'tests' measures no number (add `measure` to the gate)",
        ),
        (
            STAGE + "prompt = 'prompts/biuld.md'",
            "stage[0].prompt: no such file: 'prompts/biuld.md' (did you mean 'prompts/build.md'?)",
        ),
        (
            STAGE + "prompt = '/etc/passwd'",
            "stage[0].prompt: '/etc/passwd' is not a path inside the repository (write it relative to the plan)",
        ),
        (STAGE + "prompt = '../../x'", "stage[0].prompt: '../../x' leads out of the repository"),
        (
            STAGE + "by = 'persn'",
            "stage[0].by: unknown by 'persn' (did you mean 'person'?)",
        ),
        (
            STAGE + "by = 'person'",
            "stage[0].by: the first stage must be by an agent: there is no work to judge yet",
        ),
        (STAGE + "auto = ['tests']", 'stage[0].auto: only a stage by a person can approve by itself (by = "person")'),
        (
            STAGE + STAGE.replace("build", "check") + "by = 'gates'",
            "stage[1].gates: nobody serves stage 'check': it is by gates, and names none (gates = [\"tests\"])",
        ),
        (STAGE + STAGE, "stage[1].name: a second stage 'build'"),
        (
            STAGE + "needs_work = 'check'\n" + STAGE.replace("build", "check"),
            "stage[0].needs_work: 'check' comes later; work goes back, not on",
        ),
        (STAGE + "needs_work = 'biuld'", "stage[0].needs_work: unknown stage 'biuld' (did you mean 'build'?)"),
        (
            STAGE.replace("build", "no good"),
            "stage[0].name: 'no good' may only have letters, digits, '.', '_' and '-',",
        ),
        ("stage = []", "stage: a plan needs a stage (leave `stage` out for one that is called 'build')"),
        ("[[batch]]\nname = 'b'\ntasks = ['a', 'aa']", "batch[0].tasks: unknown task 'aa' (did you mean 'a'?)"),
        ("[[batch]]\nname = 'b'\ntasks = []", "batch[0].tasks: a batch has at least one task"),
        ("[[batch]]\nname = 'b'\ntasks = ['a', 'a']", "batch[0].tasks: 'a' is named twice"),
        ("[[batch]]\nname = 'a'\ntasks = ['a']", "batch[0].name: 'a' is a task's id already: nobody could tell which"),
        (
            "[[batch]]\nname = 'b1'\ntasks = ['a']\n[[batch]]\nname = 'b2'\ntasks = ['a']",
            "batch[1].tasks: task 'a' is in batch 'b1' already",
        ),
        (
            "[[batch]]\nname = 'b1'\ntasks = ['a']\nafter = ['b']",
            "batch[0].after: unknown batch 'b' (did you mean 'b1'?)",
        ),
        (
            "[[batch]]\nname = 'b1'\ntasks = ['a']\nafter = ['b1']",
            "batch: these wait for each other: batch b1 -> batch b1 (take one `after` away)",
        ),
        ("[[task]]\nid = 'a'", "task[1].id: a second task 'a'; the first one is in task[0]"),
        ("[[task]]\nid = 'b c'", "task[1].id: 'b c' can't name a task: up to 64 letters, digits,"),
        ("[[task]]\nid = 'b'\nafter = ['c']", "task[1].after: unknown task 'c'"),
        ("[[task]]\nid = 'b'\nafter = ['b']", "task: these wait for each other: task b -> task b (take one"),
        ("[[task]]\nid = 'b'\noutputs = ['../x']", "task[1].outputs: '../x' is not a path inside the worktree"),
        ("[[task]]\nid = 'b'\noutputs = ['/x']", "task[1].outputs: '/x' is not a path inside the worktree"),
        ("[[task]]\nid = 'b'\noutputs = ['.git/x']", "task[1].outputs: '.git/x' is not a path inside the worktree"),
        ("[[task]]\nid = 'b'\noutputs = ['x/']", "task[1].outputs: 'x/' is not the path of a file"),
        ("[[task]]\nid = 'b'\noutputs = ['{di}']", "task[1].outputs: unknown placeholder '{di}' (known: {id}, {kind}"),
        (
            "[[task]]\nid = 'b'\nrole = 'architekt'",
            "task[1].role: unknown role 'architekt' (did you mean 'architect'?)",
        ),
        (
            "[[task]]\nid = 'b'\nbody = 'x'\nprompt = 'autod.toml'",
            "task[1].prompt: a task has either a body or a prompt",
        ),
        ("[items]", 'items.range: items need a range (such as range = "1-20")'),
        ("[items]\nrange = '9-1'", "items.range: '9-1' is not a range"),
        ("[items]\nrange = '1-99999'", "items.range: '1-99999' is not a range"),
        ("[items]\nrange = '1-3'\nid = 'x'", "items.id: gives several items the same id"),
        ("[items]\nrange = '1-3'\ntracks = {b = 3}", "items.range: `range` does not go with `tracks`"),
        ("[items]\nrange = '1-3'\noutputs = ['/{id}']", "items.outputs: '/1' is not a path inside the worktree"),
    ],
)
def test_a_mistake_is_named_with_its_key_and_the_way_out(files, text, problem):
    found = files.problems(f"{ONE_TASK}{text}\n" if not text.startswith("stage") else f"{text}\n{ONE_TASK}")
    assert len(found) == 1, found
    assert found[0].startswith(problem), found[0]


def test_a_prompt_with_an_unknown_word(files):
    files.write("workstreams/prompts/build.md", "{task} {tasks}\n")
    assert files.problems(ONE_TASK + STAGE + "prompt = 'prompts/build.md'") == [
        "stage[0].prompt: unknown placeholder '{task}' (did you mean '{tasks}'?; '{{task}}' stands for itself)"
    ]


def test_a_prompt_may_not_be_a_link_out_of_the_repository(files, tmp_path):
    (tmp_path / "secret").write_text("x")
    (files.root / "workstreams" / "link.md").symlink_to(tmp_path / "secret")
    assert files.problems(ONE_TASK + STAGE + "prompt = 'link.md'") == [
        "stage[0].prompt: 'link.md' leads out of the repository"
    ]


def test_a_circle_through_a_task_and_two_batches_is_found(files):
    found = files.problems(
        ONE_TASK
        + "after = ['b']\n[[task]]\nid = 'b'\n"
        + "[[batch]]\nname = 'b1'\ntasks = ['a']\n[[batch]]\nname = 'b2'\ntasks = ['b']\nafter = ['b1']\n"
    )
    assert len(found) == 1
    assert "these wait for each other" in found[0]
    assert all(name in found[0] for name in ("task a", "task b", "batch b1"))


def test_all_mistakes_come_at_once(files):
    found = files.problems(
        "[plan]\nagent = 'x'\ninto = '-'\n[[stage]]\nname = 'a'\nattempts = 0\nby = 'x'\n[[task]]\nid = ''\n[what]"
    )
    assert len(found) == 6, found


def test_a_file_that_is_no_toml_is_one_mistake(files):
    assert files.problems("[plan")[0].startswith("is not TOML")
    assert files.problems("x = " + "[" * 5000)[0].endswith("is nested too deeply")
    assert files.problems("#" * 300_000)[0].endswith("is larger than 256 kB")


def test_a_plan_without_tasks(files):
    assert files.problems("[plan]") == ["a plan needs tasks (add [[task]], [tasks] from = ... or [items])"]


def test_the_branch_of_a_workstream_is_not_for_runs(files):
    files.write("workstreams/one/STARTUP.md", "x")
    assert files.problems(ONE_TASK + "[plan]\ninto = 'workstream/one'") == [
        "plan.into: 'workstream/one' is the branch of workstream 'one' (take a branch that nobody else writes to)"
    ]


def test_items_of_several_tracks(files):
    plan = files.load(
        """
        [items]
        tracks = { b1 = 2, b2-hist = 1 }
        title = "Lesson {n} of {track}"
        body = "Mend {id}."
        outputs = ["lessons/{track}/{n:03}.md"]
        min_bytes = 500
        """
    )
    assert [(task.id, task.title, task.body, task.outputs) for task in plan.tasks] == [
        ("b1:1", "Lesson 1 of b1", "Mend b1:1.", ("lessons/b1/001.md",)),
        ("b1:2", "Lesson 2 of b1", "Mend b1:2.", ("lessons/b1/002.md",)),
        ("b2-hist:1", "Lesson 1 of b2-hist", "Mend b2-hist:1.", ("lessons/b2-hist/001.md",)),
    ]


def test_items_of_one_range(files):
    plan = files.load('[items]\nrange = "1-3,7"\nid = "TASK-{n:03}"\n')
    assert [task.id for task in plan.tasks] == ["TASK-001", "TASK-002", "TASK-003", "TASK-007"]
    assert [task.id for task in files.load('[items]\ntrack = "b1"\nrange = "5"\n').tasks] == ["b1:5"]


_KEYS = st.sampled_from(["plan", "stage", "batch", "task", "tasks", "roles", "items", "x"])
_INNER = st.sampled_from(
    ["name", "id", "tasks", "after", "by", "gates", "from", "range", "tracks", "outputs", "prompt"]
)
_VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(-3, 99999), st.text(max_size=6), st.sampled_from(["a", "1-3", "{n}", "b1"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_INNER, inner, max_size=4)),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(_KEYS, st.one_of(_VALUES, st.lists(st.dictionaries(_INNER, _VALUES), max_size=3))))
def test_whatever_a_file_holds_is_a_plan_or_mistakes(files, values):
    files.write("workstreams/week.toml", "")
    (files.root / "workstreams" / "week.toml").write_text(tomli_w.dumps(values))
    try:
        plan = files.load(None)
    except SettingsError as error:
        assert error.problems
    else:
        assert plan.tasks and plan.stages
