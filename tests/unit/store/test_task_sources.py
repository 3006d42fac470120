import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod_tui.store.files import UnreadableError
from autod_tui.store.task_roadmap import read_roadmap
from autod_tui.store.task_sources import read_csv
from tests.support.plans import Files, tracker


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path / "repo")


ROADMAP = """
# Roadmap

| Symbol | Meaning |
|--------|---------|
| ✅ | Done |

### Phase 1: ground

| Task | Status | Spec | Parallel |
|------|--------|------|----------|
| Soil | ✅ | [spec](a.md) | - |
| Plants | 🚧 | [spec](b.md) | - |

**Work order:** orders/plants.md
| **Seeds** | ⏳ | c | 🔀 |

---
| Water \\| rain | 🔒 Blocked | | - |

### Phase 2: words

| Id | Feature | Status | Priority | Depends on | Type |
|:---|:-------:|--------|----------|------------|------|
| 2.1 | Login | Done | | - | page |
| 2.2 | Logout | In progress | critical | 2.1, 2.3 | page |
| 2.3 | Reset | todo | P3 | | section |
"""


def test_a_roadmap_s_tables_are_read_to_their_end():
    found = read_roadmap(ROADMAP)
    assert [(task.spec.id, task.done) for task in found] == [
        ("soil", True),
        ("plants", False),
        ("seeds", False),
        ("water-rain", False),
        ("2.1", True),
        ("2.2", False),
        ("2.3", False),
    ]
    plants, seeds, logout = found[1].spec, found[2].spec, found[5].spec
    assert plants.body == "[spec](b.md)\n**Work order:** orders/plants.md"
    assert (seeds.title, seeds.declared["section"]) == ("Seeds", "Phase 1: ground")
    assert (logout.title, logout.priority, logout.after, logout.kind) == ("Logout", 2, ("2.1", "2.3"), "page")
    assert [task.spec.priority for task in found[4:]] == [0, 2, -1]


def test_a_roadmap_s_checklists():
    found = read_roadmap(
        """
# Next
- [ ] Task 1.1: Skeleton (high)
  - [ ] a part of it
  and words about it
- [x] Old thing
* [ ] TASK-4: Fourth
Words in between.
1. [ ] Numbered
- not a box
   - [ ] Below a plain entry
```
- [ ] in an example
```
- [ ] Numbered
- [ ] 你好
"""
    )
    assert [(task.spec.id, task.spec.title, task.done) for task in found] == [
        ("1.1", "Skeleton", False),
        ("old-thing", "Old thing", True),
        ("TASK-4", "Fourth", False),
        ("numbered", "Numbered", False),
        ("below-a-plain-entry", "Below a plain entry", False),
        ("numbered-2", "Numbered", False),
        ("task-7", "你好", False),
    ]
    assert (found[0].spec.priority, found[0].spec.body) == (1, "- [ ] a part of it\nand words about it")


@given(st.text(alphabet="|-# [x]ab\n`:1.", max_size=200))
def test_any_text_is_read_without_an_error_and_all_tasks_have_ids_of_their_own(text):
    found = read_roadmap(text)
    made = [task.spec.id for task in found]
    assert all(made)


def test_a_roadmap_as_source_takes_what_is_open_and_of_the_kind(files):
    files.write("roadmap.md", ROADMAP)
    plan = files.load('[tasks]\nfrom = "roadmap.md"\noutputs = ["done/{id}.md"]\nkind = "page"\n')
    assert [(task.id, task.outputs, task.after) for task in plan.tasks] == [("2.2", ("done/2.2.md",), ())]
    assert plan.warnings == (
        "roadmap.md: 2 of 7 tasks are done and left out",
        "roadmap.md: 4 tasks are of another kind than 'page' and left out",
    )
    assert len(files.load('[tasks]\nfrom = "roadmap.md"\n').tasks) == 5


def test_a_csv(files):
    files.write(
        "tasks.csv",
        "ID;Title;Prompt;Priority;Model;Role;Outputs;Depends on;Batch;Points\n"
        '1;First;"Several\nlines";high;flash;architect;a.md, b.md;;Week 1;3\n'
        "\n2;Second;;;;;;1;Week 1;\n3;Third;;;;;;;;\n",
    )
    plan = files.load('[tasks]\nfrom = "tasks.csv"\nbatches = 5\n')
    first, second, _ = plan.tasks
    assert (first.id, first.title, first.body, first.priority) == ("1", "First", "Several\nlines", 1)
    assert (first.model, first.role, first.outputs, first.declared) == (
        "flash",
        "architect",
        ("a.md", "b.md"),
        {"Points": "3"},
    )
    assert second.after == ("1",)
    assert [(batch.name, batch.tasks) for batch in plan.batches] == [("Week-1", ("1", "2")), ("batch-1", ("3",))]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no column `id` or `title`"),
        ("a,b\n1,2\n", "has no column `id` or `title`"),
        ("id,title\n1,x,too many\n", "row 2 does not fit the first row: 1, x, too many"),
        ("id,kind\n,x\n", "row 2 does not fit"),
    ],
)
def test_what_is_no_csv(text, words):
    with pytest.raises(UnreadableError, match=words):
        read_csv(text)


def test_a_directory_of_prompts(files):
    files.write("prompts/02-later.md", "# Later\n\nDo it.\n")
    files.write("prompts/01 first.md", "No heading.\n")
    files.write("prompts/notes.pdf", "x")
    plan = files.load('[tasks]\nfrom = "prompts"\n')
    assert [(task.id, task.title, task.body) for task in plan.tasks] == [
        ("01-first", "01-first", "No heading."),
        ("02-later", "Later", "# Later\n\nDo it."),
    ]


