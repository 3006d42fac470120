"""What a merge settled without asking anybody: told as events, and in the merge's answer."""

from __future__ import annotations

import msgspec

from autod_tui.core import events as ev
from autod_tui.core.checkpoint import MergePlan, MergeStep, Settled, Transaction
from autod_tui.core.requests import Answer
from autod_tui.engine.house import House


class SettledList:
    """Listens to the replay of one transaction; what a person settled in it is not news."""

    def __init__(self, house: House, transaction: Transaction) -> None:
        """Tell the stream of `house`."""
        self._house = house
        self._transaction = transaction
        record = house.state.checkpoint(transaction.plan.checkpoint).transaction
        self._by_hand = frozenset(record.by_hand) if record is not None else frozenset()
        self._by_rerere: set[tuple[str, str]] = set()
        self._found: dict[tuple[str, str], str] = {}

    @property
    def plan(self) -> MergePlan:
        """The plan that is replayed."""
        return self._transaction.plan

    @property
    def rehearsal(self) -> bool:
        """True when nothing will move."""
        return self._transaction.rehearsal

    def by_rerere(self, step: MergeStep, path: str) -> None:
        """Note that git's rerere knew the resolution of `path`."""
        self._by_rerere.add((step.workstream, path))

    def told(self, step: MergeStep, oid: str, how: dict[str, str]) -> None:
        """Tell that a step is merged, and how its conflicts were settled."""
        id, name = self._transaction.id, self.plan.checkpoint
        news = {(step.workstream, path): by for path, by in how.items()}
        news = {key: "rerere" if key in self._by_rerere else by for key, by in news.items() if key not in self._by_hand}
        self._found |= news
        settled = [ev.ConflictResolved(id=id, checkpoint=name, path=path, how=by) for (_, path), by in news.items()]
        self._house.stream.emit(*settled, ev.StepMerged(id=id, checkpoint=name, workstream=step.workstream, oid=oid))

    def told_in(self, answer: Answer) -> Answer:
        """Return `answer` with what was settled: in its data always, in its message when there is something."""
        found = [Settled(path=path, workstream=lane, how=by) for (lane, path), by in self._found.items()]
        data = {**answer.data, "settled": msgspec.to_builtins(found)}
        message = "; ".join(
            [answer.message, *(["settled without asking: " + ", ".join(map(str, found))] if found else [])]
        )
        return msgspec.structs.replace(answer, data=data, message=message)
