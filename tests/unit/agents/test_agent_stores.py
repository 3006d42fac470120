"""Records of agents that don't keep one file a conversation: opencode's database, Copilot's and Vibe's directories."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from autod_tui.agents.records import News, find_record, open_record, watched_dirs
from autod_tui.agents.records.answers import DECODER
from autod_tui.core.agent_ports import Followed
from autod_tui.core.plan import AgentProfile
from autod_tui.core.usage import Tokens
from autod_tui.core.workstream import WorkstreamState

DATA = Path(__file__).parents[2] / "data" / "records"
WORKTREE = "/home/ann/repo"
COPILOT = "3e94d13f-60fb-4495-96d4-b90566e591a5"
VIBE = "7b1ba85e-2693-cdc0-3c5b-61a4763877c5"
CHILD = "child-7c04d934de79245029be5dff"
BEGUN = 1_795_282_180.0


def followed(format: str, home: Path, **more: object) -> Followed:
    profile = AgentProfile(name=format, command=(format,), records=format)
    given: dict[str, object] = {"session": "s", "worktree": WORKTREE, "pid": 1, "started_at": BEGUN} | more
    return Followed(profile=profile, env={"HOME": str(home)}, **given)  # type: ignore[arg-type]


def news_of(agent: Followed) -> News:
    record = open_record(agent)
    assert record is not None
    return record.read_new()


# --- opencode

SCHEMA = """
CREATE TABLE session (id text PRIMARY KEY, parent_id text, directory text NOT NULL, time_created integer NOT NULL);
CREATE TABLE message (id text PRIMARY KEY, session_id text NOT NULL, time_created integer NOT NULL,
                      time_updated integer NOT NULL, data text NOT NULL);
"""


def answer(at: float, input: int, output: int, read: int, **more: object) -> dict[str, object]:
    """An answer as opencode 1.18 keeps it."""
    cache = {"write": 0, "read": read}
    tokens = {"total": input + output + read, "input": input, "output": output, "reasoning": 0, "cache": cache}
    time = {"created": int(at * 1000)}
    told = {"role": "assistant", "modelID": "standin", "providerID": "standin", "cost": 0, "tokens": tokens}
    return {**told, "time": time, **more}


class Store:
    """opencode's database, as far as it is read."""

    def __init__(self, home: Path) -> None:
        place = home / ".local/share/opencode"
        place.mkdir(parents=True)
        self.database = sqlite3.connect(place / "opencode.db")
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.executescript(SCHEMA)

    def session(self, id: str, at: float, parent: str | None = None, directory: str = WORKTREE) -> None:
        self.database.execute("INSERT INTO session VALUES (?, ?, ?, ?)", (id, parent, directory, int(at * 1000)))
        self.database.commit()

    def message(self, id: str, session: str, at: float, data: dict[str, object]) -> None:
        row = (id, session, int(at * 1000), int(at * 1000), json.dumps(data))
        self.database.execute("INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?)", row)
        self.database.commit()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path)
    yield made
    made.database.close()


def test_opencode_counts_a_message_once_and_its_sub_agents_too(tmp_path: Path, store: Store) -> None:
    store.session("ses_old", BEGUN - 100)
    store.session("ses_other", BEGUN + 1, directory="/home/ann/other")
    store.session("ses_own", BEGUN + 2)
    store.message("m0", "ses_own", BEGUN + 2, {"role": "user", "time": {"created": int(BEGUN * 1000)}})
    store.message("m1", "ses_own", BEGUN + 3, answer(BEGUN + 3, 0, 0, 0))
    record = open_record(followed("opencode", tmp_path))
    assert record is not None
    assert record.read_new().models == {"standin": Tokens()}
    store.message("m1", "ses_own", BEGUN + 4, answer(BEGUN + 3, 108, 16, 1020))
    store.message("m2", "ses_other", BEGUN + 4, answer(BEGUN + 4, 900, 900, 900))
    assert record.read_new().models == {"standin": Tokens(input=108, output=16, cached=1020)}
    assert record.read_new().models is None
    store.session("ses_child", BEGUN + 5, parent="ses_own")
    store.message("m3", "ses_child", BEGUN + 5, answer(BEGUN + 5, 7, 3, 1, cost=0.25))
    store.message("m4", "ses_own", BEGUN + 6, answer(BEGUN + 6, 1, 1, 0, cost=0.5))
    news = record.read_new()
    assert news.models == {"standin": Tokens(input=116, output=20, cached=1021)}
    assert (news.reported_usd, news.conversation) == (0.75, "ses_own")


