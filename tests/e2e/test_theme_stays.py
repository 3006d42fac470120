"""A theme chosen in one start is there in the next one, and the repository knows nothing of it."""

from __future__ import annotations

import pytest

from tests.support.e2e_world import World
from tests.support.terminals import wait_until

pytestmark = pytest.mark.e2e

NORD = "48;2;46;52;64"
"""The background of the theme `nord` as a terminal is told it."""


def test_a_chosen_theme_stays(stand: World) -> None:
    stand.env["COLORTERM"] = "truecolor"
    with stand.terminal() as first:
        first.wait_for("workstreams")
        assert NORD not in first.tmux("capture-pane", "-pe")
        first.press("C-p")
        first.wait_for("Search")
        first.type("theme")
        first.wait_for("Choose the colours")
        first.press("Enter")
        first.wait_for("nord")
        first.type("nord")
        wait_until(lambda: "gruvbox" not in first.screen(), "the search for nord")
        first.press("Enter")
        wait_until(lambda: NORD in first.tmux("capture-pane", "-pe"), "the colours of nord")
        wait_until(lambda: list(stand.directory.rglob("autod/theme")), "the kept theme")
        first.press("q")
        wait_until(first.ended, "the end of autod")
    with stand.terminal() as again:
        wait_until(lambda: NORD in again.tmux("capture-pane", "-pe"), "the colours of nord, in the next start")
    assert stand.git("status", "--porcelain") == ""
