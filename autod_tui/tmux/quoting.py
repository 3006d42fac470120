"""Text on its way into tmux: arguments of command lines, and titles that people chose."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

# A word that begins with % is a condition (%if) to tmux's parser, and only a bare pane id is let through.
_PLAIN = re.compile(r"(?:%[0-9]+|[A-Za-z0-9_@=:.,/+-]+)\Z", re.ASCII)
_SPECIAL = re.compile(rb'[\x00-\x1f\x7f"\\$]')
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def quote(argument: str) -> bytes:
    """Return one argument as tmux's command parser reads it back, bytes and line breaks included."""
    if _PLAIN.match(argument):
        return argument.encode()
    escaped = _SPECIAL.sub(lambda found: b"\\%03o" % found[0][0], os.fsencode(argument))
    return b'"' + escaped + b'"'


def command_line(*commands: Sequence[str]) -> bytes:
    """Join commands (name and arguments each) to one line that tmux runs without a break in between."""
    return b" ; ".join(b" ".join(quote(word) for word in command) for command in commands) + b"\n"


def one_line(text: str) -> str:
    """Return `text` without control characters, for a title."""
    return _CONTROL.sub(" ", text).strip()


def argument(text: str) -> str:
    """Return an argument for tmux's own command line, where a final `;` would end the command."""
    return f"{text[:-1]}\\;" if text.endswith(";") else text


def shell_path(path: str) -> str:
    """Return a shell word for `path` that tmux expands nothing in: neither formats (`#`) nor dates (`%`)."""
    data = os.fsencode(path)
    if re.fullmatch(rb"[A-Za-z0-9_@=:.,/+-]+", data):
        return path
    octal = "".join(chr(byte) if chr(byte).isalnum() and byte < 128 else f"\\{byte:03o}" for byte in data)
    return f"\"$(printf '{octal}')\""
