"""What a session's snapshot tells that none of its files tells any more, whatever the format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from msgspec import Struct

from autod_tui.agents.records.sums import Sums, whole
from autod_tui.core.usage import Tokens


class Snapshot(Struct, frozen=True, kw_only=True):
    """A session's own sum up to a place in its files."""

    model: str
    total: Tokens
    """What was written to a cache is not told apart in it."""
    place: int


class Counted:
    """What one file of a session has told of usage, place by place, and how to read the session's last snapshot."""

    def __init__(self, session: str, snapshot: Callable[[], Snapshot | None]) -> None:
        """Files with the same `session` share its snapshot; `snapshot` returns None where none counts."""
        self.session = session
        self.snapshot = snapshot
        self._told: list[tuple[int, Tokens]] = []

    def add(self, place: int, used: Tokens) -> None:
        """Take what was counted at a place."""
        self._told.append((place, used))

    def until(self, place: int) -> Tokens:
        """Return what was counted up to a place."""
        return sum((used for at, used in self._told if at <= place), Tokens())


def missed(files: Iterable[Sums]) -> Iterator[Sums]:
    """Yield for each session among `files` what its last snapshot tells besides what they have counted."""
    counting = [counted for sums in files if (counted := sums.counted) is not None]
    for _, group in groupby(sorted(counting, key=_session), _session):
        own = list(group)
        if (told := own[0].snapshot()) is not None:
            yield _further(told, sum((one.until(told.place) for one in own), Tokens()))


def _session(counted: Counted) -> str:
    return counted.session


def _further(told: Snapshot, seen: Tokens) -> Sums:
    sums, total = Sums(), told.total
    rest = Tokens(
        input=whole(total.input, seen.input, seen.written),
        output=whole(total.output, seen.output),
        cached=whole(total.cached, seen.cached),
    )
    if rest.total:
        sums.count("", told.model, rest, None)
    return sums
