"""What headless agents print of their usage, as real ones did, counts only where no record tells it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autod_tui.agents.records.streams import read_stream
from autod_tui.agents.signs import Signs
from autod_tui.core.agent_ports import Followed
from autod_tui.core.plan import AgentProfile
from autod_tui.core.usage import Tokens

STREAMS = Path(__file__).parents[2] / "data" / "streams"
SAID = Tokens(input=108 + 115, output=16 + 19, cached=1020 + 1031)
"""What the model's stand-in logged of each of these runs."""
WRITTEN = Tokens(written=58 + 59)
"""What two of the services also tell."""
TITLE = {"gemini-3.5-flash-lite": Tokens(input=3, output=2)}

TOLD = {
    "claude-json": {"claude-opus-4-8[1m]": SAID + WRITTEN},
    "claude-stream": {"claude-opus-4-8[1m]": SAID + WRITTEN},
    "codex": {"": SAID + WRITTEN},
    "gemini-json": {"gemini-3.1-pro-preview": SAID, **TITLE},
    "gemini-stream": {"gemini-3.1-pro-preview": SAID, **TITLE},
    "opencode": {"": SAID},
    "pi": {"standin": SAID},
    "qwen-json": {"standin": SAID},
    "qwen-stream": {"standin": SAID},
}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("name", TOLD)
def test_the_sum_is_that_of_the_model(tmp_path: Path, name: str, end: str) -> None:
    output = tmp_path / "output.log"
    words = "{some words}\nWarning: [1, 2]\n"
    output.write_text(words + (STREAMS / f"{name}.txt").read_text(), newline=end)
    news = read_stream(name.partition("-")[0], output)
    assert news is not None
    assert news.models == TOLD[name]
    assert (news.reported_usd is not None) is (name.startswith("claude"))


def test_thoughts_and_tools_are_counted_where_they_are_told_apart(tmp_path: Path) -> None:
    output = tmp_path / "output.log"
    tokens = {"prompt": 100, "candidates": 10, "cached": 40, "total": 122, "thoughts": 5, "tool": 7}
    output.write_text(json.dumps({"stats": {"models": {"m": {"tokens": tokens}}}}))
    news = read_stream("gemini", output)
    assert news is not None
    assert news.models == {"m": Tokens(input=67, output=15, cached=40)}


@pytest.mark.parametrize("format", ["claude", "codex", "gemini", "qwen", "pi", "opencode", "aider", "unknown"])
def test_nonsense_says_nothing(tmp_path: Path, format: str) -> None:
    output = tmp_path / "output.log"
    assert read_stream(format, output) is None
    output.write_bytes(
        b'{"type":"result"}\n{"type":"result","usage":7,"modelUsage":[],"stats":{"models":3}}\n{"stats":"no"}\n{torn\n'
        b'{"type":"turn.completed","usage":{"input_tokens":"many"}}\n{"type":"message_end","message":{"role":"assistant"}}\n'
        b'{"type":"step_finish","part":{"tokens":7}}\n[1,2,"\xff"]\n{"type":"result","modelUsage":{"m":7}}\n{\n"a"\n'
    )
    assert read_stream(format, output) is None


def headless(home: Path, output: Path) -> Followed:
    profile = AgentProfile(name="codex", command=("codex",), family="codex", records="codex")
    return Followed(
        session="s",
        profile=profile,
        worktree=str(home),
        pid=1,
        started_at=0.0,
        env={"HOME": str(home)},
        output=str(output),
    )


async def test_it_counts_only_where_no_record_does(tmp_path: Path) -> None:
    signs = Signs(tmp_path / "spool", lambda: pytest.fail("nothing is watched here"))
    agent = headless(tmp_path, STREAMS / "codex.txt")
    sign = await signs.settle("s", agent)
    assert sign is not None
    assert sign.models == TOLD["codex"]
    rollouts = tmp_path / ".codex/sessions/1970/01/01"
    rollouts.mkdir(parents=True)
    meta = {"timestamp": "1970-01-01T00:00:01Z", "type": "session_meta", "payload": {"id": "x", "cwd": str(tmp_path)}}
    usage = {"input_tokens": 5, "output_tokens": 2}
    answer = {"type": "token_usage_record", "payload": {"response_id": "r", "usage": usage}}
    text = "".join(json.dumps({"timestamp": "1970-01-01T00:00:02Z", **one}) + "\n" for one in (meta, answer))
    (rollouts / "rollout-1970-01-01T00-00-01-x.jsonl").write_text(text)
    sign = await signs.settle("s", agent)
    assert sign is not None
    assert sign.models == {"": Tokens(input=5, output=2)}
