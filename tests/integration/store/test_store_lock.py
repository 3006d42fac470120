import asyncio
import contextlib
import os
import signal
import subprocess
import sys

import pytest

from autod_tui.core.errors import AutodError
from autod_tui.store.lock import ConductorLock, Holder

HOLD = (
    "import sys, pathlib, os, subprocess, time\n"
    "from autod_tui.store.lock import ConductorLock, Holder\n"
    "lock = ConductorLock(pathlib.Path(sys.argv[1]))\n"
    "assert lock.try_acquire(Holder(os.getpid(), 'tui'))\n"
    "child = subprocess.Popen(['sleep', '60'], close_fds=False)\n"
    "print(child.pid, flush=True)\n"
    "sys.stdin.read()\n"
    "lock.release()\n"
    "print('released', flush=True)\n"
    "child.kill()\n"
)


@pytest.fixture
def other(tmp_path):
    """Another process that holds the lock, with a child of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    child = int(process.stdout.readline())
    yield process
    process.kill()
    process.wait()
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)


def test_a_free_lock_has_no_holder_and_is_taken(tmp_path):
    lock = ConductorLock(tmp_path)
    assert lock.holder() is None
    assert lock.try_acquire(Holder(os.getpid(), "tui"))
    assert lock.try_acquire(Holder(os.getpid(), "tui"))
    second = ConductorLock(tmp_path)
    assert not second.try_acquire(Holder(1, "run"))
    assert second.holder() == Holder(os.getpid(), "tui")
    lock.release()
    lock.release()
    assert second.holder() is None
    assert second.try_acquire(Holder(os.getpid(), "run"))
    second.release()


def test_another_process_is_named(tmp_path, other):
    lock = ConductorLock(tmp_path)
    assert not lock.try_acquire(Holder(os.getpid(), "run"))
    assert lock.holder() == Holder(other.pid, "tui")


def test_kill_9_frees_it_at_once_even_with_a_child_alive(tmp_path, other):
    lock = ConductorLock(tmp_path)
    other.kill()
    other.wait()
    assert lock.holder() is None
    assert lock.try_acquire(Holder(os.getpid(), "run"))
    lock.release()


async def test_waiting_ends_when_the_holder_lets_go(tmp_path, other):
    lock = ConductorLock(tmp_path)
    waiting = asyncio.create_task(lock.wait_released())
    done, _ = await asyncio.wait([waiting], timeout=0.2)
    assert not done
    other.stdin.close()
    async with asyncio.timeout(10):
        await waiting
    assert lock.try_acquire(Holder(os.getpid(), "run"))
    lock.release()


async def test_waiting_ends_when_the_holder_is_killed(tmp_path, other):
    lock = ConductorLock(tmp_path)
    waiting = asyncio.create_task(lock.wait_released())
    await asyncio.sleep(0)
    other.kill()
    async with asyncio.timeout(10):
        await waiting


def test_a_waiting_process_can_end(tmp_path, other):
    program = (
        "import asyncio, sys, pathlib\n"
        "from autod_tui.store.lock import ConductorLock\n"
        "async def main():\n"
        "    try:\n"
        "        await asyncio.wait_for(ConductorLock(pathlib.Path(sys.argv[1])).wait_released(), 0.2)\n"
        "    except TimeoutError:\n"
        "        print('gave up')\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=10)
    assert done.stdout == "gave up\n"
    assert done.returncode == 0


def test_one_of_many_wins(tmp_path):
    locks = [ConductorLock(tmp_path) for _ in range(10)]
    assert sum(lock.try_acquire(Holder(os.getpid(), "run")) for lock in locks) == 1
    for lock in locks:
        lock.release()


def test_lookers_never_keep_the_lock_from_one_who_takes_it(tmp_path):
    program = (
        "import sys, pathlib\n"
        "from autod_tui.store.lock import ConductorLock\n"
        "lock = ConductorLock(pathlib.Path(sys.argv[1]))\n"
        "print(flush=True)\n"
        "while True: lock.holder()\n"
    )
    looker = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE)
    lock = ConductorLock(tmp_path)
    try:
        assert lock.try_acquire(Holder(0, "tui"))
        lock.release()
        looker.stdout.readline()
        for _ in range(2000):
            assert lock.try_acquire(Holder(0, "tui"))
            lock.release()
    finally:
        looker.kill()
        looker.wait()
        looker.stdout.close()


def test_a_place_that_can_not_be_written_is_an_error(tmp_path):
    (tmp_path / "autod").write_text("in the way")
    with pytest.raises(AutodError, match=r"conductor\.lock"):
        ConductorLock(tmp_path).try_acquire(Holder(1, "tui"))
