"""The hook script on a real sh: each payload whole, in order, and never a trouble to the agent."""

import json
import re
import shlex
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from autod_tui.agents.launch import prepare
from autod_tui.agents.profiles import load_profiles

NAME = re.compile(r"\d+-\d+\.json")


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "a b#'\"$(touch x)`" / "spool"


def commands(spool: Path) -> dict[str, str]:
    """Return the shell commands that Claude would run, by event."""
    values = dict.fromkeys(("prompt", "prompt_file", "model", "worktree", "workstream"), "x")
    prepared = prepare(load_profiles()["claude"], {**values, "session_id": "s"}, spool=spool)
    settings = json.loads(Path(prepared.argv[2]).read_text())
    return {event: entries[0]["hooks"][0]["command"] for event, entries in settings["hooks"].items()}


def call(command: str, payload: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["sh", "-c", command], input=payload, capture_output=True, check=False)


def payloads(spool: Path) -> list[dict]:
    files = sorted(path for path in (spool / "s").iterdir() if NAME.fullmatch(path.name))
    return [json.loads(path.read_text()) for path in files]


def test_a_payload_is_one_file_with_event_agent_and_time(spool: Path) -> None:
    before = time.time()
    done = call(commands(spool)["Stop"], b'{"session_id": "x", "text": "\\u00e9 \\"quoted\\"\\n %s $HOME"}')
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    [told] = payloads(spool)
    assert (told["event"], told["agent"]) == ("Stop", "claude")
    assert told["payload"] == {"session_id": "x", "text": 'é "quoted"\n %s $HOME'}
    assert before - 0.01 <= told["at"] <= time.time()


def test_fifty_at_once_are_all_whole(spool: Path) -> None:
    command = commands(spool)["PreToolUse"]
    texts = [json.dumps({"number": number, "text": "ä" * (number * 2000)}).encode() for number in range(50)]
    with ThreadPoolExecutor(max_workers=50) as pool:
        assert {done.returncode for done in pool.map(lambda text: call(command, text), texts)} == {0}
    found = payloads(spool)
    assert sorted(told["payload"]["number"] for told in found) == list(range(50))
    assert all(told["payload"]["text"] == "ä" * (told["payload"]["number"] * 2000) for told in found)
    assert not [path.name for path in (spool / "s").iterdir() if path.name.startswith(".") and path.is_file()]


def test_files_stand_in_the_order_of_their_time(spool: Path) -> None:
    for event in ("SessionStart", "UserPromptSubmit", "PreToolUse", "Stop"):
        call(commands(spool)[event], b"{}")
    assert [told["event"] for told in payloads(spool)] == ["SessionStart", "UserPromptSubmit", "PreToolUse", "Stop"]


def test_no_payload_is_null(spool: Path) -> None:
    call(commands(spool)["Stop"], b"")
    assert [told["payload"] for told in payloads(spool)] == [None]


@pytest.mark.parametrize("harm", ["rm -rf {spool}", "rm -rf {spool}/s/.launch", "chmod 500 {spool}/s"])
def test_whatever_goes_wrong_the_agent_hears_nothing_of_it(spool: Path, harm: str) -> None:
    command = commands(spool)["PreToolUse"]
    subprocess.run(["sh", "-c", harm.format(spool=shlex.quote(str(spool)))], check=True)
    done = call(command, b"{}")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_date_without_nanoseconds_will_do(spool: Path, tmp_path: Path) -> None:
    command = commands(spool)["Stop"]
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "date").write_text("#!/bin/sh\ncase $1 in +%s) echo 1700000000 ;; *) echo 1700000000.N ;; esac\n")
    (programs / "date").chmod(0o755)
    call(f"PATH={shlex.quote(str(programs))}:$PATH; export PATH; {command}", b"{}")
    assert [told["at"] for told in payloads(spool)] == [1700000000.0]


def test_megabytes_go_through(spool: Path) -> None:
    text = json.dumps({"text": "x" * 5_000_000}).encode()
    begun = time.monotonic()
    call(commands(spool)["Stop"], text)
    assert time.monotonic() - begun < 5
    assert len(payloads(spool)[0]["payload"]["text"]) == 5_000_000
