import pytest

from autod_tui.core.errors import UsageError
from autod_tui.core.run_choice import plan_warnings, take_items, tune
from tests.support.plans import ONE_TASK, WEEK, Files


@pytest.fixture
def files(tmp_path):
    files = Files(tmp_path / "repo")
    files.write("workstreams/prompts/build.md", "Do {tasks}.\n")
    return files


@pytest.mark.parametrize(
    ("items", "ids"),
    [
        ("", ["1.1", "1.2", "1.3", "1.4", "1.10"]),
        ("1.3", ["1.3"]),
        ("1.4, 1.1", ["1.1", "1.4"]),
        ("1.2-1.4", ["1.2", "1.3", "1.4"]),
        ("1.2-10", ["1.2", "1.3", "1.4", "1.10"]),
        ("b2,1.1", ["1.1", "1.4", "1.10"]),
    ],
)
def test_items_are_ids_ranges_and_batches(files, items, ids):
    assert [task.id for task in take_items(files.load(WEEK), items).tasks] == ids


def test_ranges_of_ids_with_hyphens_and_tracks(files):
    plan = files.load('[items]\nrange = "1-30"\nid = "TASK-{n:03}"\n')
    for items in ("TASK-002-TASK-011", "TASK-002-011", "TASK-002-11"):
        assert [task.id for task in take_items(plan, items).tasks] == [f"TASK-{n:03}" for n in range(2, 12)]
    plan = files.load("[items]\ntracks = {b2-hist = 9, b1 = 92}\n")
    assert [task.id for task in take_items(plan, "b1:1-20").tasks] == [f"b1:{n}" for n in range(1, 21)]
    assert len(take_items(plan, "b2-hist:2-b2-hist:4").tasks) == 3


def test_unknown_items_name_the_nearest(files):
    with pytest.raises(UsageError) as error:
        take_items(files.load(WEEK), "1.11,1.2-1.9,xyz")
    assert error.value.message.startswith(
        "plan 'week' has no '1.11' (did you mean '1.1'?); no '1.2-1.9' (did you mean "
    )
    assert error.value.message.endswith("no 'xyz'")
    assert error.value.hint == "it has 1.1, 1.2, 1.3, 1.4, 1.10"


def test_what_is_not_taken_is_not_waited_for(files):
    plan = take_items(files.load(WEEK), "1.2,1.4")
    assert [task.after for task in plan.tasks] == [(), ()]
    assert [(batch.name, batch.tasks, batch.after) for batch in plan.batches] == [
        ("b1", ("1.2",), ()),
        ("b2", ("1.4",), ("b1",)),
    ]
    assert [(batch.name, batch.after) for batch in take_items(files.load(WEEK), "b2").batches] == [("b2", ())]


def test_a_batch_left_out_in_the_middle_keeps_the_order_of_the_others(files):
    batches = "".join(
        f"[[batch]]\nname = 'b{n}'\ntasks = ['{n}']\nafter = [{f'{chr(39)}b{n - 1}{chr(39)}' if n > 1 else ''}]\n"
        for n in (1, 2, 3)
    )
    plan = take_items(files.load("[items]\nrange = '1-3'\n" + batches), "b1,b3")
    assert [(batch.name, batch.after) for batch in plan.batches] == [("b1", ()), ("b3", ("b1",))]


def test_a_run_takes_no_more_than_the_plan_allows(files):
    plan = files.load("[plan]\nmax_tasks = 20\n[items]\ntrack = 'b1'\nrange = '1-92'\n")
    with pytest.raises(UsageError, match="that is 92 tasks; a run of plan 'week' takes at most 20") as error:
        take_items(plan, "")
    assert len(take_items(plan, "b1:1-20").tasks) == 20
    assert error.value.hint.endswith("--items b1:1-20")
    assert "92 tasks, a run takes at most 20: choose with --items" in plan_warnings(plan, files.settings())


def test_the_hint_of_too_many_tasks_is_taken(files):
    tasks = "".join(f"[[task]]\nid = {id!r}\n" for id in ("1.1", "2.1", "a-b", "c"))
    plan = files.load(f"[plan]\nmax_tasks = 3\n{tasks}")
    with pytest.raises(UsageError) as error:
        take_items(plan, "")
    word = error.value.hint.rpartition(" ")[2]
    assert [task.id for task in take_items(plan, word).tasks] == ["1.1", "2.1", "a-b"]


def test_tuning(files):
    plan = tune(files.load(WEEK), model="opus", batch_sizes={"build": 9}, sessions={"check": 2})
    assert {task.model for task in plan.tasks} == {"opus"}
    assert [(stage.batch_size, stage.sessions) for stage in plan.stages] == [(9, 2), (1, 2), (1, 1)]
    assert plan.stages[0].model == "pro"  # of an agent of its own, which may not know the name
    assert tune(files.load(WEEK)) == files.load(WEEK)


@pytest.mark.parametrize("options", [{"batch_sizes": {"biuld": 1}}, {"sessions": {"build": 0}}])
def test_tuning_what_is_not_there(files, options):
    with pytest.raises(UsageError, match="stage") as error:
        tune(files.load(WEEK), **options)
    assert error.value.hint == ("did you mean 'build'?" if "batch_sizes" in options else "")


def test_warnings(files):
    tasks = ONE_TASK + "[[task]]\nid = 'b'\n[[batch]]\nname = 'b1'\ntasks = ['a']\n"
    plan = files.load(tasks + "[plan]\nisolation = 'shared'\n[[stage]]\nname = 's'\nsessions = 2\n")
    assert plan_warnings(plan, files.settings()) == (
        "in no batch, so they wait for none: b",
        "stage 's': 2 sessions, but the one lane holds one at a time",
        "stage 's': agent 'claude' has no `headless` command and may never end by itself",
    )
    assert plan_warnings(files.load(ONE_TASK + "[plan]\nagent = 'flash'"), files.settings()) == ()