def test_opencode_goes_on_with_a_conversation_that_is_known(tmp_path: Path, store: Store) -> None:
    store.session("ses_own", BEGUN - 500)
    store.message("m1", "ses_own", BEGUN - 400, answer(BEGUN - 400, 100, 10, 0))
    store.message("m2", "ses_own", BEGUN + 4, answer(BEGUN + 4, 5, 2, 0))
    assert open_record(followed("opencode", tmp_path)) is None
    news = news_of(followed("opencode", tmp_path, conversation="ses_own"))
    assert news.models == {"standin": Tokens(input=5, output=2)}


def test_opencode_thoughts_are_output_and_nonsense_is_nothing(tmp_path: Path, store: Store) -> None:
    store.session("ses_own", BEGUN)
    tokens = {"input": 5, "output": 2, "reasoning": 3, "cache": {"read": 1, "write": 4}}
    store.message("m1", "ses_own", BEGUN, answer(BEGUN, 0, 0, 0, tokens=tokens))
    store.message("m2", "ses_own", BEGUN, answer(BEGUN, 0, 0, 0, tokens="many"))
    store.message("m3", "ses_own", BEGUN, {"role": "assistant", "tokens": None})
    assert news_of(followed("opencode", tmp_path)).models == {"standin": Tokens(input=5, output=5, cached=1, written=4)}


def test_opencode_counts_an_answer_whose_tools_never_end(tmp_path: Path, store: Store) -> None:
    answers = tmp_path / "answers"
    answers.mkdir()

    def told(session: str, id: str, input: int, at: float = BEGUN + 3) -> None:
        usage = {
            "prompt_tokens": input + 1020,
            "completion_tokens": 16,
            "prompt_tokens_details": {"cached_tokens": 1020},
        }
        line = json.dumps({"id": id, "model": "standin", "at": int(at * 1000), "usage": usage})
        with (answers / f"{session}.jsonl").open("a") as file:
            file.write(f"{line}\n")

    store.session("ses_own", BEGUN + 1)
    store.session("ses_child", BEGUN + 2, parent="ses_own")
    store.message("m1", "ses_own", BEGUN + 3, answer(BEGUN + 3, 0, 0, 0))
    record = open_record(followed("opencode", tmp_path), answers)
    assert record is not None
    assert record.read_new().models == {"standin": Tokens()}
    told("ses_own", "m1", 108)
    told("ses_other", "m2", 1)
    told("ses_own", "m0", 1, BEGUN - 60)
    assert record.read_new().models == {"standin": Tokens(input=108, output=16, cached=1020)}
    store.message("m1", "ses_own", BEGUN + 4, answer(BEGUN + 3, 108, 16, 1020))
    assert record.read_new().models is None
    store.message("m3", "ses_child", BEGUN + 5, answer(BEGUN + 5, 0, 0, 0))
    told("ses_child", "m3", 2)
    assert record.read_new().models == {"standin": Tokens(input=110, output=32, cached=2040)}
    assert open_record(followed("opencode", tmp_path), answers).read_new().models == {  # type: ignore[union-attr]
        "standin": Tokens(input=110, output=32, cached=2040)
    }


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        (
            {"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 15, "prompt_tokens_details": None},
            Tokens(input=10, output=5),  # thoughts that are only in the total
        ),
        (
            {"input_tokens": 10, "output_tokens": 5, "input_tokens_details": {"cached_tokens": 4}, "total_tokens": 15},
            Tokens(input=6, output=5, cached=4),
        ),
        (
            {"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 3},
            Tokens(input=10, output=5, cached=4, written=3),
        ),
        (
            {"promptTokenCount": 10, "candidatesTokenCount": 3, "totalTokenCount": 15, "cachedContentTokenCount": 4},
            Tokens(input=6, output=5, cached=4),
        ),
        ({"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": None}, Tokens(input=10, output=5)),
    ],
    ids=["chat", "responses", "messages", "google", "nothing cached"],
)
def test_answers_of_each_kind_tell_the_same_four_counts(usage: dict[str, object], tokens: Tokens) -> None:
    line = json.dumps({"id": "m", "usage": usage})
    assert DECODER.decode(line).tokens == tokens


