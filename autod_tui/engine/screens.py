"""Looks at screens: what agents that say nothing better show, and the retries that no agent tells otherwise."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable

import msgspec

from autod_tui.core.claims import Screen
from autod_tui.core.errors import AutodError
from autod_tui.core.pane_ports import Screen as Shown
from autod_tui.core.plan import AgentProfile
from autod_tui.core.retries import Glance, glance
from autod_tui.core.workstream import Reading, Source, WorkstreamRecord, WorkstreamState
from autod_tui.core.writing import plain_rows, uncoloured
from autod_tui.engine.asked import asks, still_written
from autod_tui.engine.house import House
from autod_tui.engine.minds import Minds
from autod_tui.engine.resting import Resting
from autod_tui.engine.strangers import Strangers

QUIET_AFTER = 0.45
"""Seconds without output after which one of many screens is looked at, a few sooner: longer than a pane that prints."""
QUIET_SOON = 0.25
AGREE_LOOKS = 0.2
"""Seconds between two looks that have to agree."""
AT_LATEST = 0.5
"""Seconds of output without a pause after which it is looked at all the same."""
RETRY_LOOKS = 0.15
"""Seconds between the looks that show whether a retry's countdown is alive."""
RETRY_PATIENCE = 9
"""Looks in which a line has to change that is alive."""
FIRST_LOOK = 0.2
"""Seconds of work after which a screen is looked at for what a retry would stand out from."""
LIMIT_EVERY = 0.25
"""Seconds between looks for a retry while an agent works and prints."""
UP = 0.5
"""Seconds before its end from which on a retry counts as under way."""
SHARE = 0.04
"""Seconds for each living agent between two looks at one of them: many take turns."""
AGREE_AFTER = 0.1
"""Seconds between the two looks of somebody who only passes by."""


