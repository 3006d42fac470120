"""Agents that were cut short: resumed by their conversation, and never doubled in a worktree."""

from __future__ import annotations

import json
import os
import signal
import subprocess

import pytest
import tomli_w

from tests.support.e2e_world import SITTER, World
from tests.support.terminals import wait_until

pytestmark = pytest.mark.e2e
TALKER = """
[agents.talker]
command = ["sh", "-c", "echo began {session_id} >> ../said; exec sleep 1000"]
resume = ["sh", "-c", "echo went on with {session_id} >> ../said; exec sleep 1000"]
"""


def talking(stand: World) -> str:
    """Start workstream `a` with an agent that can be resumed, and return its conversation."""
    stand.declare(f'[project]\ntarget = "main"\nagent = "talker"\n{TALKER}', "a")
    stand.ask("up")
    wait_until(lambda: said(stand), "the agent's word")
    return said(stand)[-1].split()[-1]


def said(stand: World) -> list[str]:
    file = stand.directory / "said"
    return file.read_text().splitlines() if file.exists() else []


def kill_agent(stand: World) -> None:
    for pid in stand.processes(AUTOD_WORKSTREAM="a"):
        os.kill(pid, signal.SIGKILL)


def kill_server(stand: World) -> None:
    os.kill(int(stand.tmux("display-message", "-p", "#{pid}")), signal.SIGKILL)


@pytest.mark.parametrize(("kill", "state"), [(kill_agent, "failed"), (kill_server, "lost")])
def test_a_killed_agent_goes_on_with_its_conversation(stand: World, kill: object, state: str) -> None:
    conversation = talking(stand)
    kill(stand)  # type: ignore[operator]
    stand.wait_state("a", state)
    wait_until(lambda: not stand.processes(AUTOD_WORKSTREAM="a"), "the agent's end")
    answer = stand.ask("up", "a")
    assert answer["workstreams"][0]["resumed"] == conversation
    assert answer["message"] == "a: resumed its conversation"
    wait_until(lambda: said(stand)[-1] == f"went on with {conversation}", "the resumed agent")
    # the second crash resumes the same conversation again
    kill_agent(stand)
    stand.wait_state("a", "failed")
    assert stand.ask("up")["workstreams"][0]["resumed"] == conversation


def test_a_program_that_takes_no_prompt_with_an_old_conversation_gets_it_typed(stand: World) -> None:
    began = ["sh", "-c", 'echo "$1" >> ../said; exec sleep 1000', "sh", "{prompt}", "{session_id}"]
    resume = "stty -icanon; printf 'ready> '; read -r words; echo $words >> ../said; exec sleep 1000"
    talker = {"command": began, "resume": ["sh", "-c", resume, "{session_id}"], "interactive": True}
    settings = {"project": {"target": "main", "agent": "talker"}, "agents": {"talker": talker}}
    stand.declare(tomli_w.dumps(settings), "a")
    stand.ask("up")
    wait_until(lambda: said(stand), "the agent's word")
    kill_agent(stand)
    stand.wait_state("a", "failed")
    assert stand.ask("up")["message"] == "a: resumed its conversation"
    wait_until(lambda: len(said(stand)) == 2, "the words")
    assert said(stand)[-1].startswith("You were interrupted. Look at the state of the worktree")


def test_fresh_begins_anew_and_is_what_is_resumed_next(stand: World) -> None:
    first = talking(stand)
    kill_agent(stand)
    stand.wait_state("a", "failed")
    assert "--fresh" in stand.autod("up").stdout
    kill_agent(stand)
    stand.wait_state("a", "failed")
    assert "resumed" not in stand.ask("up", "--fresh")["workstreams"][0]
    wait_until(lambda: said(stand)[-1].startswith("began"), "a new conversation")
    second = said(stand)[-1].split()[-1]
    assert second != first
    stand.ask("down", "a")
    assert stand.ask("up")["workstreams"][0]["resumed"] == second