def test_opencode_without_a_readable_database(tmp_path: Path) -> None:
    agent = followed("opencode", tmp_path, conversation="ses_own")
    assert open_record(agent) is None
    place = tmp_path / ".local/share/opencode"
    assert watched_dirs(agent)[0] == place
    place.mkdir(parents=True)
    (place / "opencode.db").write_bytes(b"no database at all")
    assert news_of(agent).models is None
    assert open_record(followed("opencode", tmp_path)) is None


def test_files_of_older_versions_of_opencode(tmp_path: Path) -> None:
    storage = tmp_path / ".local/share/opencode/storage"

    def put(name: str, held: object) -> None:
        path = storage / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(held))

    def session(id: str, at: float, **more: object) -> None:
        put(f"session/p/{id}", {"id": id, "directory": WORKTREE, "time": {"created": at * 1000}, **more})

    session("ses_old", BEGUN - 100)
    session("ses_own", BEGUN + 1)
    session("ses_child", BEGUN + 2, parentID="ses_own")
    put("session/p/torn", [])
    put("message/ses_own/msg_1", answer(BEGUN + 3, 108, 16, 1020))
    put("message/ses_child/msg_2", answer(BEGUN + 3, 2, 4, 0))
    put("message/ses_old/msg_3", answer(BEGUN + 3, 900, 900, 900))
    record = open_record(followed("opencode", tmp_path))
    assert record is not None
    assert record.read_new().models == {"standin": Tokens(input=110, output=20, cached=1020)}
    put("message/ses_own/msg_1", answer(BEGUN + 3, 109, 16, 1020))
    assert record.read_new().models == {"standin": Tokens(input=111, output=20, cached=1020)}


# --- Copilot


def test_copilot_is_found_by_its_directory_or_its_id_and_tells_interruptions(tmp_path: Path) -> None:
    sessions = tmp_path / ".copilot/session-state"
    assert watched_dirs(followed("copilot", tmp_path)) == (sessions,)
    (sessions / "other").mkdir(parents=True)
    lines = (DATA / "copilot" / COPILOT / "events.jsonl").read_text().splitlines(keepends=True)
    (sessions / "other" / "events.jsonl").write_text("".join(lines).replace(WORKTREE, "/home/ann/other"))
    (sessions / COPILOT).mkdir()
    (sessions / COPILOT / "events.jsonl").write_text("".join(lines[: _abort(lines) + 1]))
    for agent in (followed("copilot", tmp_path), followed("copilot", tmp_path, conversation=COPILOT)):
        assert find_record(agent) == sessions / COPILOT / "events.jsonl"
        assert watched_dirs(agent) == (sessions / COPILOT,)
        news = news_of(agent)
        assert news.models == {"standin": Tokens(input=108 + 115 + 122, output=16 + 19 + 22, cached=1020 + 1031 + 1042)}
        assert news.reading is not None and news.reading.state is WorkstreamState.IDLE
        assert news.conversation == COPILOT