class Screens:
    """Looks at a screen once it is quiet, only as far as `Minds` needs it; two looks have to agree."""

    def __init__(self, house: House, minds: Minds) -> None:
        """Tell `minds` what the screens of its agents show."""
        self._house = house
        self._minds = minds
        self._timers: dict[str, tuple[asyncio.TimerHandle, float]] = {}
        """Workstream to its next look, and when that is put off no more."""
        self._suspects: dict[str, tuple[WorkstreamState | None, str]] = {}
        self._glances: dict[str, Glance] = {}
        """Workstream to the last look for a retry."""
        self._needs: dict[str, Screen] = {}
        self._resting = Resting(house, minds, self._put_off)
        self._answers: dict[str, list[str]] = {}
        """Rate-limited workstream to what its screen showed of answers when it was first looked at since."""
        self.strangers = Strangers(house)
        """What is known of agents that nobody knows."""
        self._waits: dict[str, Reading] = {}
        """Workstream to the rate limit that its screen shows, as it was when it was seen first."""
        self._looks: set[asyncio.Task[None]] = set()

    def printed(self, record: WorkstreamRecord) -> None:
        """Take that an agent has printed something."""
        need = self._minds.needs_screen(record)
        if need in (Screen.STATE, Screen.FAILURE):
            self._put_off(record.name, min(QUIET_AFTER, max(QUIET_SOON, self._share() / 4)))
        elif need is Screen.LIMIT and record.name not in self._timers and self._patterns(record, need):
            self._put_off(record.name, max(LIMIT_EVERY, self._share()))

    def weighed(self, name: str) -> None:
        """Look at once where a screen is needed that was not before; a look that nobody needs is not taken."""
        need = self._minds.needs_screen(self._minds.record(name))
        before = self._needs.get(name)
        self._needs[name] = need
        if need is Screen.NOTHING:
            self.forget(name)
        elif before is not need or self._must_see_question(name):
            self._begin(name, need)

    def _begin(self, name: str, need: Screen) -> None:
        """Look for what is needed from now on: for a failure, or at what a retry would stand out from."""
        if need is Screen.FAILURE:
            self._suspects.pop(name, None)  # what an earlier turn has left there
            self._put_off(name, 0.0)
        elif need is Screen.LIMIT and name not in self._timers:
            self._put_off(name, max(FIRST_LOOK, self._share()))

    def _must_see_question(self, name: str) -> bool:
        return not self._resting.asks(name) and self._minds.record(name).state is WorkstreamState.WAITING

    def missed(self, name: str, delay: float = 0.0) -> None:
        """Look at a screen because what was told before may have been missed."""
        self._put_off(name, delay)

    async def survey(self, names: Iterable[str]) -> None:
        """Look at these screens once: twice where a pattern matches, for two looks have to agree."""
        await asyncio.gather(*map(self.read, names))
        retries = (name for name, seen in self._glances.items() if seen.line)
        if suspects := {*self._suspects, *self._resting.suspects, *retries}:
            await asyncio.sleep(AGREE_AFTER)
            await asyncio.gather(*map(self.read, suspects))
        self.close()

    def forget(self, name: str) -> None:
        """Drop the look that is due and what was suspected."""
        if due := self._timers.pop(name, None):
            due[0].cancel()
        self._suspects.pop(name, None)
        self._glances.pop(name, None)
        self._resting.forget(name)
        self._answers.pop(name, None)
        self._waits.pop(name, None)

    def close(self) -> None:
        """Look no more."""
        for name in tuple(self._timers):
            self._timers.pop(name)[0].cancel()
        for look in tuple(self._looks):
            look.cancel()

    async def read(self, name: str) -> None:
        """Look at a screen and tell what it shows."""
        record = self._minds.record(name)
        need = self._minds.needs_screen(record)
        profile = self._patterns(record, need)
        if profile is None or not record.pane:
            return
        try:
            screen = await self._house.panes.capture(record.pane)
        except AutodError:
            return
        now = self._minds.record(name)
        if (now.session, now.state) != (record.session, record.state) or self._minds.needs_screen(now) is not need:
            return  # it ended, or told its state itself, while the screen was read
        reading = self._house.agents.read_screen(profile, screen.lines)
        if need is Screen.LIMIT:
            self._retrying(now, reading if profile.rate_limited else None, screen.lines)
            self._answering(self._minds.record(name), screen.lines)
            self._resting.read(self._minds.record(name), screen.lines)
        else:
            asked = asks(self._house.agents, profile, screen.lines) if need is Screen.STATE else None
            reading = reading or asked or still_written(self._house.agents, profile, now, screen)
            if reading is None and profile.strange:
                self._strange(now, screen)
            else:
                self._showing(now, reading)

    def _strange(self, record: WorkstreamRecord, screen: Shown) -> None:
        """Read a screen of which nothing is known by how it changes, which takes several looks already."""
        reading, again = self.strangers.read(record, screen)
        self._suspects.pop(record.name, None)
        if reading is not None:
            self._minds.hear(record, reading)
        else:
            self._showing(record, None)
        if again:
            self._suspects[record.name] = (None, "")  # more output doesn't put this look off
            self._put_off(record.name, again)

    def _showing(self, record: WorkstreamRecord, reading: Reading | None) -> None:
        name = record.name
        if reading is None:
            self._suspects.pop(name, None)
            self._minds.unhear(record, Source.SCREEN)
            if self._minds.record(name).source is Source.SCREEN:  # what it showed has gone while nobody looked
                self._minds.hear(record, Reading(WorkstreamState.WORKING, "", Source.OUTPUT))
            return
        reading = self._ending(name, reading)
        changing = reading.state is WorkstreamState.RATE_LIMITED  # by its countdown
        suspect = (reading.state, "" if changing else reading.reason)
        if self._suspects.get(name) == suspect:
            self._minds.hear(record, reading)
            return
        self._suspects[name] = suspect
        self._put_off(name, AGREE_LOOKS)

    def _ending(self, name: str, reading: Reading) -> Reading:
        """Let a rate limit end when it said that it would: a line that doesn't count stays on the screen."""
        if reading.state is not WorkstreamState.RATE_LIMITED:
            self._waits.pop(name, None)
            return reading
        known = self._waits.get(name, reading)
        self._waits[name] = known = known if known.reason == reading.reason else reading
        over = 0 < known.until <= self._house.stream.clock()
        return Reading(WorkstreamState.WORKING, "", Source.SCREEN) if over else known

    def _retrying(self, record: WorkstreamRecord, reading: Reading | None, lines: tuple[str, ...]) -> None:
        """Take a retry whose line lives; one whose time is up is work again."""
        name = record.name
        if reading is not None and 0 < reading.until < self._house.stream.clock() + UP:
            reading = None
        rows = plain_rows(lines)
        before = self._glances.get(name, Glance())
        said = reading.reason if reading else ""
        seen, lives = glance(before, rows, said, own=self._own(record, rows, said))
        self._glances[name] = seen
        known = record.state is WorkstreamState.RATE_LIMITED
        if reading is None or not seen.line:
            if known or before.line:
                self._minds.unhear(record, Source.SCREEN)
            return
        if lives:
            self._minds.hear(record, reading)
        if seen.looks < RETRY_PATIENCE:
            self._put_off(name, max(LIMIT_EVERY if lives or known else RETRY_LOOKS, self._share()))

    def _own(self, record: WorkstreamRecord, rows: tuple[str, ...], said: str) -> bool:
        """Tell whether a line stands where only the agent itself draws."""
        profile = self._house.plan.agents.get(record.agent)
        if not said or profile is None or not profile.retrying:
            return False
        return any(said in row and re.search(profile.retrying, row) for row in rows)

    def _answering(self, record: WorkstreamRecord, lines: tuple[str, ...]) -> None:
        """Take that a limit is over because an answer comes in: what is counted of it is another figure than before."""
        profile = self._house.plan.agents.get(record.agent)
        if profile is None or not profile.answering or record.state is not WorkstreamState.RATE_LIMITED:
            self._answers.pop(record.name, None)
            return
        found = [shown[0] for line in lines if (shown := re.search(profile.answering, uncoloured(line)))]
        before = self._answers.setdefault(record.name, found)
        if len(found) < len(before):  # rows went up and away
            self._answers[record.name] = found
        if found and (len(found) > len(before) or found[-1] not in before):
            self._minds.unhear(record, Source.SCREEN)  # so that it counts from now on, not from an earlier limit
            self._minds.hear(record, Reading(WorkstreamState.WORKING, "", Source.SCREEN, vague=True))

    def _patterns(self, record: WorkstreamRecord, need: Screen) -> AgentProfile | None:
        """Return the agent's profile with those of its screen patterns that count; None when none does."""
        profile = self._house.plan.agents.get(record.agent)
        if profile is None or need is Screen.NOTHING or need is Screen.STATE:
            return profile if need is Screen.STATE else None
        failed, limited = (profile.failed, "") if need is Screen.FAILURE else ("", profile.rate_limited)
        wanted = msgspec.structs.replace(profile, waiting="", working="", done="", failed=failed, rate_limited=limited)
        rests = need is Screen.LIMIT and profile.working and not self._minds.corrects_itself(record)
        return wanted if failed or limited or rests else None

    def _put_off(self, name: str, delay: float) -> None:
        loop = asyncio.get_running_loop()
        handle, latest = self._timers.get(name, (None, loop.time() + max(AT_LATEST, delay, self._share())))
        if handle is not None:
            handle.cancel()
        at = min(loop.time() + delay, latest)
        if handle is not None and name in self._suspects:
            at = min(at, handle.when())  # the look that has to agree is not put off
        self._timers[name] = (loop.call_at(at, self._look, name), latest)

    def _share(self) -> float:
        return SHARE * len(self._house.state.workstreams)

    def _look(self, name: str) -> None:
        self._timers.pop(name, None)
        task = asyncio.get_running_loop().create_task(self.read(name))
        self._looks.add(task)
        task.add_done_callback(self._looks.discard)