@pytest.mark.parametrize("fresh", [False, True])
def test_what_could_not_start_again_at_once_does_so_by_itself(stand: World, fresh: bool) -> None:
    stand.declare(f'[project]\ntarget = "main"\nagent = "talker"\nmax_sessions = 1\n{TALKER}', "a", "b")
    with stand.conductor():
        stand.ask("up", "a")
        wait_until(lambda: len(said(stand)) == 1, "the agent's word")
        conversation = said(stand)[0].split()[-1]
        kill_agent(stand)
        stand.wait_state("a", "failed")
        stand.ask("up", "b")
        wait_until(lambda: len(said(stand)) == 2, "another agent's word")
        answer = stand.ask("up", "a", *(["--fresh"] if fresh else []))
        assert answer["workstreams"] == [
            {"name": "a", "state": "waiting", "reason": "waits for a free session (1 of 1 run)"}
        ]
        assert "starts again as soon as it may" in stand.autod("status").stdout
        assert stand.workstream("a")["due"] is True
        stand.ask("down", "b")
        wait_until(lambda: len(said(stand)) == 3, "the agent that was put off")
        assert (said(stand)[-1] == f"went on with {conversation}") == (not fresh)
        assert "starts again" not in stand.autod("status").stdout


def test_work_that_is_done_is_not_resumed(stand: World) -> None:
    talker = TALKER.replace("exec sleep 1000", "exit 0", 1)
    stand.declare(f'[project]\ntarget = "main"\nagent = "talker"\n{talker}', "a")
    stand.ask("up")
    stand.wait_state("a", "done")
    assert "resumed" not in stand.ask("up")["workstreams"][0]


def test_an_agent_that_ignores_its_tmux_servers_end_is_neither_doubled_nor_lost_sight_of(stand: World) -> None:
    ready = "trap '' HUP TERM; touch ../ready; while :; do sleep 1000 & wait; done"
    stand.declare("", "a", agent=ready)
    stand.ask("up")
    wait_until((stand.directory / "ready").exists, "the agent")
    before = stand.processes(AUTOD_WORKSTREAM="a")
    kill_server(stand)
    stand.wait_state("a", "lost")
    for words in (("up",), ("up", "--fresh")):
        refused = stand.ask(*words, code=1)
        assert "still runs in its worktree outside tmux" in refused["workstreams"][0]["reason"]
    assert set(before) & set(stand.processes(AUTOD_WORKSTREAM="a"))
    stand.ask("down", "a")
    assert not stand.processes(AUTOD_WORKSTREAM="a")
    stand.ask("up")
    stand.wait_up("a")


def test_an_agent_of_an_earlier_session_counts_too(stand: World) -> None:
    stand.declare("", "a", agent=SITTER)
    stand.ask("up")
    stand.ask("down", "a")
    prompt = stand.worktree("a") / "STARTUP.md"
    old = {"AUTOD_WORKSTREAM": "a", "AUTOD_SESSION": "an-old-one", "AUTOD_PROMPT_FILE": str(prompt.resolve())}
    with subprocess.Popen(["sleep", "1000"], env=stand.env | old, cwd=stand.directory) as stray:
        refused = stand.ask("up", code=1)
        assert str(stray.pid) in json.dumps(refused)
        stand.ask("down", "a")
        assert stray.wait(10)
    stand.ask("up")
    stand.wait_up("a")


def test_a_server_started_from_within_an_agent_is_not_ended_with_it(stand: World) -> None:
    stand.declare("", "a", "b", agent=SITTER)
    marks = {"AUTOD_PROMPT_FILE": str(stand.worktree("a") / "STARTUP.md"), "AUTOD_SESSION": "x"}
    assert stand.autod("up", "b", **marks).returncode == 0
    stand.ask("up", "a")
    stand.ask("down", "a")
    stand.wait_up("b")
