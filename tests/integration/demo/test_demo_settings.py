"""What autod itself reads from the sample repository and from its agents."""

import re

import pytest

from autod_tui.agents.profiles import load_profiles
from autod_tui.agents.readiness import read_osc
from autod_tui.core.progress import parse_progress
from autod_tui.core.workstream import WorkstreamState
from autod_tui.demo import story
from autod_tui.store.settings import load_plan
from tests.support.demo import add_worktree, make_repository, play


def test_the_sample_is_a_plan_without_problems(tmp_path):
    plan = load_plan(make_repository(tmp_path), profiles=load_profiles())
    assert {spec.name for spec in plan.workstreams} == set(story.WORKSTREAMS)
    assert {spec.agent for spec in plan.workstreams} == {"demo"}
    assert [spec.name for spec in plan.checkpoints] == list(story.CHECKPOINTS)
    bounds = {spec.name: {gate.name: gate.at_least for gate in spec.gates if gate.measure} for spec in plan.checkpoints}
    assert bounds == story.THRESHOLDS
    assert plan.checkpoint("final").then == "main"


@pytest.mark.parametrize("name", story.WORKSTREAMS)
def test_progress_and_states_are_understood(tmp_path, name):
    worktree = add_worktree(make_repository(tmp_path), name)
    said = play(worktree, name, "n\n" if name == story.ASKING else "").stdout
    progress = parse_progress((worktree / "progress.md").read_text())
    assert (progress.percent, progress.eta) == (100, "done")
    assert (progress.status, progress.blockers) == ("complete", ())
    readings = [read_osc(words) for words in re.findall(r"\x1b\](7501;[^\x07]*)\x07", said)]
    assert readings[-1].state is WorkstreamState.DONE
    waiting = [reading.reason for reading in readings if reading.state is WorkstreamState.WAITING]
    assert waiting == ([f"question: {story.QUESTION}"] if name == story.ASKING else [])
