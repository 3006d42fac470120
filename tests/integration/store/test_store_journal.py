import asyncio
import multiprocessing
import shutil
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from autod_tui.core.errors import AutodError
from autod_tui.core.events import ConductorStarted, HeadMoved, Noted, StateChanged
from autod_tui.core.requests import Answer, Send, Up
from autod_tui.core.workstream import Source, WorkstreamState
from autod_tui.inotify import Unavailable
from autod_tui.store import file_news
from autod_tui.store.follow import follow, woken
from autod_tui.store.journal import APPLICATION, Journal, journal_path

MOVED = HeadMoved(name="a", head="1" * 40)


@pytest.fixture(params=[True, False], ids=["inotify", "watchfiles"])
def by_kernel(request, monkeypatch):
    def refuse(*_):
        raise Unavailable("no inotify here")

    if not request.param:
        monkeypatch.setattr(file_news, "Inotify", refuse)


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path, clock=lambda: 1000.5)
    yield journal
    journal.close()


def test_events_come_back_as_they_went_in(journal, tmp_path):
    events = [
        ConductorStarted(pid=7, role="tui"),
        StateChanged(name="a", state=WorkstreamState.WAITING, reason="permission", source=Source.TERMINAL),
    ]
    recorded = journal.append(events)
    assert [(entry.seq, entry.at, entry.event) for entry in recorded] == [
        (1, 1000.5, events[0]),
        (2, 1000.5, events[1]),
    ]
    assert Journal(tmp_path).read() == recorded
    assert journal.read(after=1) == recorded[1:]
    assert journal.last_seq() == 2


def test_an_append_is_all_or_nothing(journal):
    class Foreign:
        pass

    with pytest.raises(TypeError):
        journal.append([MOVED, Foreign()])
    assert journal.read() == []
    assert [entry.seq for entry in journal.append([MOVED])] == [1]


def test_events_of_a_newer_version_are_skipped_and_counted(journal):
    journal.append([MOVED])
    with sqlite3.connect(journal.path) as other:
        other.execute("INSERT INTO event (at, body) VALUES (1, ?)", (b'{"type":"TimeTravelled","to":1}',))
        other.execute(
            "INSERT INTO event (at, body) VALUES (1, ?)", (b'{"type":"HeadMoved","name":"b","head":"2","x":1}',)
        )
    assert [entry.event for entry in journal.read()] == [MOVED, HeadMoved(name="b", head="2")]
    assert journal.skipped == 1


def test_a_damaged_event_is_named(journal):
    with sqlite3.connect(journal.path) as other:
        other.execute("INSERT INTO event (at, body) VALUES (1, 'HeadMo')")
    with pytest.raises(AutodError, match="event 1"):
        journal.read()


def test_each_request_is_claimed_once_and_answered_once(journal, tmp_path):
    other = Journal(tmp_path)
    first, second = other.post_request(Up(names=("a",))), other.post_request(Send(text="hello"))
    assert journal.pending_requests() == [(first, Up(names=("a",))), (second, Send(text="hello"))]
    assert journal.pending_requests() == []
    assert other.take_answer(first) is None
    journal.answer(first, Answer(exit_code=1, message="no", data={"plan": {"x": [1]}}))
    assert other.take_answer(second) is None
    assert other.take_answer(first) == Answer(exit_code=1, message="no", data={"plan": {"x": [1]}})
    assert other.take_answer(first) is None


def test_a_request_of_a_newer_version_is_answered(journal):
    with sqlite3.connect(journal.path) as other:
        other.execute("INSERT INTO request (at, poster, body) VALUES (1, 1, ?)", (b'{"type":"Fly"}',))
    assert journal.pending_requests() == []
    answer = journal.take_answer(1)
    assert answer is not None
    assert answer.exit_code == 2
    assert "Fly" in answer.message


def test_many_processes_open_and_write_at_once(tmp_path):
    program = (
        "import sys, pathlib\n"
        "from autod_tui.store.journal import Journal\n"
        "from autod_tui.core.events import Noted\n"
        "journal = Journal(pathlib.Path(sys.argv[1]))\n"
        "for number in range(20): journal.append([Noted(level='info', text=sys.argv[2])])\n"
    )

    def write(name):
        done = subprocess.run([sys.executable, "-c", program, str(tmp_path), name], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, "abcd"))
    entries = Journal(tmp_path).read()
    assert [entry.seq for entry in entries] == list(range(1, 81))
    assert sorted(entry.event.text for entry in entries) == sorted("abcd" * 20)


def open_at(directory, start):
    start.wait()
    Journal(directory).close()


def test_a_journal_is_made_by_several_processes_at_the_same_moment(tmp_path):
    processes = multiprocessing.get_context("fork")
    for attempt in range(30):
        start = processes.Barrier(4)
        place = tmp_path / str(attempt)
        makers = [processes.Process(target=open_at, args=(place, start)) for _ in range(4)]
        for maker in makers:
            maker.start()
        for maker in makers:
            maker.join()
        assert [maker.exitcode for maker in makers] == [0, 0, 0, 0]


