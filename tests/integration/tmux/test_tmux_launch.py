"""What is launched is what was said: arguments, environment, directory, marks; nothing else runs."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import sys
from pathlib import Path

import pytest

from autod_tui.core.errors import AutodError, UsageError
from autod_tui.tmux.pane import Panes
from autod_tui.tmux.script import NO_DIRECTORY, SETUP_FAILED
from autod_tui.tmux.server import TmuxServer
from tests.support.terminals import until, wait_until

REPORT = (
    "import json,os,sys;"
    "json.dump({'argv':sys.argv[2:],'env':dict(os.environ),'cwd':os.getcwd(),'in':sys.stdin.isatty()},"
    "open(sys.argv[1]+'.part','w'));os.rename(sys.argv[1]+'.part',sys.argv[1])"
)


async def report(panes: Panes, launch, tmp_path: Path, *arguments: str, **changes: object) -> dict:
    """Launch a program that writes down how it was started."""
    found = tmp_path / "report.json"
    found.unlink(missing_ok=True)
    await panes.start(launch(sys.executable, "-c", REPORT, str(found), *arguments, **changes))

    async def exists() -> bool:
        return found.exists()

    await until(exists, bool)
    return json.loads(found.read_text())


HOSTILE = [
    "#(touch {hit})",
    "$(touch {hit})",
    "`touch {hit}`",
    "x;",
    "-x",
    "a;b \\; c\\",
    "'\"\n\t#{E:@x}",
    "ünïcødé",
    "",
]


async def test_arguments_arrive_exactly_and_run_nothing(panes: Panes, launch, tmp_path: Path) -> None:
    hit = tmp_path / "hit"
    hostile = [text.format(hit=hit, E="") if "{hit}" in text else text for text in HOSTILE]
    seen = await report(panes, launch, tmp_path, *hostile)
    assert seen["argv"] == hostile
    assert not hit.exists()


async def test_names_titles_and_directories_run_nothing(panes: Panes, server, launch, tmp_path: Path) -> None:
    hit = tmp_path / "hit"
    evil = f"#(touch {hit})"
    cwd = tmp_path / "a dir #(touch hit) ##[x] 'q' ;"
    cwd.mkdir()
    for title in [evil, f"$(touch {hit})", "x;", "-x", f"#{{E:{evil}}}", f"`touch {hit}`"]:
        status = await panes.start(launch("sleep", "100", title=title, workstream=title.replace("|", ""), cwd=str(cwd)))
        assert status.workstream == title
        shown = server.run("display-message", "-p", "-t", status.pane, "#{@autod_title}").text
        assert shown == title
    pids = [pane.pid for pane in await panes.panes() if not pane.dead]
    wait_until(lambda: {Path(f"/proc/{pid}/cwd").resolve() for pid in pids} == {cwd}, "all to stand there")
    server.ensure_terminal_session()
    assert not hit.exists()
    assert not (cwd / "hit").exists()


async def test_environment_is_the_launchs_and_the_terminals(panes: Panes, launch, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SERVER_ONLY", "leak")
    env = {"PATH": os.environ["PATH"], "SECRET": "a'b\n$(id)\\", "TERM": "vt52", "LINES": "3", "COLUMNS": "9"}
    seen = (await report(panes, launch, tmp_path, env=env))["env"]
    assert seen["SECRET"] == "a'b\n$(id)\\"
    assert seen["TERM"] == "tmux-256color"
    assert seen["TMUX"] and seen["TMUX_PANE"]
    assert seen["AUTOD_SESSION"] and seen["AUTOD_WORKSTREAM"] == "ws1"
    assert seen.keys().isdisjoint({"SERVER_ONLY", "LINES", "COLUMNS", "OLDPWD"})


async def test_the_script_is_private_and_gone_once_it_runs(panes: Panes, server: TmuxServer, launch, tmp_path) -> None:
    await panes.start(launch("sleep", "100", setup="sleep 0.3", env={"PATH": os.environ["PATH"], "KEY": "hidden"}))
    directory = server.launch_dir
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    for script in directory.iterdir():
        assert stat.S_IMODE(script.stat().st_mode) == 0o600

    async def scripts() -> list[Path]:
        return list(directory.iterdir())

    await until(scripts, lambda left: not left)


async def test_secrets_are_on_no_command_line(panes: Panes, launch, tmp_path: Path) -> None:
    await panes.start(launch("sleep", "100", env={"PATH": os.environ["PATH"], "KEY": "hidden-4711"}))
    lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if os.access(path, os.R_OK)]
    assert not any(b"hidden-4711" in line for line in lines)


async def test_a_prompt_of_100_kb_is_one_argument(panes: Panes, launch, tmp_path: Path) -> None:
    prompt = "line; 'quoted' #(id)\n" * 5000
    assert (await report(panes, launch, tmp_path, prompt))["argv"] == [prompt]


async def test_a_prompt_no_argument_can_hold_is_refused_with_the_way_out(panes: Panes, server, launch) -> None:
    with pytest.raises(UsageError, match="200000 bytes") as caught:
        await panes.start(launch("cat", "x" * 200_000))
    assert "stdin" in caught.value.hint
    assert [pane for pane in await panes.panes() if pane.session] == []


async def test_standard_input_from_a_file(panes: Panes, launch, tmp_path: Path) -> None:
    prompt = tmp_path / "a prompt's #file"
    prompt.write_text("from the file")
    status = await panes.start(launch("sh", "-c", "cat; sleep 100", stdin_file=str(prompt)))
    await until(lambda: panes.capture(status.pane), lambda screen: "from the file" in screen.lines[0])


async def test_a_missing_directory_is_an_error(panes: Panes, launch, tmp_path: Path) -> None:
    with pytest.raises(AutodError, match="no directory"):
        await panes.start(launch("sleep", "100", cwd=str(tmp_path / "nowhere")))


async def test_a_directory_that_vanishes_is_seen_in_the_pane(panes: Panes, launch, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(Path, "is_dir", lambda self: True)
    status = await panes.start(launch("pwd", cwd=str(tmp_path / "nowhere")))
    await until(lambda: panes.capture(status.pane), lambda screen: NO_DIRECTORY in "".join(screen.lines))


async def test_setup_runs_first_and_in_sight(panes: Panes, launch, tmp_path: Path) -> None:
    mark = tmp_path / "done mark"
    program = ("sh", "-c", "cat made; sleep 100")
    status = await panes.start(launch(*program, setup="echo visible; echo by-setup > made", setup_mark=str(mark)))
    screen = await until(lambda: panes.capture(status.pane), lambda screen: "by-setup" in screen.lines)
    assert "visible" in screen.lines
    assert mark.exists()


async def test_a_failed_setup_leaves_its_status_and_a_line(panes: Panes, launch, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    status = await panes.start(launch("touch", "agent-ran", setup="exit 9", setup_mark=str(mark)))
    dead = await until(panes.panes, lambda found: any(pane.session and pane.dead for pane in found))
    assert dead[-1].exit_status == 9
    assert any(line.startswith(SETUP_FAILED) for line in (await panes.capture(status.pane)).lines)
    assert not (tmp_path / "agent-ran").exists()
    assert not mark.exists()


async def test_many_at_once_are_never_mixed_up(panes: Panes, server: TmuxServer, launch) -> None:
    other = Panes(server)
    launches = [launch("sleep", "100") for _ in range(16)]
    done = asyncio.Event()
    wrong = []

    async def watch() -> None:
        while not done.is_set():
            wrong.extend(pane for pane in await other.panes() if pane.window != "@0" and not pane.session)

    server.ensure_keeper()
    watching = asyncio.create_task(watch())
    started = await asyncio.gather(*((panes if i % 2 else other).start(one) for i, one in enumerate(launches)))
    done.set()
    await watching
    await other.close()
    assert [pane.session for pane in started] == [one.session for one in launches]
    assert len({pane.window for pane in started}) == 16
    assert wrong == []
