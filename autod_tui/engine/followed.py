"""What has to be known of an agent, of a workstream or of a run's session, to read what it tells and has used."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from autod_tui.core.agent_ports import Followed
from autod_tui.core.run import SessionRecord
from autod_tui.core.workstream import WorkstreamRecord
from autod_tui.engine.house import House


def followed_workstream(house: House, record: WorkstreamRecord, started_at: float) -> Followed | None:
    """Return the agent of a workstream, alive since `started_at`; None when its programs tell nothing in files."""
    agent = _followed(house, record.session, record.agent, record.worktree, record.pid, started_at)
    if agent is None:
        return None
    return msgspec.structs.replace(agent, conversation=record.conversation, counted_from=record.counted_from)


def followed_session(house: House, session: SessionRecord) -> Followed | None:
    """Return the agent of a session of a run; None when its programs tell nothing in files."""
    agent = _followed(house, session.marker, session.agent, session.worktree, session.pid, session.started_at)
    return msgspec.structs.replace(agent, output=session.log) if agent is not None else None


def _followed(house: House, session: str, name: str, worktree: str, pid: int, started_at: float) -> Followed | None:
    profile = house.plan.agents.get(name)
    if profile is None or not (profile.hook_states or profile.status_file or profile.records):
        return None
    env: Mapping[str, str] = {**house.base_env(), **profile.env}
    return Followed(session=session, profile=profile, worktree=worktree, pid=pid, started_at=started_at, env=env)