def test_the_writer_killed_mid_way_leaves_whole_events(tmp_path):
    program = (
        "import sys, pathlib\n"
        "from autod_tui.store.journal import Journal\n"
        "from autod_tui.core.events import Noted\n"
        "journal = Journal(pathlib.Path(sys.argv[1]))\n"
        "while True: print(journal.append([Noted(level='info', text='x' * 5000)] * 3)[-1].seq, flush=True)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    told = [int(writer.stdout.readline()) for _ in range(10)]
    writer.kill()
    told += [int(line) for line in writer.communicate()[0].split()]
    entries = Journal(tmp_path).read()
    assert len(entries) >= told[-1]
    assert len(entries) % 3 == 0
    assert all(entry.event == Noted(level="info", text="x" * 5000) for entry in entries)


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("CREATE TABLE notes (x)", "another program"),
        ("PRAGMA application_id = 12345", "another program"),
        (f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = 99", "newer autod"),
    ],
)
def test_a_foreign_or_newer_file_is_refused_and_left_alone(tmp_path, statement, word):
    path = journal_path(tmp_path)
    path.parent.mkdir()
    with sqlite3.connect(path) as other:
        other.executescript(statement)
    other.close()
    before = path.read_bytes()
    with pytest.raises(AutodError, match=word) as error:
        Journal(tmp_path)
    assert error.value.hint
    assert path.read_bytes() == before


def test_a_damaged_file_is_refused(tmp_path):
    path = journal_path(tmp_path)
    path.parent.mkdir()
    path.write_bytes(b"not a database, by far" * 100)
    with pytest.raises(AutodError, match="damaged") as error:
        Journal(tmp_path)
    assert "aside" in error.value.hint


def test_a_directory_that_can_not_be_made_is_an_error(tmp_path):
    (tmp_path / "autod").write_text("in the way")
    with pytest.raises(AutodError):
        Journal(tmp_path)


def test_a_full_disk_is_told_and_keeps_what_was_there(journal):
    journal.append([MOVED])
    pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
    journal._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(AutodError, match="full") as error:
        journal.append([Noted(level="info", text="x" * 50_000)])
    assert "space" in error.value.hint
    assert [entry.event for entry in journal.read()] == [MOVED]
    journal._db.execute("PRAGMA max_page_count = 1000000")
    journal.append([MOVED])
    assert len(journal.read()) == 2


def test_reading_ten_thousand_events_is_quick(journal):
    journal.append([MOVED] * 10_000)
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        assert len(journal.read()) == 10_000
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.2  # 15 ms here; the margin is for a busy machine


async def test_a_follower_sees_old_and_new_events_of_another_connection(by_kernel, journal, tmp_path):
    writer = Journal(tmp_path)
    writer.append([MOVED])
    batches = follow(journal)
    async with asyncio.timeout(10):
        assert [entry.seq for entry in await anext(batches)] == [1]
        for seq in range(2, 12):
            writer.append([MOVED])
            assert [entry.seq for entry in await anext(batches)] == [seq]
    await batches.aclose()


async def test_a_follower_that_was_busy_misses_nothing(by_kernel, journal, tmp_path):
    writer = Journal(tmp_path)
    batches = follow(journal)
    writer.append([MOVED])
    got = []
    async with asyncio.timeout(10):
        got += await anext(batches)
        writer.append([MOVED])
        await asyncio.to_thread(writer_of_many, tmp_path)
        while len(got) < 102:
            got += await anext(batches)
    assert [entry.seq for entry in got] == list(range(1, 103))
    await batches.aclose()


def writer_of_many(common_dir):
    journal = Journal(common_dir)
    for _ in range(100):
        journal.append([MOVED])
    journal.close()


async def test_a_request_wakes_the_conductor_and_looking_wakes_nobody(by_kernel, journal, tmp_path):
    other = Journal(tmp_path)
    wakes = woken(journal)
    async with asyncio.timeout(10):
        await anext(wakes)
        other.post_request(Up())
        await anext(wakes)
        assert len(journal.pending_requests()) == 1
        await anext(wakes)  # the claim itself
    upcoming = asyncio.ensure_future(anext(wakes))
    for _ in range(5):
        assert journal.pending_requests() == []
        journal.read()
    done, _ = await asyncio.wait([upcoming], timeout=0.3)
    assert not done
    upcoming.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upcoming


def test_the_journal_is_plain_files_that_can_be_moved(journal, tmp_path):
    journal.append([MOVED])
    journal.close()
    shutil.move(tmp_path / "autod", tmp_path / "elsewhere")
    assert Journal(tmp_path).read() == []


def test_what_a_dead_process_asked_for_is_left_undone(journal):
    number = journal.post_request(Up())
    gone = subprocess.Popen(["true"])
    gone.wait()
    with sqlite3.connect(journal.path) as other:
        other.execute("UPDATE request SET poster = ? WHERE id = ?", (gone.pid, number))
    assert journal.pending_requests() == []


def test_requests_of_a_dead_conductor_are_answered_by_the_next(journal):
    claimed = journal.post_request(Up())
    assert [number for number, _ in journal.pending_requests()] == [claimed]
    fresh = journal.post_request(Up(names=("b",)))
    journal.forsake(Answer(exit_code=1, message="gone"))
    assert journal.take_answer(claimed) == Answer(exit_code=1, message="gone")
    assert [number for number, _ in journal.pending_requests()] == [fresh]
