"""A program that autod has never heard of, set up by its name alone: prompt, work, questions, rest and end."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from tests.support.e2e_world import World
from tests.support.terminals import wait_until

pytestmark = pytest.mark.e2e
AGENT = Path(__file__).parents[1] / "support" / "strange_agent.py"


def test_a_program_nobody_knows_is_driven_by_its_name_alone(stand: World) -> None:
    gates = stand.directory / "gates"
    gates.mkdir()
    program = stand.directory / "bin" / "mytool"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nexec {shlex.join([sys.executable, str(AGENT), str(gates)])}\n")
    program.chmod(0o755)
    stand.env["PATH"] = f"{program.parent}:{stand.env['PATH']}"
    stand.write("autod.toml", '[project]\ntarget = "main"\nagent = "mytool"\n[agents.mytool]\ncommand = "mytool"\n')
    stand.write("workstreams/a/STARTUP.md", "# a\n")
    stand.commit("declare")
    with stand.conductor():
        stand.ask("up", "a")
        stand.wait_state("a", "waiting")
        asked = stand.ask("answer", "a")["question"]
        assert asked["text"].endswith("May mytool work in this directory?")
        assert [choice["label"] for choice in asked["choices"]] == ["Proceed", "Abort"]
        assert not (gates / "heard").exists()
        stand.ask("answer", "a", "Proceed")
        wait_until((gates / "heard").exists, "the prompt")
        wait_until(lambda: (gates / "heard").read_text() == "Read STARTUP.md and begin the workstream", "the prompt")
        stand.wait_state("a", "working")
        (gates / "thought").touch()
        stand.wait_state("a", "waiting")
        stand.ask("answer", "a", "1")
        stand.wait_state("a", "working")
        (gates / "made").touch()
        stand.wait_state("a", "idle")
        assert stand.ask("status")["workstreams"][0]["state"] == "idle"
        stand.ask("send", "a", "bye")
        stand.wait_state("a", "exited")
