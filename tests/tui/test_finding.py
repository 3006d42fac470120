"""Finding words in a log or a diff, and texts that are not lost or leave the dashboard by the clipboard."""

from __future__ import annotations

import base64

import pytest
from textual.widgets import TextArea

from autod_tui.tui import foreground
from autod_tui.tui.widgets.seek import places
from tests.tui.fake_desk import FakeDesk
from tests.tui.robot import robot_at
from tests.tui.sample import busy_desk

DIFF = "".join(
    f"diff --git a/f{n} b/f{n}\n--- a/f{n}\n+++ b/f{n}\n@@ -1 +1 @@\n-old {n}\n"
    + "+ Needle\n" * (n % 2)
    + " same\n" * 20
    for n in range(4)
)


def diff_desk() -> FakeDesk:
    desk = busy_desk()
    desk.diffs = dict.fromkeys((view.name for view in desk.board().workstreams), DIFF)
    return desk


def test_only_capitals_make_case_count() -> None:
    assert places("Needle needle", "needle") == [(0, 6), (7, 13)]
    assert places("Needle needle", "Needle") == [(0, 6)]
    assert places("İneedle", "needle") == [(1, 7)]
    assert places("text", "") == []


async def test_words_are_found_in_a_diff_and_in_a_log() -> None:
    desk = diff_desk()
    async with robot_at(desk, (80, 24)) as robot:
        await robot.press("v")
        await robot.expect("/ Find", "n Next file")
        await robot.press("slash", *"needle", "enter")
        await robot.expect("1 of 2 lines with needle", "+ Needle", "n Next", "esc Done")
        await robot.press("n")
        await robot.expect("2 of 2 lines with needle", "f3")
        await robot.press("n")
        await robot.expect("1 of 2 lines with needle")
        await robot.press("N")
        await robot.expect("2 of 2 lines with needle")
        await robot.press("slash", *"zebra", "enter")
        await robot.expect("no 'zebra' here")
        await robot.press("escape")
        await robot.expect("4 files", "n Next file")
        await robot.press("escape")
        await robot.expect("workstreams")
        name = "testing"  # it waits, so it is on top
        desk.show(name, *(f"line {n}" for n in range(100)), "the \x1b[31mred\x1b[0m end " + "x" * 100 + " far")
        await robot.press("l")
        await robot.expect("101 lines")
        await robot.press("slash", *"red end", "enter")
        await robot.expect("1 of 1 line with red end")
        await robot.press("escape", *["right"] * 8)
        await robot.expect("x far")


async def test_a_long_text_is_left_only_after_a_question() -> None:
    async with robot_at(busy_desk()) as robot:
        wizard = await robot.open_wizard()
        wizard.query_one("#prompt", TextArea).text = "Build it all.\nThen test it."
        await robot.press("escape")
        await robot.expect("What is written here is not kept.")
        await robot.press("escape")
        await robot.expect("Build it all.")
        await robot.press("escape", "y")
        await robot.expect_gone("new workstream")
        await robot.press("s")
        await robot.expect("send to")
        await robot.press(*"short", "escape")
        await robot.expect_gone("send to")
        await robot.press("s", *"one", "enter", *"two", "escape")
        await robot.expect("What is written here is not kept.")
        await robot.press("y")
        await robot.expect_gone("send to")


@pytest.mark.parametrize("tmux", ["", "/tmp/tmux/default,1,0"], ids=["bare", "in tmux"])
async def test_what_is_copied_reaches_the_terminals_clipboard(monkeypatch: pytest.MonkeyPatch, tmux: str) -> None:
    monkeypatch.setenv("TMUX", tmux)
    written: list[str] = []
    monkeypatch.setattr(foreground, "_write", lambda app, sequence: written.append(sequence))
    async with robot_at(busy_desk()) as robot:
        robot.app.copy_to_clipboard("döner")
        copied = f"\x1b]52;c;{base64.b64encode('döner'.encode()).decode()}\x07"
        through = "\x1bPtmux;" + copied.replace("\x1b", "\x1b\x1b") + "\x1b\\"
        assert [one for one in written if "]52;" in one] == [through if tmux else copied]
        assert robot.app.clipboard == "döner"
