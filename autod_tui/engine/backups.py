"""Backups: whatever autod moves or removes is kept under refs/autod/ first, and told to the journal."""

from __future__ import annotations

from autod_tui.core import events as ev
from autod_tui.core.git_ports import Backup
from autod_tui.engine.house import House


async def keep(house: House, label: str, oid: str, what: str, restores: str) -> Backup:
    """Keep `oid`; `restores` says what an undo brings back (`ref:FULL_REF` or `worktree:NAME`)."""
    backup = await house.git.backup(label, oid, what, restores)
    house.stream.emit(ev.BackupMade(ref=backup.ref, oid=backup.oid, what=what, restores=restores))
    return backup


async def keep_ref(house: House, label: str, ref: str, oid: str, why: str) -> Backup:
    """Keep where a ref stands before it moves."""
    return await keep(house, label, oid, f"{ref} before {why}", f"ref:{ref}")
