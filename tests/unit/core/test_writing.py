"""What a person has begun to write is cut off a screen; what an agent prints is not."""

from __future__ import annotations

import pytest

from autod_tui.core.pane_ports import Screen
from autod_tui.core.writing import unwritten

QUESTION = "Create new file? (Y)es/(N)o [Yes]:"


@pytest.mark.parametrize(
    ("lines", "cursor", "left"),
    [
        (("Tokens: 5", "\x1b[38;5;2m> \x1b[0mgo on", "", ""), (7, 1), ("Tokens: 5", "> ")),
        (("x", "diff> go", ""), (8, 1), ("x", "diff> ")),
        (("x", "> a long te", "xt that run", "s on", ""), (4, 3), ("x", "> ")),
        (("a.txt", f"{QUESTION} y", ""), (len(QUESTION) + 2, 1), ("a.txt", f"{QUESTION} ")),
        (("x", "> ", ""), (2, 1), ("x", "> ")),
        (("x", "> go on", "", ""), (0, 2), None),
        (("x", "> quoted", "more words"), (10, 2), None),
        (("x", "> go on"), None, None),
        (("x",), (0, 5), None),
    ],
)
def test_what_is_written_is_cut_off(
    lines: tuple[str, ...], cursor: tuple[int, int] | None, left: tuple[str, ...] | None
) -> None:
    assert unwritten(Screen(lines=lines, cursor=cursor, size=(12, 5))) == left