def test_directories_with_a_tasks_json_and_prompts_beside_it(files):
    listed = [
        {"id": "A1", "title": "Design", "description": "Think.", "status": "done", "kickoff_prompt": "k/1.md"},
        {
            "id": "A2",
            "description": "Build.",
            "dependencies": ["A1"],
            "files": ["a.rs"],
            "outputs": ["Code that works"],
        },
        {"id": "A3", "kickoff_prompt": "../secret"},
    ]
    files.write("others/A/tasks.json", json.dumps(listed))
    files.write("others/A/k/1.md", "You are starting A1.")
    files.write("others/A/BRIEF.md", "x")
    plan = files.load('[tasks]\nfrom = "others"\npending_only = false\n')
    assert [(task.id, task.body, task.outputs, task.after) for task in plan.tasks] == [
        ("A1", "Think.\n\nYou are starting A1.", (), ()),
        ("A2", "Build.\n\nFiles:\n- a.rs\n\nDeliverables:\n- Code that works", (), ("A1",)),
        ("A3", "", (), ()),
    ]
    assert plan.warnings == ("others: A3: its prompt '../secret' is not a path beside the tracker",)
    assert [task.id for task in files.load('[tasks]\nfrom = "others/A/tasks.json"\n').tasks] == ["A2", "A3"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", 'tasks.from: a source needs a file (such as from = "roadmap.md")'),
        ("from = 'raodmap.md'", "tasks.from: no such file: 'raodmap.md' (did you mean 'roadmap.md'?)"),
        ("from = 'autod.toml'", "tasks.from: 'autod.toml' is no known kind of source: give format, one of tracker,"),
        ("from = 'roadmap.md'\nformat = 'trackr'", "tasks.format: unknown format 'trackr' (did you mean 'tracker'?)"),
        ("from = 'roadmap.md'\nformat = 'tracker'", "tasks.from: 'roadmap.md' is not JSON"),
        ("from = 'empty.md'", "tasks.from: 'empty.md' has no task: neither a table"),
        ("from = 'done.md'", "tasks.from: all 1 tasks of 'done.md' are done (pending_only = false takes them)"),
        ("from = 'roadmap.md'\nkind = 'pages'", "tasks.kind: unknown kind 'pages' (did you mean 'page'?)"),
        ("from = 'roadmap.md'\npending = true", "tasks.pending: unknown key 'pending' (did you mean 'pending_only'?)"),
        ("from = 'roadmap.md'\nbatches = -1", "tasks.batches: -1 is not between 0 and 1000"),
        ("from = 'roadmap.md'\nroles = {page = 'x'}", "tasks.from: unknown role 'x' (known: architect)"),
        ("from = 'roadmap.md'\noutputs = ['../{id}']", "tasks.from: '../plants' is not a path inside the worktree"),
        ("from = 'roadmap.md'\noutputs = ['{n}']", "tasks.outputs: unknown placeholder '{n}'"),
        ("from = 'twice.md'", "tasks.from: a second task '1.1'; the first one is in twice.md"),
        (
            "from = 'roadmap.md'\n[[task]]\nid = '2.2'",
            "task[0].id: a second task '2.2'; the first one is in roadmap.md",
        ),
    ],
)
def test_a_mistake_in_a_source(files, text, problem):
    files.write("roadmap.md", ROADMAP)
    files.write("empty.md", "Nothing.\n")
    files.write("done.md", "- [x] One\n")
    files.write("twice.md", "- [ ] 1.1 One\n- [ ] 1.1 Two\n")
    found = files.problems(f"[tasks]\n{text}\n")
    assert len(found) == 1, found
    assert found[0].startswith(problem), found[0]


def test_tasks_of_a_source_that_can_t_be_read_are_not_called_unknown(files):
    assert files.problems("[tasks]\nfrom = 'x.md'\n[[batch]]\nname = 'b'\ntasks = ['1.1']\n") == [
        "tasks.from: no such file: 'x.md' (looked for it in workstreams/ and at the root of the repository)"
    ]


def test_declared_batches_come_before_those_that_are_made(files):
    files.write("tracker.json", tracker(6))
    plan = files.load(
        "[tasks]\nfrom = 'tracker.json'\nbatches = 2\n[[batch]]\nname = 'first'\ntasks = ['TASK-002-TASK-004']\n"
    )
    assert [(batch.name, len(batch.tasks)) for batch in plan.batches] == [("first", 3), ("batch-1", 2), ("batch-2", 1)]


HOSTILE = {
    "brackets": "[" * 400_000,
    "table rules": "|---" * 100_000 + "x",
    "links": "- [ ] " + "[a](" * 100_000,
    "braces": "{" * 400_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_roadmap_is_read_in_no_time(text):
    started = time.monotonic()
    read_roadmap(f"| Task | Status |\n|---|---|\n| {text} | x |\n{text}\n")
    assert time.monotonic() - started < 5


def test_ten_thousand_tasks_are_read_in_no_time(files):
    files.write("tracker.json", tracker(10_000))
    started = time.monotonic()
    plan = files.load('[tasks]\nfrom = "tracker.json"\nbatches = 1000\n')
    assert (len(plan.tasks), len(plan.batches)) == (10_000, 10)
    assert time.monotonic() - started < 10
