"""The door to outside programs on real processes: bounded time, and no descendant left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autod_tui import process, processes, spawn
from autod_tui.adapters import Processes
from autod_tui.core.errors import CommandFailedError, EnvironmentUnfitError

ENV = {"PATH": os.environ["PATH"]}
STUBBORN = (
    "import os,signal,sys,time\n"
    "signal.signal(signal.SIGHUP, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "if os.fork(): os._exit(0)\n"
    "os.setsid()\n"
    "if os.fork(): os._exit(0)\n"
    "open(sys.argv[1], 'w').write(str(os.getpid()))\n"
    "time.sleep(60)\n"
)


async def until(condition: Callable[[], object]) -> None:
    """Wait until `condition` holds, 10 seconds at most."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def pid_in(file: Path) -> int:
    return int(file.read_text()) if file.exists() and file.read_text() else 0


@pytest.fixture
def stubborn(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Yield a shell command for a daemon that ignores HUP and TERM, and the file it writes its process id to."""
    script, file = tmp_path / "stubborn.py", tmp_path / "pid"
    script.write_text(STUBBORN)
    yield f"{sys.executable} {script} {file}", file
    if processes.alive(pid_in(file)):
        os.kill(pid_in(file), signal.SIGKILL)


@pytest.fixture(params=[True, False], ids=["by the kernel's spawn", "by asyncio"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run programs where the system has all that the quick way takes, and where not."""
    if request.param and not spawn.able():
        pytest.skip("this system has no quick way")
    monkeypatch.setattr(spawn, "able", lambda: request.param)


@pytest.mark.usefixtures("way")
async def test_what_a_program_is_given_and_what_it_gives() -> None:
    done = await process.run(["sh", "-c", "cat; echo err >&2; echo $ONE; kill -9 $$"], stdin=b"in\n", env={"ONE": "1"})
    assert (done.returncode, done.stdout, done.stderr) == (-9, b"in\n1\n", b"err\n")
    much = b"0123456789abcdef" * 2**16
    assert (await process.run(["cat"], stdin=much)).stdout == much
    assert (await process.run(["cat"])).stdout == b""


@pytest.mark.usefixtures("way")
async def test_programs_are_as_if_started_by_a_shell(tmp_path: Path) -> None:
    with (tmp_path / "open").open("w"):
        files = (await process.run(["ls", "/proc/self/fd"])).text.split()
    assert files == ["0", "1", "2", "3"], "the last is the directory itself"
    status = (await process.run(["cat", "/proc/self/status"])).text
    ignored = next(line.split()[1] for line in status.splitlines() if line.startswith("SigIgn"))
    assert not int(ignored, 16) & (1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1)
    pid, group = (await process.run(["cat", "/proc/self/stat"])).text.split()[0:5:4]
    assert pid == group


@pytest.mark.usefixtures("way")
async def test_nothing_stays_open() -> None:
    await process.run(["true"])
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        await process.run(["true"])
        with pytest.raises(CommandFailedError):
            await process.run(["sleep", "60"], timeout=0.01)
        with pytest.raises(EnvironmentUnfitError):
            await process.run(["no-such-program"])
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


async def test_what_a_program_leaves_running_keeps_nobody_waiting(tmp_path: Path) -> None:
    if not spawn.able():
        pytest.skip("this system has no quick way")
    file = tmp_path / "pid"
    await process.run(["sh", "-c", f"sleep 60 & echo $! > {file}"])
    assert processes.alive(pid_in(file))
    os.kill(pid_in(file), signal.SIGKILL)


async def test_run_keeps_output_status_and_input(tmp_path: Path) -> None:
    done = await process.run(["sh", "-c", "cat; echo err >&2; pwd; exit 3"], cwd=tmp_path, stdin=b"in\n")
    assert (done.returncode, done.ok, done.text) == (3, False, f"in\n{tmp_path}")
    with pytest.raises(CommandFailedError, match="step failed: err"):
        done.checked("step")
    assert process.run_sync(["cat"], stdin=b"x").checked("step").stdout == b"x"


@pytest.mark.usefixtures("way")
async def test_arguments_pass_no_shell() -> None:
    assert (await process.run(["echo", "$(id)", "a b;"])).text == "$(id) a b;"


@pytest.mark.usefixtures("way")
async def test_time_out_kills_the_group(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    with pytest.raises(CommandFailedError, match=r"sh did not end within 0\.5 s"):
        await process.run(["sh", "-c", f"sleep 60 & echo $! > {file}; wait"], timeout=0.5)
    await until(lambda: not processes.alive(pid_in(file)))
    assert pid_in(file)


@pytest.mark.usefixtures("way")
async def test_cancelling_kills_the_group(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    task = asyncio.create_task(process.run(["sh", "-c", f"sleep 60 & echo $! > {file}; wait"]))
    await until(lambda: pid_in(file))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: not processes.alive(pid_in(file)))


async def test_missing_program_and_missing_directory_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentUnfitError, match="no-such-program is not installed"):
        await process.run(["no-such-program"])
    with pytest.raises(EnvironmentUnfitError, match="no directory"):
        await process.run(["true"], cwd=tmp_path / "gone")
    with pytest.raises(EnvironmentUnfitError, match="no directory"):
        process.run_sync(["true"], cwd=tmp_path / "gone")


def test_sync_time_out() -> None:
    with pytest.raises(CommandFailedError, match=r"sleep did not end within 0\.1 s"):
        process.run_sync(["sleep", "60"], timeout=0.1)


async def test_logged_run_keeps_all_output_and_the_status(tmp_path: Path) -> None:
    log = tmp_path / "deep" / "log"
    status = await process.run_logged("echo out; echo err >&2; exit 4", cwd=str(tmp_path), env=ENV, log=log, timeout=10)
    assert (status, log.read_text()) == (4, "out\nerr\n")


async def test_logged_run_out_of_time_leaves_no_stubborn_descendant(tmp_path: Path, stubborn: tuple[str, Path]) -> None:
    command, file = stubborn
    status = await process.run_logged(
        f"{command}; sleep 60", cwd=str(tmp_path), env=ENV, log=tmp_path / "log", timeout=1.5
    )
    assert status is None
    assert pid_in(file)
    assert not processes.alive(pid_in(file))


async def test_logged_run_that_ends_well_leaves_no_stubborn_descendant(
    tmp_path: Path, stubborn: tuple[str, Path]
) -> None:
    command, file = stubborn
    wait = f"while ! test -s {file}; do sleep 0.05; done"
    status = await process.run_logged(
        f"{command}; {wait}", cwd=str(tmp_path), env=ENV, log=tmp_path / "log", timeout=20
    )
    assert status == 0
    assert pid_in(file)
    assert not processes.alive(pid_in(file))


async def test_cancelled_logged_run_leaves_no_stubborn_descendant(tmp_path: Path, stubborn: tuple[str, Path]) -> None:
    command, file = stubborn
    run = process.run_logged(f"{command}; sleep 60", cwd=str(tmp_path), env=ENV, log=tmp_path / "log", timeout=60)
    task = asyncio.create_task(run)
    await until(lambda: pid_in(file))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not processes.alive(pid_in(file))


def test_zombie_is_not_alive() -> None:
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    try:
        assert Path(f"/proc/{child.pid}").exists()
        assert not processes.alive(child.pid)
    finally:
        child.wait()
    assert not processes.alive(child.pid)
    assert processes.alive(os.getpid())


def test_marked_wants_the_whole_value_and_descendants_come_in_order() -> None:
    child = subprocess.Popen(
        ["sh", "-c", "sleep 60 & echo started; wait"], env={**ENV, "MARK": "ab"}, stdout=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"started\n"
        found = processes.descendants(os.getpid())
        (grandchild,) = processes.descendants(child.pid)
        assert found.index(child.pid) < found.index(grandchild)
        assert set(processes.marked("MARK=ab")) == {child.pid, grandchild}
        assert processes.marked("MARK=a") == processes.marked("ARK=ab") == []
        assert processes.environment_of(child.pid)["MARK"] == "ab"
    finally:
        processes.kill_group(child.pid)
        child.communicate()
    processes.kill_group(child.pid)


@pytest.mark.parametrize("pid", [0, 1, -1])
async def test_ending_nobody_signals_nobody(pid: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is really signalled here, for a mistake would end the whole session."""
    signalled: list[int] = []
    monkeypatch.setattr(os, "kill", lambda victim, number: signalled.append(victim))
    monkeypatch.setattr(processes, "alive", lambda pid: False)
    await processes.end_tree(pid, "", grace=0.1)
    assert signalled == []


async def test_ending_by_marker_spares_all_others() -> None:
    bystander = subprocess.Popen(["sleep", "60"])
    marked = subprocess.Popen(["sleep", "60"], env={**ENV, "MARK": "only-this"})
    try:
        await until(lambda: processes.marked("MARK=only-this"))
        await processes.end_tree(0, "MARK=only-this", grace=1)
        assert marked.wait(5) == -signal.SIGHUP
        assert bystander.poll() is None
    finally:
        for child in (bystander, marked):
            child.kill()
            child.wait()


def test_the_work_of_a_process_and_its_children_is_measured() -> None:
    works = "import time; end = time.process_time() + 0.2\nwhile time.process_time() < end: pass\n"
    stays = f"{works}\nimport sys; print(flush=True); sys.stdin.read()"
    script = '"$0" -c "$1"; echo worked; read end; "$0" -c "$2"; :'
    argv = ["sh", "-c", script, sys.executable, works, stays]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as shell:
        assert shell.stdin is not None and shell.stdout is not None
        assert shell.stdout.readline() == b"worked\n"
        measured = Processes().cpu_seconds
        before = measured(shell.pid)
        assert 0.15 <= before == measured(shell.pid)
        shell.stdin.write(b"go on\n")
        shell.stdin.flush()
        assert shell.stdout.readline() == b"\n"  # by a child that still lives
        assert measured(shell.pid) >= before + 0.15
        shell.stdin.close()
        shell.wait()
    assert measured(shell.pid) == 0