@pytest.mark.parametrize(("status", "state"), [(500, "failed"), (401, "failed"), (429, "rate-limited")])
def test_copilot_tells_why_it_gave_up(tmp_path: Path, status: int, state: str) -> None:
    session = tmp_path / ".copilot/session-state" / COPILOT
    session.mkdir(parents=True)
    lines = (DATA / "copilot" / COPILOT / "events.jsonl").read_text().splitlines()
    words = f"Failed to get response from the AI model; retried 5 times\nLast error: {status} It broke"
    error = {"errorType": "query", "message": words, "statusCode": status, "errorCode": "server_error"}
    asked = {"type": "user.message", "data": {"content": "go on"}, "timestamp": "2026-11-21T21:21:42.600Z"}
    told = {"type": "session.error", "data": error, "id": "x", "timestamp": "2026-11-21T21:21:42.515Z"}
    events = session / "events.jsonl"
    events.write_text("\n".join([*lines, json.dumps(told), ""]))
    agent = followed("copilot", tmp_path, conversation=COPILOT)
    reading = news_of(agent).reading
    assert reading is not None and reading.state is not None
    assert (reading.state.value, reading.reason, reading.vague) == (state, words.replace("\n", " "), False)
    events.write_text(events.read_text() + json.dumps(asked) + "\n")
    assert news_of(agent).reading is None


def _abort(lines: list[str]) -> int:
    return next(index for index, line in enumerate(lines) if '"type":"abort"' in line)


# --- Vibe


def vibe_session(home: Path, id: str, *pieces: str, **meta: object) -> Path:
    session = home / ".vibe/logs/session/unified" / id
    (session / "journal").mkdir(parents=True)
    own = json.loads((DATA / "vibe" / VIBE / "meta.json").read_text())
    (session / "meta.json").write_text(json.dumps({**own, "session_id": id, **meta}))
    for number, piece in enumerate(pieces):
        (session / "journal" / f"{number:016}.jsonl").write_text(piece)
    return session


def vibe_answer(action: str, input: int, output: int, at: float = BEGUN + 1) -> str:
    usage = {"input_tokens": input, "output_tokens": output}
    command = {"action_id": action, "result": {"usage": usage}}
    fed = {"command": command, "determinism": {"time_unix_ms": at * 1000}}
    return json.dumps({"type": "core_input", "payload": {"input": fed}}) + "\n"


def test_vibe_counts_over_all_pieces_of_its_journal_and_sub_agents(tmp_path: Path) -> None:
    pieces = [path.read_text() for path in sorted((DATA / "vibe" / VIBE / "journal").glob("*.jsonl"))]
    session = vibe_session(tmp_path, VIBE, *pieces)
    agent = followed("vibe", tmp_path)
    record = open_record(agent)
    assert record is not None and watched_dirs(agent) == (session / "journal", session.parent)
    news = record.read_new()
    assert news.models == {"standin": VIBE_LOGGED}
    assert news.conversation == VIBE
    (session / "journal" / "0000000000000000.jsonl").unlink()
    (session / "journal" / "0000000000000009.jsonl").write_text(vibe_answer("a", 10, 1) + vibe_answer("a", 10, 1))
    vibe_session(tmp_path, "child", vibe_answer("b", 20, 2), parent_session_id=VIBE)
    vibe_session(tmp_path, "stranger", vibe_answer("c", 40, 4))
    assert record.read_new().models == {"standin": VIBE_LOGGED + Tokens(input=30, output=3)}


def test_vibe_counts_what_a_piece_tells_just_before_its_removal(tmp_path: Path) -> None:
    session = vibe_session(tmp_path, VIBE, vibe_answer("a", 10, 1), "")
    record = open_record(followed("vibe", tmp_path))
    assert record is not None
    assert record.read_new().models == {"standin": Tokens(input=10, output=1)}
    piece = session / "journal" / f"{1:016}.jsonl"
    piece.write_text(vibe_answer("b", 20, 2))
    piece.unlink()
    assert record.read_new().models == {"standin": Tokens(input=30, output=3)}


