"""Whether git takes a text as a branch or tag name, without asking git."""

from __future__ import annotations

import re

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]")


def ref_problem(name: str) -> str | None:
    """Say why `name` can't be a branch or tag (the rules of git check-ref-format, and no leading '-'), or None."""
    if not name:
        return "a name is needed"
    if found := _FORBIDDEN.search(name):
        return f"{name!r} holds {found[0]!r}, which git refuses in a branch or tag"
    if name in ("@", "HEAD") or name.startswith(("-", "refs/")):
        return f"{name!r} can't name a branch or tag"
    if ".." in name or "@{" in name or name.endswith("."):
        return f"{name!r} can't be a branch or tag ('..', '@{{' and a final '.' are taken)"
    if any(not part or part.startswith(".") or part.endswith(".lock") for part in name.split("/")):
        return f"{name!r} has a part between slashes that is empty, starts with '.' or ends with '.lock'"
    if len(name.encode()) > 200:
        return f"{name[:20]!r}... is too long for a branch or tag"
    return None
