"""Spending: what agents tell of their usage becomes sums in the journal, and a word when a limit is reached."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from autod_tui.core.agent_events import UsageMeasured
from autod_tui.core.agent_ports import Followed, Sign
from autod_tui.core.events import Event, Noted
from autod_tui.core.limits import limit_reason, limits_of
from autod_tui.core.run_events import SessionMeasured
from autod_tui.core.usage import Usage, never_less, usage_of
from autod_tui.engine.followed import followed_session, followed_workstream
from autod_tui.engine.house import House

EVERY = 1.0
"""Seconds between two sums of one conversation in the journal; the last one is never left out."""


class _Account(NamedTuple):
    """Whose usage it is."""

    name: str
    """Workstream; empty for a session of a run."""
    conversation: str
    run: str = ""
    session: str = ""


class Spending:
    """Writes sums down as they come."""

    def __init__(self, house: House) -> None:
        """Keep the accounts of `house`."""
        self._house = house
        self._waiting: dict[_Account, Usage] = {}
        self._timers: dict[_Account, asyncio.TimerHandle] = {}
        self._runs: dict[str, tuple[str, str]] = {}
        """AUTOD_SESSION to a run and its session."""

    def take(self, sign: Sign) -> None:
        """Take what a conversation has used by now; it is written at once, or at the end of the second."""
        if not sign.models:
            return
        account = self._account(sign)
        if account is None:
            return
        known = self._waiting.get(account) or self._known(account)
        models = never_less(sign.models, known.models if known else {})
        usage = usage_of(models, self._house.plan.prices, sign.reported_usd)
        self._waiting[account] = usage
        if account not in self._timers:
            self._write(account)
            self._timers[account] = asyncio.get_running_loop().call_later(EVERY, self._second_over, account)

    async def end(self, session: str) -> None:
        """Read the records of a session that has ended once more, and write at once what they say."""
        sign = await self._house.signs.settle(session, self._agent(session))
        if sign is not None:
            self.take(sign)
        self.write_all()

    def write_all(self) -> None:
        """Write what waits for the end of its second."""
        for account in tuple(self._waiting):
            self._write(account)

    def close(self) -> None:
        """Write what is known and wait for nothing more."""
        self.write_all()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _second_over(self, account: _Account) -> None:
        del self._timers[account]
        if account in self._waiting:
            self._write(account)
            self._timers[account] = asyncio.get_running_loop().call_later(EVERY, self._second_over, account)

    def _write(self, account: _Account) -> None:
        usage = self._waiting.pop(account)
        if usage == self._known(account):
            return
        over_before = self._over(account)
        warnings = self._unpriced(account, usage)
        self._house.stream.emit(_measured(account, usage), *warnings)
        for reason in self._over(account):
            if reason.partition(" has ")[0] not in {one.partition(" has ")[0] for one in over_before}:
                name, text = account.name or account.run, f"nothing new starts: {reason}"
                self._house.stream.emit(Noted(level="warning", text=text, name=name))

    def _known(self, account: _Account) -> Usage | None:
        state = self._house.state
        if account.name:
            return state.workstream(account.name).spent.get(account.conversation)
        run = state.runs.get(account.run)
        return run.sessions[account.session].usage if run and account.session in run.sessions else None

    def _over(self, account: _Account) -> list[str]:
        """Return which limits that this usage counts for are reached."""
        plan, state = self._house.plan, self._house.state
        own = limit_reason(plan, state, account.name) if account.name else ""
        return [reason for reason in (own, limit_reason(plan, state)) if reason]

    def _unpriced(self, account: _Account, usage: Usage) -> list[Event]:
        """Say once for each model that a limit in US dollars can't be kept."""
        plan, state = self._house.plan, self._house.state
        names = [
            name for name in dict.fromkeys((account.name, "")) if limits_of(plan, state, name).cost_usd is not None
        ]
        if not names or usage.cost_usd is not None:
            return []
        known = self._known(account)
        seen = set(known.models) if known else set()
        new = [model for model in usage.models if model not in seen and plan.prices.of(model) is None]
        text = "the price of {model!r} is not known, so max_cost_usd can't be kept: [prices] in autod.toml tells it"
        return [
            Noted(level="warning", text=text.format(model=model), name=account.name or account.run) for model in new
        ]

    def _agent(self, session: str) -> Followed | None:
        """Return what is known of an agent that keeps records, living or not."""
        agent = self._find_agent(session)
        return agent if agent and agent.profile.records and agent.started_at else None

    def _find_agent(self, session: str) -> Followed | None:
        for record in self._house.state.workstreams.values():
            if record.session == session and session:
                return followed_workstream(self._house, record, record.counted_from.get(record.conversation, 0.0))
        run, name = self._runs.get(session) or self._find(session) or ("", "")
        return followed_session(self._house, self._house.state.runs[run].sessions[name]) if run else None

    def _account(self, sign: Sign) -> _Account | None:
        for record in self._house.state.workstreams.values():
            if record.session == sign.session and sign.session:
                return _Account(record.name, sign.conversation or sign.session)
        found = self._runs.get(sign.session) or self._find(sign.session)
        return _Account("", sign.conversation, *found) if found else None

    def _find(self, marker: str) -> tuple[str, str] | None:
        for run in list(self._house.state.runs.values())[::-1]:
            for session in list(run.sessions.values())[::-1]:
                if session.marker == marker and marker:
                    self._runs[marker] = (run.id, session.id)
                    return self._runs[marker]
        return None


def _measured(account: _Account, usage: Usage) -> Event:
    if account.name:
        return UsageMeasured(name=account.name, conversation=account.conversation, usage=usage)
    return SessionMeasured(run=account.run, session=account.session, usage=usage)