def test_vibe_counts_children_that_only_their_snapshots_tell_of(tmp_path: Path) -> None:
    session = vibe_session(tmp_path, VIBE, vibe_answer("a", 10, 1))
    agent = followed("vibe", tmp_path)
    record = open_record(agent)
    assert record is not None
    assert record.read_new().models == {"standin": Tokens(input=10, output=1)}
    child = session.parent / CHILD
    (child / "journal").mkdir(parents=True)
    (child / "journal" / f"{9:016}.jsonl").write_text(
        json.dumps({**json.loads(vibe_answer("b", 20, 2)), "sequence": 9}) + "\n"
    )
    assert record.read_new().models is None  # nobody knows yet whose it is
    assert {child, child / "journal"} <= set(watched_dirs(agent))
    vibe_snapshot(child, 8)
    real = json.loads((DATA / "vibe" / CHILD / "projection-state.json").read_text())
    told = real["snapshot"]["session"]
    told |= {"parentSessionId": VIBE, "createdAt": BEGUN * 1000}
    (child / "generations" / f"{8:016}" / "projection-state.json").write_text(json.dumps(real))
    used = Tokens(input=1182 - 1053, output=25, cached=1053)
    assert record.read_new().models == {"standin": Tokens(input=30, output=3) + used}
    assert news_of(agent).models == {"standin": Tokens(input=30, output=3) + used}
    assert {child, child / "journal"} <= set(watched_dirs(agent))
    told |= {"parentSessionId": "somebody-else"}
    (child / "generations" / f"{8:016}" / "projection-state.json").write_text(json.dumps(real))
    assert news_of(agent).models == {"standin": Tokens(input=10, output=1)}
    assert child not in watched_dirs(agent)


VIBE_LOGGED = Tokens(input=108 + 115 + 122 + 129, output=16 + 19 + 22 + 25, cached=1020 + 1031 + 1042 + 1053)


def vibe_snapshot(session: Path, sequence: int, **told: int) -> None:
    """Write what a snapshot tells, as real ones do."""
    name = f"{sequence:016}"
    held = {"snapshot": {"session": {"tokenUsage": told}}, "snapshot_sequence": sequence}
    (session / "generations" / name).mkdir(parents=True)
    (session / "generations" / name / "projection-state.json").write_text(json.dumps(held))
    (session / "CURRENT").write_text(json.dumps({"generation": name, "snapshot_sequence": sequence}))


def test_vibe_tells_who_comes_late_what_was_used_before(tmp_path: Path) -> None:
    kept = (DATA / "vibe" / VIBE / "journal" / "0000000000000024.jsonl").read_text()
    session = vibe_session(tmp_path, VIBE, kept)
    real = (DATA / "vibe" / VIBE / "projection-state.json").read_text()
    vibe_snapshot(session, 47)
    (session / "generations" / f"{47:016}" / "projection-state.json").write_text(real)
    record = open_record(followed("vibe", tmp_path))
    assert record is not None
    assert record.read_new().models == {"standin": VIBE_LOGGED}
    answer = json.loads(vibe_answer("later", 10, 1))
    (session / "journal" / f"{48:016}.jsonl").write_text(json.dumps({**answer, "sequence": 50}) + "\n")
    assert record.read_new().models == {"standin": VIBE_LOGGED + Tokens(input=10, output=1)}
    all_told = VIBE_LOGGED.input + VIBE_LOGGED.cached + 10
    vibe_snapshot(session, 52, inputTokens=all_told, cachedInputTokens=VIBE_LOGGED.cached, outputTokens=83)
    assert record.read_new().models is None  # it tells nothing new
    assert news_of(followed("vibe", tmp_path)).models == {"standin": VIBE_LOGGED + Tokens(input=10, output=1)}


def test_vibe_takes_no_sum_of_a_session_that_somebody_else_began(tmp_path: Path) -> None:
    session = vibe_session(tmp_path, "mine", vibe_answer("b", 7, 2), start_time="2020-01-01T00:00:00+00:00")
    vibe_snapshot(session, 47, inputTokens=1000, cachedInputTokens=0, outputTokens=100)
    assert news_of(followed("vibe", tmp_path, conversation="mine")).models == {"standin": Tokens(input=7, output=2)}


