"""Records of real agents: sums to the token, whatever the pieces in which they are read."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod_tui.agents.prices import load_prices
from autod_tui.agents.records import Record, find_record, open_record, watched_dirs
from autod_tui.agents.records.record import READERS
from autod_tui.agents.records.tail import LONGEST, Tail
from autod_tui.core.agent_ports import Followed
from autod_tui.core.plan import AgentProfile
from autod_tui.core.usage import Tokens, cost
from autod_tui.core.workstream import Source, WorkstreamState

DATA = Path(__file__).parents[2] / "data" / "records"
WITH_SUB_AGENT = "claude/11111111-1111-4111-8111-111111111111.jsonl"
FORKED = "claude/6ad9dc2b-86e5-4dda-bef5-c48264fb51bb.jsonl"
FORKED_AT = 1795271391.0
COSTED = "claude/983adc45-2892-487e-942f-567803afc8ec.jsonl"
ROLLOUT = "codex/rollout-2026-11-21T14-31-16-01a1fe84-c3a7-7c70-a620-1a47bd6d1d2a.jsonl"
FORKED_ROLLOUT = "codex/rollout-2026-11-21T14-30-42-01a1fe84-3f37-7ca2-973e-f9e1f2148463.jsonl"
REFUSED_ROLLOUT = "codex/rollout-2026-11-21T14-28-05-01a1fe81-dc9d-7372-822f-45361b8ffdf4.jsonl"
GEMINI = "gemini/session-2026-11-21T14-33-7aa5d9e8.jsonl"
QWEN = "qwen/4265968d-5a84-4e2a-826f-6d73882c9f0c.jsonl"
PI = "pi/2026-11-21T14-33-16-505Z_01a1fe86-99d8-72e0-b80a-47dbf3ac4259.jsonl"

# what the model's stand-in logged of these very sessions; of Codex cached tokens are a part of its input
LOGGED = {
    WITH_SUB_AGENT: {"claude-opus-4-8": Tokens(input=120305, output=104, cached=3261, written=316)},
    ROLLOUT: {"gpt-5.1-codex": Tokens(input=55820 - 18605, output=43, cached=18605)},
    FORKED_ROLLOUT: {"gpt-5.1-codex": Tokens(input=11101 - 3700, output=17, cached=3700)},
    GEMINI: {"gemini-2.5-pro": Tokens(input=49481 - 16493, output=38 + 4 * 7, cached=16493)},
    QWEN: {"qwen3-coder-plus": Tokens(input=80178 - 26725, output=48, cached=26725)},
    PI: {"standin": Tokens(input=6042 - 2013, output=37, cached=2013)},
}


def format_of(name: str) -> str:
    return name.partition("/")[0]


def followed(format: str, home: Path, **more: object) -> Followed:
    profile = AgentProfile(name=format, command=(format,), records=format)
    given: dict[str, object] = {"session": "s", "worktree": "/home/ann/repo", "pid": 1, "started_at": 0.0} | more
    return Followed(profile=profile, env={"HOME": str(home)}, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", LOGGED)
def test_sums_are_those_that_the_model_reported(name: str) -> None:
    record = Record(DATA / name, format_of(name))
    news = record.read_new()
    assert news.models == LOGGED[name]
    assert news.conversation and news.conversation[:8] in name
    assert record.read_new().models is None


@given(cuts=st.lists(st.integers(0, 12_000), max_size=8), repeat=st.booleans())
@pytest.mark.parametrize("name", LOGGED)
def test_the_pieces_in_which_it_grows_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, name: str, cuts: list[int], repeat: bool
) -> None:
    directory = tmp_path_factory.mktemp("grown")
    whole = (DATA / name).read_bytes()
    path = directory / Path(name).name
    shutil.copytree(DATA / format_of(name), directory, dirs_exist_ok=True)
    path.write_bytes(b"")
    record, last = Record(path, format_of(name)), None
    for end in [*sorted(min(cut, len(whole)) for cut in cuts), len(whole)]:
        with path.open("ab") as file:
            file.write(whole[path.stat().st_size : end])
        for _ in range(1 + repeat):
            last = record.read_new().models or last
    assert last == LOGGED[name]


def test_what_was_used_before_the_agent_began_does_not_count() -> None:
    everything = Record(DATA / FORKED, "claude").read_new().models
    own = Record(DATA / FORKED, "claude", since=FORKED_AT - 2).read_new().models
    assert own is not None and everything is not None
    # the fork was made in one turn of two messages, those before are copies with their ids and dates
    assert own["claude-opus-4-8"].output < everything["claude-opus-4-8"].output
    assert own["claude-opus-4-8"].input == 39805


def test_a_file_that_is_cut_or_replaced_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    lines = (DATA / FORKED).read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines))
    record = Record(path, "claude")
    first = record.read_new().models
    path.write_bytes(b"".join(lines[:9]))
    cut = record.read_new().models
    assert cut and first and cut["claude-opus-4-8"].total < first["claude-opus-4-8"].total
    other = tmp_path / "other.jsonl"
    other.write_bytes(b"".join(lines))
    other.replace(path)
    assert record.read_new().models == first


def test_a_line_without_an_end_takes_no_memory_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert LONGEST > 1 << 20
    monkeypatch.setattr("autod_tui.agents.records.tail.LONGEST", 1000)
    path, lines = tmp_path / "long", list[bytes]()
    path.write_bytes(b"x" * 5000)
    tail = Tail(path)
    assert not tail.read(lines.append, lines.clear)
    with path.open("ab") as file:
        file.write(b"y" * 5000 + b"\nshort\nhalf")
    assert tail.read(lines.append, lines.clear)
    assert lines == [b"short"]


def test_a_held_file_is_read_to_its_end_after_its_removal_and_then_let_go(tmp_path: Path) -> None:
    path, lines = tmp_path / "short-lived", list[bytes]()
    path.write_bytes(b"first\n")
    tail = Tail(path, hold=True)
    assert tail.read(lines.append, lines.clear)
    with path.open("ab") as file:
        file.write(b"last\n")
    path.unlink()
    assert str(path) in str(open_files())
    assert tail.read(lines.append, lines.clear)
    assert lines == [b"first", b"last"]
    assert str(path) not in str(open_files())
    assert not tail.read(lines.append, lines.clear)
    path.write_bytes(b"of another\n")
    assert tail.read(lines.append, lines.clear)
    assert lines == [b"of another"]
    del tail
    assert str(path) not in str(open_files())


def open_files() -> list[str]:
    return [str(one.readlink()) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]


@pytest.mark.parametrize("format", READERS)
def test_nonsense_counts_nothing(tmp_path: Path, format: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(
        b'null\n[]\n{"type":3}\n{"type":"assistant","message":{"usage":{"input_tokens":"many"}}}\n\xff\xfe"usage"\n'
        b'{"type":"event_msg","payload":{"type":"token_count","info":null}}\n{"$set":{"messages":7}}\n"usage" {\n'
        b'{"type":"token_usage_record","timestamp":"never","payload":{"usage":{}}}\n> Tokens: sent, received.\n'
    )
    assert sum(one.total for one in (Record(path, format).read_new().models or {}).values()) == 0


def test_sub_agents_of_an_older_claude_lie_beside_the_conversation(tmp_path: Path) -> None:
    def entry(session: str, message: str, output: int) -> str:
        usage = {"input_tokens": 1, "output_tokens": output}
        message_of = {"id": message, "model": "m", "usage": usage, "content": []}
        return json.dumps({"type": "assistant", "sessionId": session, "message": message_of}) + "\n"

    main = tmp_path / "one.jsonl"
    main.write_text(entry("one", "a", 10))
    (tmp_path / "agent-a1.jsonl").write_text(entry("one", "b", 5))
    (tmp_path / "agent-a2.jsonl").write_text(entry("another", "c", 7))
    record = Record(main, "claude")
    assert record.read_new().models == {"m": Tokens(input=2, output=15)}
    (tmp_path / "agent-a3.jsonl").write_text(entry("one", "d", 100)[:-1])
    assert record.read_new().models is None
    with (tmp_path / "agent-a3.jsonl").open("a") as growing:
        growing.write("\n")
    assert record.read_new().models == {"m": Tokens(input=3, output=115)}


def test_codex_tells_the_end_of_a_turn_that_failed() -> None:
    reading = Record(DATA / REFUSED_ROLLOUT, "codex").read_new().reading
    assert reading is not None
    assert (reading.state, reading.source) == (WorkstreamState.RATE_LIMITED, Source.RECORDS)
    assert "429" in reading.reason
    done = Record(DATA / ROLLOUT, "codex").read_new().reading
    assert done is not None and done.state is WorkstreamState.DONE


def test_running_totals_of_an_older_codex_are_counted_by_what_they_grow(tmp_path: Path) -> None:
    def total(at: int, sum_in: int, sum_out: int, last_in: int, last_out: int) -> str:
        info = {
            "total_token_usage": {"input_tokens": sum_in, "output_tokens": sum_out},
            "last_token_usage": {"input_tokens": last_in, "output_tokens": last_out},
        }
        payload = {"type": "token_count", "info": info}
        return json.dumps({"timestamp": f"2026-01-01T00:00:{at:02}Z", "type": "event_msg", "payload": payload})

    path = tmp_path / "rollout.jsonl"
    # a fork begins with the total of what it was forked from; limits are told with the same total again
    path.write_text("\n".join((total(1, 100, 10, 30, 3), total(2, 100, 10, 30, 3), total(3, 150, 12, 50, 2))) + "\n")
    assert Record(path, "codex").read_new().models == {"": Tokens(input=80, output=5)}


def test_a_running_total_that_lost_an_answer_to_a_kill_counts_nothing_twice(tmp_path: Path) -> None:
    def answer(at: int, tokens: int, thread: int) -> list[str]:
        payload = {"response_id": f"r{at}", "usage": {"input_tokens": tokens}}
        payload["thread_token_usage"] = {"input_tokens": thread}
        return [
            json.dumps({"timestamp": f"2026-01-01T00:00:{at:02}Z", "type": "token_usage_record", "payload": payload})
        ]

    def total(at: int, thread: int, last: int) -> list[str]:
        info = {"total_token_usage": {"input_tokens": thread}, "last_token_usage": {"input_tokens": last}}
        payload = {"type": "token_count", "info": info}
        return [json.dumps({"timestamp": f"2026-01-01T00:00:{at:02}Z", "type": "event_msg", "payload": payload})]

    lines = [*answer(1, 10, 10), *total(1, 10, 10), *answer(2, 20, 30)]  # killed before the total was written
    lines += [*answer(3, 30, 60), *total(3, 40, 30), *total(3, 40, 30), *answer(4, 40, 100), *total(4, 80, 40)]
    path = tmp_path / "rollout.jsonl"
    path.write_text("\n".join(lines) + "\n")
    assert Record(path, "codex").read_new().models == {"": Tokens(input=100)}
    old = [*total(5, 110, 30), *total(6, 150, 40)]  # an older version goes on with it
    path.write_text("\n".join([*lines, *old]) + "\n")
    assert Record(path, "codex").read_new().models == {"": Tokens(input=170)}


def test_an_interruption_and_an_error_are_told_by_claude(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"

    def told(*entries: Mapping[str, object]) -> tuple[object, object, float]:
        path.write_text("".join(json.dumps({"timestamp": "2026-01-01T00:00:00Z", **one}) + "\n" for one in entries))
        reading = Record(path, "claude").read_new().reading
        return (reading.state, reading.reason, reading.until) if reading else (None, "", 0.0)

    esc = {"type": "user", "message": {"content": [{"type": "text", "text": "[Request interrupted by user]"}]}}
    quoted = {
        "type": "user",
        "message": {"content": [{"type": "tool_result", "text": "[Request interrupted by user]"}]},
    }
    said = {"type": "user", "message": {"content": "what is [Request interrupted by user] for?"}}
    retry = {"type": "system", "subtype": "api_error", "error": {"status": 529}, "retryInMs": 4000}
    limit = {
        "type": "assistant",
        "isApiErrorMessage": True,
        "error": "rate_limit",
        "message": {"model": "<synthetic>", "content": [{"type": "text", "text": "limit reached|1800000000"}]},
    }
    asked = {"type": "system", "subtype": "compact_boundary", "compactMetadata": {"trigger": "manual"}}
    amid = {"type": "system", "subtype": "compact_boundary", "compactMetadata": {"trigger": "auto"}}
    works = {"type": "assistant", "message": {"id": "m", "model": "claude-x", "usage": {"output_tokens": 1}}}
    assert told(esc) == (WorkstreamState.IDLE, "interrupted", 0.0)
    assert told(quoted) == told(said) == told(amid) == (None, "", 0.0)
    assert told(asked) == (WorkstreamState.IDLE, "compacted", 0.0)
    assert told(retry) == (WorkstreamState.RATE_LIMITED, "the service answers 529", 1767225604.0)
    assert told(limit) == (WorkstreamState.RATE_LIMITED, "limit reached|1800000000", 1800000000.0)
    assert told(limit, works) == (None, "", 0.0)


def test_the_price_list_agrees_with_what_claude_says_it_costs() -> None:
    news = Record(DATA / COSTED, "claude").read_new()
    assert news.models and news.reported_usd
    assert cost(news.models, load_prices()) == pytest.approx(news.reported_usd, rel=1e-9)


def test_aider_counts_the_chats_of_this_agent_alone(tmp_path: Path) -> None:
    path = tmp_path / ".aider.chat.history.md"
    path.write_text(
        "# aider chat started at 2026-01-01 10:00:00\n> Model: openai/old with diff edit format\n"
        "> Tokens: 9k sent, 9k received. Cost: $9.00 message, $9.00 session.\n"
        "# aider chat started at 2026-01-01 12:00:00\n> Main model: gpt-4o with diff edit format\n"
        "#### say > Tokens: 1k sent, 1 received.\n"
        "> Tokens: 2.7k sent, 1.2k cache hit, 30 received. Cost: $0.01 message, $0.01 session.\n"
        "> Tokens: 3k sent, 200 cache write, 1k cache hit, 1,024 received.\n"
        "> Cost: $0.0200 message, $0.03 session.\n"
    )
    import datetime

    noon = datetime.datetime(2026, 1, 1, 12).timestamp()
    news = Record(path, "aider", since=noon).read_new()
    assert news.models == {"gpt-4o": Tokens(input=1500 + 1800, output=1054, cached=2200, written=200)}
    assert news.reported_usd == 0.03


def placed(home: Path, name: str, to: str) -> Path:
    path = home / to / Path(name).name
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(DATA / name, path)
    return path


@pytest.mark.parametrize(
    ("name", "to", "id"),
    [
        (WITH_SUB_AGENT, ".claude/projects/-home-ann-repo", "11111111-1111-4111-8111-111111111111"),
        (ROLLOUT, ".codex/sessions/2026/11/21", "01a1fe84-c3a7-7c70-a620-1a47bd6d1d2a"),
        (GEMINI, ".gemini/tmp/repo/chats", "7aa5d9e8-7a7f-4137-8a56-92ffe8637601"),
        (QWEN, ".qwen/projects/-home-ann-repo/chats", "4265968d-5a84-4e2a-826f-6d73882c9f0c"),
        (PI, ".pi/agent/sessions/--home-ann-repo--", "01a1fe86-99d8-72e0-b80a-47dbf3ac4259"),
    ],
)
def test_records_are_found_by_id_and_by_when_they_began(tmp_path: Path, name: str, to: str, id: str) -> None:
    format = format_of(name)
    assert find_record(followed(format, tmp_path)) is None
    assert watched_dirs(followed("", tmp_path)) == ()
    assert all(tmp_path in path.parents for path in watched_dirs(followed(format, tmp_path)))
    path = placed(tmp_path, name, to)
    (tmp_path / ".gemini").mkdir(exist_ok=True)
    (tmp_path / ".gemini/projects.json").write_text('{"projects": {"/home/ann/repo": "repo"}}')
    placed(tmp_path, name, f"{to}/../elsewhere")
    began = 1795271000.0
    os.utime(path, (began + 1000, began + 1000))
    assert find_record(followed(format, tmp_path, conversation=id)) == path
    assert find_record(followed(format, tmp_path, conversation="", started_at=began)) == path
    assert find_record(followed(format, tmp_path, conversation="unknown", started_at=began)) is None
    assert find_record(followed(format, tmp_path, conversation="../../x", started_at=began)) in (None, path)
    assert find_record(followed(format, tmp_path, started_at=began + 2000)) is None
    assert path.parent in watched_dirs(followed(format, tmp_path, conversation=id))
    record = open_record(followed(format, tmp_path, conversation=id, started_at=began))
    assert record is not None and record.read_new().models


def test_the_record_of_an_earlier_conversation_is_not_taken_for_that_of_a_new_one(tmp_path: Path) -> None:
    path, began = placed(tmp_path, ROLLOUT, ".codex/sessions/2026/11/21"), 1795271000.0
    os.utime(path, (began + 1000, began + 1000))
    earlier = {"01a1fe84-c3a7-7c70-a620-1a47bd6d1d2a": began}
    assert find_record(followed("codex", tmp_path, started_at=began, counted_from={"another": began})) == path
    assert find_record(followed("codex", tmp_path, started_at=began, counted_from=earlier)) is None


def test_a_resumed_conversation_counts_from_when_autod_first_had_it(tmp_path: Path) -> None:
    placed(tmp_path, FORKED, ".claude/projects/-home-ann-repo")
    id = Path(FORKED).stem
    agent = followed("claude", tmp_path, conversation=id, started_at=FORKED_AT, counted_from={id: 0.0})
    record = open_record(agent)
    assert record is not None
    assert record.read_new().models == Record(DATA / FORKED, "claude").read_new().models


def claude_line(id: str, tokens: int, **more: object) -> str:
    message = {"id": id, "role": "assistant", "model": "opus", "usage": {"input_tokens": tokens, "output_tokens": 1}}
    return json.dumps({"type": "assistant", "timestamp": "2026-11-21T20:00:00Z", "message": message, **more}) + "\n"


def claude_costs(**spent: int) -> str:
    usage = {model: {"inputTokens": tokens, "outputTokens": 2} for model, tokens in spent.items()}
    return json.dumps({"type": "cost-state", "totalCostUSD": 0.1, "modelUsage": usage}) + "\n"


def told_of(path: Path, *lines: str) -> Mapping[str, Tokens]:
    path.write_text("".join(lines))
    return Record(path, "claude").read_new().models or {}


def test_what_a_branch_has_copied_is_counted_where_it_was_used(tmp_path: Path) -> None:
    copied = claude_line("m1", 10, forkedFrom={"sessionId": "s0", "messageUuid": "u"})
    assert told_of(tmp_path / "a.jsonl", copied, claude_line("m2", 20)) == {"opus": Tokens(input=20, output=1)}


def test_what_claude_says_it_used_beyond_its_messages_counts_once(tmp_path: Path) -> None:
    path, first = tmp_path / "a.jsonl", claude_line("m1", 10)
    told = {"opus": Tokens(input=30, output=2), "haiku": Tokens(input=5, output=2)}
    assert told_of(path, first, claude_costs(opus=30, haiku=5)) == told
    then = told_of(path, first, claude_costs(opus=30), claude_costs(opus=30), claude_line("m2", 7))
    assert then == {"opus": Tokens(input=37, output=3)}
    # a session that knows only itself, or names its models otherwise, says nothing of the rest
    assert told_of(path, first, claude_costs(opus=3)) == {"opus": Tokens(input=10, output=1)}
    assert told_of(path, first, claude_costs(haiku=30)) == {"opus": Tokens(input=10, output=1)}
    side = tmp_path / "a" / "subagents" / "agent-1.jsonl"
    side.parent.mkdir(parents=True)
    side.write_text(claude_line("m3", 8))
    assert told_of(path, first, claude_costs(opus=30)) == {"opus": Tokens(input=30, output=2)}


@pytest.mark.parametrize(
    ("words", "state"), [("429 {}", "rate-limited"), ("529 {}", "rate-limited"), ("500", "failed")]
)
def test_an_old_claude_tells_a_limit_by_its_words_alone(tmp_path: Path, words: str, state: str) -> None:
    path = tmp_path / "a.jsonl"
    message = {
        "role": "assistant",
        "model": "<synthetic>",
        "content": [{"type": "text", "text": f"API Error: {words}"}],
    }
    path.write_text(json.dumps({"type": "assistant", "isApiErrorMessage": True, "message": message}) + "\n")
    reading = Record(path, "claude").read_new().reading
    assert reading is not None and reading.state == WorkstreamState(state)


@pytest.mark.parametrize(
    ("status", "told", "state", "wait"),
    [
        (529, 2, "rate-limited", 1.95),
        (503, 2, "rate-limited", 1.95),
        (529, 3, "rate-limited", 3.9),
        (500, 4, "working", 7.8),
    ],
)
def test_qwen_tells_each_attempt_that_was_refused(
    tmp_path: Path, status: int, told: int, state: str, wait: float
) -> None:
    text = (DATA / "qwen/overloaded.jsonl").read_text().replace("529", str(status))
    lines = text.splitlines(keepends=True)
    chat = tmp_path / "chat.jsonl"
    chat.write_text("".join(lines[:told]))
    news = Record(chat, "qwen").read_new()
    reading = news.reading
    assert reading is not None
    assert (reading.state, reading.vague, reading.until - news.read_at) == (state, True, pytest.approx(wait))
    assert "The service is overloaded" in reading.reason
    chat.write_text("".join([*lines[:told], lines[0]]))  # and then an answer
    assert Record(chat, "qwen").read_new().reading is None
    chat.write_text(
        "".join([*lines[:told], lines[1].replace("########1", "########2")])
    )  # a new turn: the wait is short
    news = Record(chat, "qwen").read_new()
    assert news.reading is not None
    assert news.reading.until - news.read_at == pytest.approx(1.95)
