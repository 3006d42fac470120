"""Ports to the agents: how they are started, what they tell of themselves, what they ask."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from autod_tui.core.plan import AgentProfile
from autod_tui.core.usage import Tokens
from autod_tui.core.workstream import Reading


class Prepared(Struct, frozen=True, kw_only=True):
    """All that starts an agent once."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = {}
    """To be added to the environment: hooks and such."""


class InstalledAgent(Struct, frozen=True, kw_only=True):
    """An agent, and what of it is installed here."""

    profile: AgentProfile
    path: str
    """Empty when its program is not on the PATH."""
    version: str = ""
    """Empty when it is not installed, didn't tell, or is a program of one's own, which is not started for that."""


class AgentsPort(Protocol):
    """How agents are started and what their words mean; nothing here waits but `installed`."""

    def argv(self, profile: AgentProfile, values: Mapping[str, str]) -> tuple[str, ...]:
        """Fill a profile's command; `values`: prompt, prompt_file, model, session_id, worktree, workstream."""
        ...

    def prepare(
        self, profile: AgentProfile, values: Mapping[str, str], *, permission: str = "", conversation: str = ""
    ) -> Prepared:
        """Fill the command, with hooks of this launch and the arguments of a permission mode (empty: the profile's).

        With `conversation` the profile's `resume` command goes on with it. Writes files for this launch only, below
        the directory of the spool; the user's and the repository's settings are never touched. Raises UsageError.
        """
        ...

    async def installed(self, profiles: Sequence[AgentProfile]) -> list[InstalledAgent]:
        """Return where each agent's program is and what version it tells; waits for them, some seconds at most."""
        ...

    def read_screen(self, profile: AgentProfile, lines: tuple[str, ...]) -> Reading | None:
        """Read a state from a screen by the profile's patterns, or None."""
        ...

    def read_osc(self, text: str) -> Reading | None:
        """Read `NUMBER;text` of an operating system command, or None; a state of None only calls for attention."""
        ...

    def read_title(self, profile: AgentProfile, title: str) -> Reading | None:
        """Read a state from a terminal's title by the profile's patterns, or None."""
        ...

    def read_strange_title(self, before: str, title: str) -> Reading | None:
        """Read a title of an agent without a profile, after another one; None when it says nothing."""
        ...

    def read_notice(self, text: str) -> Reading | None:
        """Read a notification, a progress bar (its source is `title`) or the bell (empty) of such an agent, or None."""
        ...

    def read_last_words(self, rows: Sequence[str], now: float) -> Reading | None:
        """Read a failure that was told last on a screen at rest (plain rows) of such an agent, or None."""
        ...

    def read_retry(self, rows: Sequence[str], now: float) -> Reading | None:
        """Read a row that tells when such an agent tries again, or None; whether it lives its changes tell."""
        ...

    def read_log(self, profile: AgentProfile, text: str, now: float, *, ended: bool) -> Reading | None:
        """Read a rate limit from the end of what a headless agent printed, or None; `now` is Unix time.

        Plain words tell one only once the agent has `ended`; a stream of JSON tells it at any time.
        """
        ...

    def read_question(self, profile: AgentProfile, lines: tuple[str, ...]) -> Question | None:
        """Read what an agent asks from its screen, or None when no question stands there."""
        ...

    def last_words(self, lines: tuple[str, ...], count: int) -> tuple[str, ...]:
        """Return the last `count` rows of a screen that hold anything, as plain text."""
        ...


class Followed(Struct, frozen=True, kw_only=True):
    """An agent whose own records are followed."""

    session: str
    """AUTOD_SESSION of its processes."""
    profile: AgentProfile
    worktree: str
    pid: int
    started_at: float
    conversation: str = ""
    """Its own id of the conversation where it is known."""
    env: Mapping[str, str] = {}
    """The environment it was started with: where its home and its records are."""
    output: str = ""
    """File that holds all it prints, of a headless one; empty: none."""
    counted_from: Mapping[str, float] = {}
    """Conversation to the Unix time from which on its usage counts; `started_at` for those not in it."""


class Sign(Struct, frozen=True, kw_only=True):
    """Something that an agent told by its hooks, its status file or its records."""

    session: str
    reading: Reading | None = None
    at: float = 0.0
    """Unix time at which it was told; 0: just now."""
    conversation: str = ""
    """Empty when nothing new is known of it."""
    models: Mapping[str, Tokens] | None = None
    """All that the conversation has used by now; None when nothing new is known."""
    reported_usd: float | None = None
    """The agent's own word on the cost of it all."""
    former: bool = False
    """It is of a conversation that the agent has left: what that has used is all there is to it."""


class SignsPort(Protocol):
    """What agents tell of themselves outside their terminal."""

    def signs(self) -> AsyncIterator[Sign]:
        """Yield signs as they come, until closed; those of followed agents only."""
        ...

    async def follow(self, agents: Sequence[Followed]) -> None:
        """Set who is followed; what a new one has told already is told first."""
        ...

    async def read(self, agents: Sequence[Followed]) -> list[Sign]:
        """Return what these have told by now, to somebody who follows none; what hooks told is told only once."""
        ...

    async def settle(self, session: str, agent: Followed | None = None) -> Sign | None:
        """Read the records of a session that has ended once more; None when they tell nothing new.

        `agent` tells of one that ended while nobody followed it.
        """
        ...

    def forget(self, session: str) -> None:
        """Remove what the hooks of a session that is over have left."""
        ...


class Choice(Struct, frozen=True, kw_only=True):
    """One answer that an agent offers."""

    key: str
    """What a person types for it: `1`, `y` ..."""
    label: str
    """The agent's words."""
    selected: bool = False
    """True where the agent's own cursor stands."""
    typed: tuple[str, ...] = ()
    """Keys that give it, by their tmux names (`1`, `Down`, `Enter`), one after the other."""


class Question(Struct, frozen=True, kw_only=True):
    """What an agent asks, as its screen shows it."""

    text: str
    choices: tuple[Choice, ...] = ()
    """Empty when only a free text will do."""
    free_text: bool = False
    """True when it takes words, whether or not it offers choices."""
    into_text: tuple[str, ...] = ()
    """Keys that lead to where the words are typed; empty when the cursor stands there."""
    deaf: float = 0.0
    """Seconds after it has appeared in which its agent takes no key."""

    @property
    def digest(self) -> str:
        """The same for the same question and choices, wherever the agent's cursor stands and its lines break; short."""
        import hashlib  # brings OpenSSL along, which the dashboard's first frame needn't wait for

        words = "\0".join([self.text, *(f"{choice.key} {choice.label}" for choice in self.choices)])
        return hashlib.sha256("".join(words.split()).encode("utf-8", "replace")).hexdigest()[:16]

    def choice(self, word: str) -> Choice | None:
        """Return the choice that `word` means: its key, its label, or the start of one label only; else None."""
        wanted = word.strip().casefold()
        by_key = [one for one in self.choices if one.key.casefold() == wanted]
        exact = [one for one in self.choices if one.label.casefold() == wanted]
        start = [one for one in self.choices if wanted and one.label.casefold().startswith(wanted)]
        found = by_key or exact or start
        return found[0] if len(found) == 1 else None
