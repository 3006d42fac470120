"""Reading: a repository's configuration and journal as they are written; nothing is started, taken or changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from autod_tui.agents.prices import load_prices
from autod_tui.agents.profiles import load_profiles
from autod_tui.core.plan import Plan
from autod_tui.core.replay import replay
from autod_tui.core.written import Written
from autod_tui.git.place import find_place
from autod_tui.store.choices import chosen_theme
from autod_tui.store.journal import Journal
from autod_tui.store.lock import ConductorLock
from autod_tui.store.settings import load_plan, user_agents_file, user_prices_file


@contextmanager
def reading(start: Path) -> Iterator[Written]:
    """Read the files and the journal of the repository that `start` stands in; raises SettingsError and UsageError.

    The journal is closed at the end, which may wait for the disk: who is in haste leaves before.
    """
    place = find_place(start)
    plan = read_plan(place.root, place.common_dir)
    recalled = ConductorLock(place.common_dir).holder() is None
    with closing(Journal(place.common_dir)) as journal:
        entries = journal.read()
        yield Written(plan, entries, replay(entries), recalled, chosen_theme(os.environ))


def read_plan(root: Path, common_dir: Path, *, undeclared_ok: bool = False) -> Plan:
    """Read the configuration of a repository; `undeclared_ok` as in `plan_problems`. Raises SettingsError."""
    return load_plan(
        root,
        profiles=load_profiles(),
        target=current_branch(common_dir),
        undeclared_ok=undeclared_ok,
        user_agents=user_agents_file(os.environ),
        prices=load_prices(),
        user_prices=user_prices_file(os.environ),
    )


def current_branch(common_dir: Path) -> str:
    """Return the branch of the main worktree, read from its HEAD file; empty when detached."""
    head = (common_dir / "HEAD").read_text(encoding="utf-8", errors="surrogateescape").strip()
    return head.removeprefix("ref: refs/heads/") if head.startswith("ref: refs/heads/") else ""
