"""Textual keys as tmux takes them: bytes for text, names for keys that tmux translates by the program's mode."""

from __future__ import annotations

_NAMED = {
    "up": "Up", "down": "Down", "left": "Left", "right": "Right", "home": "Home", "end": "End",
    "pageup": "PPage", "pagedown": "NPage", "insert": "IC", "delete": "DC",
    "shift+tab": "BTab",
    **{f"f{number}": f"F{number}" for number in range(1, 13)},
}  # fmt: skip
_MODIFIED = {"up", "down", "left", "right", "home", "end", "pageup", "pagedown"}
_PREFIX = {"ctrl": "C-", "shift": "S-", "alt": "M-"}
_BYTES = {
    "enter": b"\r", "tab": b"\t", "escape": b"\x1b", "backspace": b"\x7f", "space": b" ",
    "ctrl+at": b"\x00", "ctrl+space": b"\x00", "ctrl+backslash": b"\x1c", "ctrl+circumflex_accent": b"\x1e",
    "ctrl+underscore": b"\x1f", "ctrl+backspace": b"\x08", "ctrl+left_square_bracket": b"\x1b",
    "shift+enter": b"\x1b[13;2u", "ctrl+enter": b"\x1b[13;5u", "alt+enter": b"\x1b\r", "ctrl+h": b"\x08",
    "shift+space": b" ", "alt+backspace": b"\x1b\x7f",
}  # fmt: skip


def as_typed(key: str, character: str | None) -> tuple[bytes, str]:
    """Return (bytes, tmux key name) for a key press; one of the two is empty, both when it can't be typed."""
    if key in _NAMED:
        return b"", _NAMED[key]
    if key in _BYTES:
        return _BYTES[key], ""
    *modifiers, base = key.split("+")
    if base in _MODIFIED and modifiers and all(modifier in _PREFIX for modifier in modifiers):
        return b"", "".join(_PREFIX[modifier] for modifier in modifiers) + _NAMED[base]
    return _text_bytes(modifiers, base, character), ""


def _text_bytes(modifiers: list[str], base: str, character: str | None) -> bytes:
    if "ctrl" in modifiers and len(base) == 1 and base.isascii() and base.isalpha():
        code = bytes([ord(base.lower()) & 0x1F])
        return b"\x1b" + code if "alt" in modifiers else code
    if "alt" in modifiers and len(base) == 1:
        return b"\x1b" + base.encode()
    if character and character.isprintable():
        return character.encode()
    return b""
