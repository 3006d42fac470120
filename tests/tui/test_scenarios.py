"""The interface used as the manual says, screen by screen."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from textual import events

from autod_tui.core import events as ev
from autod_tui.core.commands import COMMANDS
from autod_tui.core.errors import AutodError
from autod_tui.core.requests import (
    Answer,
    Down,
    New,
    Send,
    Undo,
    Up,
)
from autod_tui.core.workstream import WorkstreamState
from autod_tui.tui.actions import ACTIONS
from autod_tui.tui.widgets.workstreams import in_order
from tests.tui.fake_desk import NOW, FakeDesk
from tests.tui.robot import Robot, mouse_wheel, robot_at
from tests.tui.sample import busy_desk, changed, fresh_desk, workstream

SIZES = [(80, 24), (120, 34), (200, 50)]


async def select(robot: Robot, name: str) -> None:
    names = [view.name for view in in_order(robot.desk.board().workstreams)]
    await robot.press("home", *["down"] * names.index(name))


def test_every_command_of_the_table_has_an_action() -> None:
    assert {entry.id for entry in COMMANDS} == set(ACTIONS)


@pytest.mark.parametrize("size", SIZES)
async def test_home_shows_workstreams_and_the_live_pane_of_the_selected_one(size: tuple[int, int]) -> None:
    async with robot_at(busy_desk(), size) as robot:
        await select(robot, "database-pipeline")
        await robot.expect("database-pipeline", "working", "62%", "migrating orders", "waiting for you")
        await select(robot, "testing")
        await robot.expect("May I install hypothesis")


async def test_the_list_follows_events_at_once() -> None:
    async with robot_at(busy_desk()) as robot:
        await robot.expect("▲ waiting")
        robot.desk.happen(changed("testing", WorkstreamState.DONE))
        await robot.expect("✓ done")
        await robot.expect_gone("waiting for you")


async def test_w_jumps_to_the_one_that_waits() -> None:
    async with robot_at(busy_desk()) as robot:
        await robot.press("w")
        await robot.expect("May I install hypothesis")


async def test_enter_attaches() -> None:
    async with robot_at(busy_desk()) as robot:
        await select(robot, "database-pipeline")
        await robot.press("enter")
        await robot.until(lambda: robot.desk.attached == ["database-pipeline"], "not attached")


async def test_a_double_click_attaches_and_a_click_selects() -> None:
    async with robot_at(busy_desk()) as robot:
        await robot.click("token-tracking")
        await robot.expect("counting tokens")
        await robot.click("working  token-tracking", times=2)
        await robot.until(lambda: robot.desk.attached == ["token-tracking"], "not attached")


async def test_the_footer_can_be_clicked() -> None:
    async with robot_at(busy_desk()) as robot:
        await robot.click("p Plan")
        await robot.expect("[1] checkpoints")


async def test_type_mode_sends_every_key_to_the_agent_until_it_is_left() -> None:
    async with robot_at(busy_desk()) as robot:
        await select(robot, "testing")
        await robot.press("i")
        await robot.expect("typing")
        await robot.press("q", "é", "enter", "up", "ctrl+c", "ctrl+p", "escape")
        await robot.until(lambda: len(robot.desk.typed) == 7, "keys are missing")
        assert [(data, key) for _, data, key in robot.desk.typed] == [
            (b"q", ""),
            ("é".encode(), ""),
            (b"\r", ""),
            (b"", "Up"),
            (b"\x03", ""),
            (b"\x10", ""),
            (b"\x1b", ""),
        ]
        for key in ("ctrl+right_square_bracket", "f11", "f12"):
            await robot.press(key)
            await robot.expect_gone("typing")
            assert len(robot.desk.typed) == 7, f"{key} went to the agent"
            await robot.press("i")
            await robot.expect("typing")
        await robot.press("f12", "p")
        await robot.expect("[1] checkpoints")


async def test_the_pane_of_a_removed_worktree_is_shown_no_more() -> None:
    desk = busy_desk()
    async with robot_at(desk) as robot:
        await select(robot, "testing")
        await robot.expect("May I install hypothesis")
        del desk.screens["testing"]
        desk.happen(ev.AgentStopped(name="testing"), ev.WorktreeRemoved(name="testing", backup="refs/b"))
        await robot.expect("no agent is running here")
        assert "May I install" not in robot.text


async def test_what_is_pasted_in_type_mode_comes_whole_and_in_its_turn() -> None:
    async with robot_at(busy_desk()) as robot:
        await select(robot, "testing")
        await robot.press("i", "a")
        robot.app.screen.live.post_message(events.Paste("one\ntwo\x1b[201~\n"))  # type: ignore[attr-defined]
        await robot.press("b")
        await robot.until(lambda: len(robot.desk.typed) == 2 and bool(robot.desk.pasted), "something is missing")
        assert robot.desk.pasted == [("testing", "one\ntwo\n", 1)]
        assert robot.text.count("typing") == 1


async def test_slash_finds_a_workstream() -> None:
    async with robot_at(busy_desk(), (80, 24)) as robot:
        await robot.press("p", "slash")
        await robot.write("token")
        await robot.expect("Token tracking")
        await robot.press("enter")
        await robot.expect("counting tokens")
        await robot.press("slash")
        await robot.write("nobody")
        await robot.expect("nothing is called so")
        await robot.press("enter")
        await robot.expect("counting tokens")


async def test_colon_opens_the_palette() -> None:
    async with robot_at(busy_desk()) as robot:
        await robot.press("colon")
        await robot.write("backups")
        await robot.expect("List the backups")


async def test_the_wheel_scrolls_and_a_resize_leaves_nothing_stale() -> None:
    async with robot_at(busy_desk(), (80, 24)) as robot:
        await robot.press("question_mark")
        await robot.expect("The selected workstream")
        page = robot.app.screen.query_one("#page")
        for _ in range(4):
            page.post_message(mouse_wheel(page))
        await robot.expect_gone("The selected workstream")
        await robot.press("escape")
        fresh = robot.lines
        for size in ((200, 50), (100, 30), (80, 24)):
            await robot.resize(*size)
            assert len(robot.lines) == size[1]
        await robot.until(lambda: robot.lines == fresh, "the screen is not what it was")


async def test_no_color_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with robot_at(busy_desk(), (80, 24)) as robot:
        await robot.expect("database-pipeline")
        colours = [
            color
            for strip in robot.app.screen._compositor.render_strips()
            for segment in strip
            if segment.style
            for color in (segment.style.color, segment.style.bgcolor)
            if color and color.triplet
        ]
        assert all(c.triplet and c.triplet.red == c.triplet.green == c.triplet.blue for c in colours)


async def test_a_pane_that_prints_is_captured_once_a_frame_and_never_while_it_is_covered() -> None:
    async with robot_at(busy_desk()) as robot:
        await select(robot, "database-pipeline")
        await robot.expect("migrating orders")
        before = robot.desk.captures
        for _ in range(200):
            robot.desk.print("database-pipeline")
        robot.desk.show("database-pipeline", "all tables done")
        await robot.expect("all tables done")
        assert robot.desk.captures - before <= 4
        await robot.press("f")
        await robot.expect("conducts as tui")
        covered = robot.desk.captures
        robot.desk.show("database-pipeline", "unseen")
        await robot.press("down")
        assert robot.desk.captures == covered
        await robot.press("escape")
        await robot.expect("unseen")


async def test_the_pane_gets_the_size_of_its_view() -> None:
    async with robot_at(busy_desk(), (200, 50)) as robot:
        await select(robot, "database-pipeline")
        looked = robot.desk.looked
        await robot.until(lambda: bool(looked) and looked[-1][0] == ("database-pipeline",), "no size told")
        _, size = robot.desk.looked[-1]
        assert size == (94, 46)


async def test_a_pane_that_opens_in_the_selected_workstream_gets_it_too() -> None:
    async with robot_at(busy_desk(), (200, 50)) as robot:
        await select(robot, "retry-error-handling")
        looked = robot.desk.looked
        before = len(looked)
        started = ev.AgentStarted(
            name="retry-error-handling", session="r", agent="claude", model="", window="@9", pane="%9", pid=9
        )
        robot.desk.happen(started)
        await robot.until(lambda: len(looked) > before, "no size told")
        assert looked[-1] == (("retry-error-handling",), (94, 46))


async def test_up_down_and_remove() -> None:
    async with robot_at(busy_desk()) as robot:
        await select(robot, "retry-error-handling")
        await robot.press("u")
        assert await robot.expect_asked(Up) == Up(names=("retry-error-handling",))
        await select(robot, "testing")
        robot.desk.replies[Down] = Answer(message="stop the agent of testing", data={"plan": {"stop": ["testing"]}})
        await robot.press("d")
        await robot.expect("stop the agent of testing")
        await robot.press("y")
        await robot.until(lambda: Down(names=("testing",), approved=True) in robot.desk.asked, "not stopped")


async def test_losing_work_takes_the_name_typed_in_full() -> None:
    async with robot_at(busy_desk()) as robot:
        look = {"worktree": "/srv/shop-testing", "uncommitted": ["src/new.py"], "unmerged_commits": 2, "ignored": []}
        plan = {"stop": [], "remove": {"testing": {**look, "safe": False}}}
        robot.desk.replies[Down] = Answer(message="remove /srv/shop-testing", data={"plan": plan})
        await select(robot, "testing")
        await robot.press("D")
        await robot.expect("src/new.py", "2 commits", "type testing to go on")
        await robot.press("enter")
        await robot.write("testin")
        await robot.press("enter")
        assert all(not request.approved for request in robot.desk.asked if isinstance(request, Down))
        await robot.write("g")
        await robot.press("enter")
        wanted = Down(names=("testing",), remove=True, discard=True, approved=True)
        await robot.until(lambda: wanted in robot.desk.asked, "not discarded")


async def test_send_to_one_and_to_all() -> None:
    async with robot_at(busy_desk()) as robot:
        await select(robot, "database-pipeline")
        await robot.press("s")
        await robot.expect("send to database-pipeline")
        await robot.write("use sqlite\nplease")
        await robot.press("ctrl+s")
        assert await robot.expect_asked(Send) == Send(names=("database-pipeline",), text="use sqlite\nplease")
        await robot.press("S")
        await robot.expect("send to all 3")
        await robot.write("commit")
        await robot.press("ctrl+s")
        await robot.until(lambda: Send(text="commit") in robot.desk.asked, "not sent to all")


async def test_the_wizard_shows_every_problem_at_its_field_before_anything_is_made() -> None:
    async with robot_at(fresh_desk(), (80, 24)) as robot:
        await robot.open_wizard("new: workstream/NAME", "main (target)")
        await robot.write("testing")
        await robot.expect("'testing' is a workstream already")
        await robot.press("ctrl+s")
        await robot.expect("the prompt is empty")
        assert not robot.desk.asked
        await robot.press("2")
        await robot.expect_gone("is a workstream already")
        await robot.make_with("write tests")
        request = await robot.expect_asked(New)
        assert request == New(name="testing2", agent="claude", prompt="write tests")
        assert await robot.expect_asked(Up) == Up(names=("testing2",))


async def test_what_the_wizard_made_is_selected_once_it_is_there() -> None:
    desk = busy_desk()

    def declare(request: New) -> Answer:
        made = workstream(request.name, "Docs")
        desk.plan = msgspec.structs.replace(desk.plan, workstreams=(*desk.plan.workstreams, made))
        desk.reload()
        return Answer(message="declared")

    desk.replies[New] = declare
    async with robot_at(desk) as robot:
        await robot.open_wizard()
        await robot.write("docs")
        await robot.make_with("write")
        await robot.expect_asked(Up)
        await robot.until(lambda: robot.app.selection().workstream.name == "docs", "not selected")  # type: ignore[union-attr]


async def test_a_check_that_fails_leaves_the_wizard_standing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(fields: dict[str, str]) -> dict[str, str]:
        raise AutodError("git does not answer")

    desk = busy_desk()
    monkeypatch.setattr(desk, "new_problems", broken)
    async with robot_at(desk) as robot:
        await robot.open_wizard()
        await robot.write("docs")
        await robot.expect("could not be checked: git does not answer")
        await robot.press("ctrl+s")
        await robot.expect("new workstream")
        assert not any(isinstance(request, New) for request in desk.asked)


async def test_the_wizard_reads_a_prompt_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "prompt.md"
    file.write_text("# build it\n\x1b]52;c;aGk=\x07all\n")
    async with robot_at(fresh_desk()) as robot:
        await robot.press("n", "ctrl+o")
        await robot.write(str(tmp_path / "none.md"))
        await robot.press("enter")
        await robot.expect("No such file")
        robot.app.screen.query_one("#file").value = str(file)  # type: ignore[attr-defined]
        await robot.press("enter")
        await robot.expect("# build it")
        assert robot.app.screen.fields()["prompt"] == "# build it\nall\n"  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", SIZES)
async def test_the_plan_view_shows_timeline_order_matrix_and_risks(size: tuple[int, int]) -> None:
    async with robot_at(busy_desk(), size) as robot:
        await select(robot, "database-pipeline")
        await robot.press("p")
        await robot.expect("foundation", "Day 3: foundation", ">= 60", "conflicts with testing", "better")
        await robot.press("3", "right", "right", "right")
        await robot.expect("conflicts ahead", "database-pipeline and testing", "src/config.py")
        await robot.press("4")
        await robot.expect("waits for you", "will conflict in 2 files")
        await robot.press("escape")
        await robot.expect("migrating orders")


async def test_diff_log_feed_report_help_and_undo_open_and_close() -> None:
    desk = busy_desk()
    desk.diffs["database-pipeline"] = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-old\n+new\n"
    backup = {
        "ref": "refs/autod/backup/1",
        "oid": "a" * 40,
        "at": NOW,
        "what": "main before foundation",
        "restores": "",
    }
    desk.replies[Undo] = Answer(data={"backups": [backup]})
    async with robot_at(desk, (80, 24)) as robot:
        await select(robot, "database-pipeline")
        for key, text in [
            ("v", "diff of database-pipeline"),
            ("l", "migrating orders"),
            ("f", "conducts as tui"),
            ("r", "checkpoints merged"),
            ("question_mark", "Make the worktree and start the agent."),
            ("z", "main before foundation"),
        ]:
            await robot.press(key)
            await robot.expect(text)
            await robot.press("escape")
            await robot.expect("workstreams 4")


async def test_undo_brings_a_backup_back_after_a_question() -> None:
    desk = busy_desk()
    backup = {
        "ref": "refs/autod/backup/1",
        "oid": "a" * 40,
        "at": NOW,
        "what": "main before foundation",
        "restores": "",
    }
    desk.replies[Undo] = lambda request: Answer(data={"backups": [backup]}, message="restored")
    async with robot_at(desk) as robot:
        await robot.press("z", "enter")
        await robot.expect("is brought back from")
        await robot.press("y")
        await robot.until(lambda: Undo(ref="refs/autod/backup/1") in desk.asked, "not restored")


async def test_the_palette_finds_commands_of_the_table() -> None:
    async with robot_at(busy_desk()) as robot:
        await robot.press("ctrl+p")
        await robot.write("report")
        await robot.expect("Report")
        await robot.press("enter")
        await robot.expect("checkpoints merged")


async def test_q_leaves_the_dashboard_at_once() -> None:
    async with robot_at(busy_desk()) as robot:
        await robot.press("q")
        assert robot.app.return_value == 0


async def test_a_failed_request_is_told_with_its_hint() -> None:
    desk = busy_desk()
    desk.replies[Up] = Answer(exit_code=1, message="tmux is gone", hint="autod doctor")
    async with robot_at(desk) as robot:
        await select(robot, "retry-error-handling")
        await robot.press("u")
        await robot.expect("tmux is gone", "autod doctor")


async def test_nobody_is_there_yet() -> None:
    desk = FakeDesk(msgspec.structs.replace(fresh_desk().plan, workstreams=(), checkpoints=()))
    async with robot_at(desk, (80, 24)) as robot:
        await robot.expect("no workstreams yet", "n makes one")
        await robot.press("p")
        await robot.expect("declares no [[checkpoint]] yet")
        await robot.press("p", "enter", "m", "w", "i")
        await robot.expect("no workstreams yet")
