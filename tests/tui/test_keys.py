"""Keys on their way to a pane."""

from __future__ import annotations

import pytest

from autod_tui.tui.widgets.keys import as_typed


@pytest.mark.parametrize(
    ("key", "character", "typed"),
    [
        ("a", "a", (b"a", "")),
        ("é", "é", ("é".encode(), "")),
        ("semicolon", ";", (b";", "")),
        ("enter", "\r", (b"\r", "")),
        ("shift+enter", None, (b"\x1b[13;2u", "")),
        ("ctrl+c", "\x03", (b"\x03", "")),
        ("ctrl+j", "\n", (b"\n", "")),
        ("alt+b", None, (b"\x1bb", "")),
        ("up", None, (b"", "Up")),
        ("ctrl+left", None, (b"", "C-Left")),
        ("shift+up", None, (b"", "S-Up")),
        ("shift+tab", None, (b"", "BTab")),
        ("f5", None, (b"", "F5")),
        ("pageup", None, (b"", "PPage")),
        ("backspace", "\x7f", (b"\x7f", "")),
        ("ctrl+shift+super+x", None, (b"\x18", "")),
        ("unknown_key", None, (b"", "")),
    ],
)
def test_keys(key: str, character: str | None, typed: tuple[bytes, str]) -> None:
    assert as_typed(key, character) == typed