def test_vibe_leaves_out_what_was_before_and_others_sessions(tmp_path: Path) -> None:
    elsewhere = {"working_directory": "/home/ann/other"}
    vibe_session(tmp_path, "other", vibe_answer("x", 1, 1), environment=elsewhere)
    vibe_session(tmp_path, "old", vibe_answer("x", 1, 1), start_time="2020-01-01T00:00:00+00:00")
    assert open_record(followed("vibe", tmp_path)) is None
    pieces = vibe_answer("a", 5, 1, at=BEGUN - 60) + vibe_answer("b", 7, 2)
    vibe_session(tmp_path, "mine", pieces, parent_session_id="../..", start_time="2020-01-01T00:00:00+00:00")
    assert news_of(followed("vibe", tmp_path, conversation="mine")).models == {"standin": Tokens(input=7, output=2)}


# --- Gemini


def test_gemini_sub_agents_count(tmp_path: Path) -> None:
    chats = tmp_path / ".gemini/tmp/repo/chats"
    chats.mkdir(parents=True)
    (tmp_path / ".gemini/projects.json").write_text(json.dumps({"projects": {os.path.realpath(WORKTREE): "repo"}}))
    name = "session-2026-11-21T14-33-7aa5d9e8.jsonl"
    (chats / name).write_text((DATA / "gemini" / name).read_text())
    whole = news_of(followed("gemini", tmp_path, started_at=0.0))
    assert whole.models is not None
    agent = followed("gemini", tmp_path, started_at=0.0, conversation=whole.conversation)
    assert chats / whole.conversation in watched_dirs(agent)
    (chats / whole.conversation).mkdir()
    tokens = {"input": 11, "output": 2, "cached": 1, "total": 13}
    told = {
        "id": "x",
        "type": "gemini",
        "model": "gemini-2.5-pro",
        "timestamp": "2026-11-21T14:34:00Z",
        "tokens": tokens,
    }
    (chats / whole.conversation / "sub.jsonl").write_text(json.dumps(told) + "\n")
    more = news_of(agent).models
    assert more == {"gemini-2.5-pro": whole.models["gemini-2.5-pro"] + Tokens(input=10, output=2, cached=1)}


def gemini_answer(id: str, output: int) -> dict[str, object]:
    tokens = {"input": 11, "output": output, "cached": 1, "total": 11 + output}
    at = "2026-11-22T03:18:00Z"
    return {"id": id, "type": "gemini", "model": "pro", "timestamp": at, "tokens": tokens}


@pytest.mark.parametrize("goes_on_in", [0, 1])
def test_gemini_resumed_in_another_minute_is_one_conversation_of_two_files(tmp_path: Path, goes_on_in: int) -> None:
    chats = tmp_path / ".gemini/tmp/repo/chats"
    chats.mkdir(parents=True)
    (tmp_path / ".gemini/projects.json").write_text(json.dumps({"projects": {os.path.realpath(WORKTREE): "repo"}}))
    id = "8a7b7f3e-a000-45ae-bd62-eb45853504a0"
    head = {"sessionId": id, "startTime": "2026-11-22T03:16:59Z", "kind": "main"}
    files = [chats / f"session-2026-11-22T03-{minute}-8a7b7f3e.jsonl" for minute in (16, 17)]

    def write(number: int, *entries: object) -> None:
        with files[number].open("a") as file:
            file.writelines(json.dumps(entry) + "\n" for entry in entries)

    write(0, head, gemini_answer("a", 2))
    record = open_record(followed("gemini", tmp_path, started_at=0.0, conversation=id))
    assert record is not None and record.read_new().models == {"pro": Tokens(input=10, output=2, cached=1)}
    write(1, head, {"$set": {"messages": [gemini_answer("a", 2)]}})
    write(goes_on_in, gemini_answer("b", 3))
    both = {"pro": Tokens(input=20, output=5, cached=2)}
    assert record.read_new().models == both
    assert news_of(followed("gemini", tmp_path, started_at=0.0, conversation=id)).models == both
