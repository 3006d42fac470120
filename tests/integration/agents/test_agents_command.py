"""`autod agents` and `autod agents check` as a person runs them; the agents are scripts."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.script_agents import ScriptWorld
from tests.support.terminals import wait_until

TALKATIVE = """#!/bin/sh
echo '{"status":"busy"}' >"$STATUS/$$.json"
printf '\\033]0;busy: x\\007'
echo "$1"
echo '{"session_id":"c1"}' | sh "$AUTOD_SPOOL/.launch/hook.sh" mine Begin
printf '\\033]7501;state=working\\007'
sleep 0.5
echo '{"session_id":"c1"}' | sh "$AUTOD_SPOOL/.launch/hook.sh" mine End
printf '\\033]7501;state=done\\007'
exec sleep 1000
"""


ABSENT = """
[agents.absent]
command = ["no-such-agent"]
install = "get it elsewhere"
"""


def declare(world: ScriptWorld, script: Path) -> None:
    """Declare the agent `mine`, of which all but records is known, and one that is not installed."""
    world.configure(f"""{ABSENT}
[agents.mine]
command = ["{script}", "{{prompt}}"]
status_file = "{world.directory}/status/{{pid}}.json"
status_states = {{ busy = "working" }}
titles = {{ working = "^busy" }}
hook_states = {{ Begin = "working", End = "done" }}
env = {{ STATUS = "{world.directory}/status", AUTOD_TEST_MARK = "{world.directory}" }}
""")


@pytest.fixture
def world(tmp_path: Path) -> ScriptWorld:
    return ScriptWorld(tmp_path)


def by_name(text: str) -> dict[str, dict]:
    return {agent["name"]: agent for agent in json.loads(text)["agents"]}


def test_agents_are_listed_with_what_is_installed(world: ScriptWorld) -> None:
    world.program("claude", "#!/bin/sh\necho '2.1.9 (Claude Code)'\n")
    world.program("codex", "#!/bin/sh\necho 'a warning from 1.1' >&2; echo 'codex-cli 0.99.0-beta.1'\n")
    world.program("gemini", "#!/bin/sh\nexit 1\n")
    world.configure(ABSENT)
    world.program("copilot", "#!/bin/sh\necho 'Copilot CLI 1.0.102.'; echo 'Run update to check.'\n")
    done = world.autod("agents", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    agents = by_name(done.stdout)
    assert (agents["claude"]["installed"], agents["claude"]["version"]) == (True, "2.1.9")
    assert agents["codex"]["version"] == "0.99.0-beta.1"
    assert agents["copilot"]["version"] == "1.0.102"
    assert (agents["gemini"]["installed"], agents["gemini"]["version"]) == (True, None)
    assert (agents["absent"]["installed"], agents["absent"]["path"]) == (False, None)
    assert agents["claude"]["permissions"] == ["ask", "edits", "all"]
    assert agents["claude"]["permission"] == "ask"
    told = world.autod("agents").stdout
    assert "2.1.9" in told
    assert "get it elsewhere" in told
    assert "[ask] edits all" in told


def test_a_program_of_ones_own_is_not_started_for_its_version(world: ScriptWorld) -> None:
    declare(world, world.program("mine", f"#!/bin/sh\ntouch '{world.directory}/started'\n"))
    mine = by_name(world.autod("agents", "--json").stdout)["mine"]
    assert (mine["installed"], mine["version"], mine["built_in"]) == (True, None, False)
    assert not (world.directory / "started").exists()


def test_the_users_own_agents_are_listed_outside_of_repositories_too(world: ScriptWorld) -> None:
    config = world.directory / "home/.config/autod"
    config.mkdir(parents=True)
    (config / "agents.toml").write_text('[agents.flash]\nextends = "gemini"\nmodel = "flash"\n')
    done = world.autod("-C", str(world.directory), "agents", "--json")
    flash = by_name(done.stdout)["flash"]
    assert (flash["family"], flash["model"]) == ("gemini", "flash")
    (config / "agents.toml").write_text('[agents.flash]\nextends = "gemnii"\n')
    wrong = world.autod("agents")
    assert wrong.returncode == 2
    assert str(config / "agents.toml") in wrong.stderr


def test_a_check_tells_what_works_and_leaves_nothing_behind(world: ScriptWorld) -> None:
    declare(world, world.program("mine", TALKATIVE))
    done = world.autod("agents", "check", "mine", "--yes", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    works = {check["name"]: check["works"] for check in told["checks"]}
    assert told["works"] is True
    assert works == {
        "starts": True,
        "output": True,
        "hooks": True,
        "osc": True,
        "title": True,
        "status file": True,
        "records": None,
        "state": True,
        "ends": True,
    }
    assert next(check for check in told["checks"] if check["name"] == "output")["seconds"] < 20
    assert world.left() == []
    assert list((world.directory / "tmp").glob("autod-check-*")) == []
    assert not (world.directory / "home/.local/state/autod/worktrees").exists() or not any(
        (world.directory / "home/.local/state/autod/worktrees").iterdir()
    )
    assert (
        subprocess.run(
            ["git", "-C", str(world.repository), "status", "--porcelain", "workstreams"],
            capture_output=True,
            check=True,
        ).stdout
        == b""
    )


def test_an_agent_that_fails_does_not_work(world: ScriptWorld) -> None:
    declare(world, world.program("mine", "#!/bin/sh\necho 'no account' >&2\nexit 7\n"))
    done = world.autod("agents", "check", "mine", "--yes")
    assert done.returncode == 1
    assert "mine does not work as it should" in done.stdout
    assert "failed" in done.stdout


ASKING = """#!/bin/sh
printf 'Trust this folder?\\n > 1. Yes\\n   2. No\\n'
stty -echo -icanon
case "$(head -c 1)" in 1 | '') ;; *) exit 3 ;; esac
clear
printf '\\033]7501;state=done\\007'
exec sleep 1000
"""


def test_an_agent_that_waits_for_a_person_is_not_called_broken(world: ScriptWorld) -> None:
    declare(world, world.program("mine", ASKING))
    done = world.autod("agents", "check", "mine", "--yes", "--json")
    assert (done.returncode, done.stderr) == (1, "")
    told = json.loads(done.stdout)
    checks = {check["name"]: check for check in told["checks"]}
    assert told["works"] is checks["state"]["works"] is checks["title"]["works"] is None
    assert checks["asks"]["text"] == "Trust this folder?"
    assert "nothing heard, but it waits" in checks["title"]["text"]
    assert (checks["ends"]["works"], world.left()) == (True, [])


def test_what_an_agent_asks_while_it_is_checked_is_answered_on_the_terminal(world: ScriptWorld) -> None:
    declare(world, world.program("mine", ASKING))
    terminal = world.on_terminal("agents", "check", "mine", "--yes")
    terminal.wait_for(lambda told: b"1. Yes" in told and b"your choice" in told, "the question")
    terminal.type(b"1\n")
    told = terminal.wait_for(lambda told: b"mine works" in told, "the end")
    assert told.count(b"Trust this folder?") == 1
    assert b"answered: Yes" in told
    assert terminal.process.wait(10) == 0


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_check_whose_terminal_closes_leaves_nothing_behind(world: ScriptWorld, number: signal.Signals) -> None:
    declare(world, world.program("mine", ASKING))
    terminal = world.on_terminal("agents", "check", "mine", "--yes")
    terminal.wait_for(lambda told: b"your choice" in told, "the question")
    terminal.process.send_signal(number)
    assert terminal.process.wait(20) == 128 + number
    wait_until(lambda: world.left() == [], "its agent is gone")
    assert list((world.directory / "tmp").glob("autod-check-*")) == []


def test_a_check_says_beforehand_what_it_does_and_asks(world: ScriptWorld) -> None:
    declare(world, world.program("mine", f"#!/bin/sh\ntouch '{world.directory}/started'\n"))
    done = world.autod("agents", "check", "mine")
    assert done.returncode == 2
    assert "It may use your account" in done.stdout
    assert "--yes" in done.stderr
    assert not (world.directory / "started").exists()


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("check", "mien"), 2, "did you mean 'mine'?"),
        (("check",), 2, "autod agents check NAME"),
        (("chekc", "mine"), 2, "check"),
        (("check", "absent", "--yes"), 3, "get it elsewhere"),
    ],
)
def test_what_can_not_be_checked(world: ScriptWorld, words: tuple[str, ...], code: int, told: str) -> None:
    declare(world, world.program("mine", "#!/bin/sh\n"))
    done = world.autod("agents", *words)
    assert done.returncode == code
    assert told in done.stderr
