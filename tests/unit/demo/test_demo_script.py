import tomllib

import pytest

from autod_tui.demo import story
from autod_tui.demo.material import BASE, CHANGES, FIXES, WORKSTREAMS, files_below, kept_at, workstreams_directory
from autod_tui.demo.script import load_script


@pytest.mark.parametrize("name", WORKSTREAMS)
def test_every_file_of_a_workstream_is_edited_and_every_edit_has_its_file(name):
    script = load_script(name)
    assert {step.edit for step in script.steps if step.edit} == {str(path) for path in files_below(CHANGES / name)}


@pytest.mark.parametrize("name", WORKSTREAMS)
def test_a_commit_takes_only_what_was_edited_before(name):
    edited = set()
    for step in load_script(name).steps:
        edited |= {step.edit}
        assert set(step.files) <= edited


@pytest.mark.parametrize("name", WORKSTREAMS)
def test_tasks_are_ticked_in_order_and_all_of_them_in_the_end(name):
    script = load_script(name)
    ticks = [step.done for step in script.steps if step.done]
    assert ticks == sorted(set(ticks))
    assert ticks[-1] == len(script.tasks)


def test_what_stays_uncommitted_is_what_the_story_says():
    left = {}
    for name in WORKSTREAMS:
        steps = load_script(name).steps
        left[name] = {step.edit for step in steps if step.edit} - {file for step in steps for file in step.files}
    assert {name: files for name, files in left.items() if files} == {
        story.UNCOMMITTED_WORKSTREAM: set(story.UNCOMMITTED_FILES)
    }


def test_one_agent_asks_the_question_of_the_story():
    asked = {name: step.ask for name in WORKSTREAMS for step in load_script(name).steps if step.ask}
    assert asked == {story.ASKING: story.QUESTION}


def test_one_agent_can_mend_the_gate_of_the_story():
    fixes = {name: load_script(name).fix_gate for name in WORKSTREAMS if load_script(name).fix_gate}
    assert fixes == {story.RED_WORKSTREAM: story.RED_GATE}
    script = load_script(story.RED_WORKSTREAM)
    assert [step.commit for step in script.fix_steps if step.commit] == [story.FIX_SUBJECT]
    assert {step.edit for step in script.fix_steps if step.edit} == {
        str(path) for path in files_below(FIXES / story.RED_WORKSTREAM)
    }


def test_an_unknown_workstream_gets_a_script_in_its_own_name():
    script = load_script("a-new-one")
    assert script.title == "a-new-one"
    assert [step.edit for step in script.steps if step.edit] == ["notes/a-new-one.md"]


def test_the_story_agrees_with_the_settings():
    settings = tomllib.loads(kept_at(BASE, "autod.toml").read_text())
    checkpoints = {checkpoint["name"]: checkpoint for checkpoint in settings["checkpoint"]}
    assert tuple(checkpoints) == story.CHECKPOINTS
    assert {name: checkpoint["tag"] for name, checkpoint in checkpoints.items()} == story.TAGS
    assert {checkpoint["into"] for checkpoint in checkpoints.values()} == {story.INTO}
    assert sorted(name for checkpoint in checkpoints.values() for name in checkpoint["merge"]) == list(WORKSTREAMS)
    declared = {
        name: dict(_threshold(settings, gate) for gate in checkpoint["gates"] if gate != "tests")
        for name, checkpoint in checkpoints.items()
    }
    assert declared == story.THRESHOLDS


def _threshold(settings, word):
    name, _, override = word.partition(">=")
    return name, float(override or settings["gates"][name]["at_least"])


def test_a_resolution_exists_only_for_the_expected_conflict():
    assert b"<<<<<<<" not in story.resolution(story.CONFLICT_FILES[0])
    with pytest.raises(KeyError):
        story.resolution("README.md")


@pytest.mark.parametrize("name", WORKSTREAMS)
def test_a_prompt_says_what_done_means_and_how_to_report(name):
    prompt = (workstreams_directory() / name / "STARTUP.md").read_text()
    for part in (
        "## What to build",
        "## It is done when",
        "## Checkpoint",
        "**Progress**: X/",
        "**Blockers",
        "## Advice",
    ):
        assert part.strip("*") in prompt.replace("## Blockers", "Blockers")
    assert tomllib.loads((workstreams_directory() / name / "workstream.toml").read_text())["title"]
    assert f"Progress**: X/{len(load_script(name).tasks)} tasks" in prompt


@pytest.mark.parametrize("path", sorted(path for path in CHANGES.parent.rglob("*.py-tpl")), ids=lambda path: path.name)
def test_material_compiles(path):
    compile(path.read_text(), str(path), "exec")


def test_versions_of_a_file_differ_in_size():
    """Python takes a compiled file for fresh when second and size agree; gates may run twice within a second."""
    sizes = {}
    for kept in sorted(CHANGES.parent.rglob("*.py-tpl")):
        path = str(kept).partition("/src/")[2] or str(kept).partition("/tests/")[2]
        sizes.setdefault(path, []).append(kept.stat().st_size)
    assert {path: found for path, found in sizes.items() if len(found) != len(set(found))} == {}
