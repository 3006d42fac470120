"""The spool of one agent session: a file for each event that its hooks told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from autod_tui.agents.told import conversation_of, hook_reading, read_payload
from autod_tui.core.agent_ports import Followed, Sign

PAYLOAD_LIMIT = 1 << 20
"""Bytes of a payload; a longer one is dropped unread."""
_NAME = re.compile(r"(\d{1,20})-(\d{1,9})\.json")


def take_signs(directory: Path, agent: Followed) -> Iterator[Sign]:
    """Read and remove the payloads of `agent` in order of their time; those that make no sense are only removed."""
    for at, path in _payloads(directory):
        sign = _sign(path, agent, at)
        path.unlink(missing_ok=True)
        if sign is not None:
            yield sign


def _payloads(directory: Path) -> list[tuple[float, Path]]:
    """Return the files that hooks have finished, with their Unix time, oldest first."""
    try:
        names = [(match, path) for path in directory.iterdir() if (match := _NAME.fullmatch(path.name))]
    except OSError:
        return []
    ordered = sorted(names, key=lambda found: (int(found[0][1]), int(found[0][2])))
    return [(int(match[1]) / 1e9, path) for match, path in ordered]


def _sign(path: Path, agent: Followed, at: float) -> Sign | None:
    try:
        if path.is_symlink() or path.stat().st_size > PAYLOAD_LIMIT:
            return None
        told = read_payload(path.read_bytes())
    except OSError:
        return None
    if told is None:
        return None
    return Sign(
        session=agent.session,
        reading=hook_reading(agent.profile, told),
        at=told.at or at,
        conversation=conversation_of(told),
    )
