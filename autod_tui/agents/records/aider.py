"""Aider's history in the worktree: a line of rounded counts after each answer."""

from __future__ import annotations

import re
from datetime import datetime

from autod_tui.agents.records.sums import Sums
from autod_tui.core.usage import Tokens

_CHAT = re.compile(r"# aider chat started at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")
_MODEL = re.compile(r"> (?:Main model|Model): (\S+)")
_COUNT = r"([\d.,]+[kM]?)"
_TOKENS = re.compile(
    rf"> Tokens: {_COUNT} sent(?:, {_COUNT} cache write)?(?:, {_COUNT} cache hit)?, {_COUNT} received\."
)
_COST = re.compile(r"> (?:Tokens: .*)?Cost: \$[\d.,]+ message, \$(\d[\d,]*(?:\.\d+)?) session")
"""With both kinds of cache it stands on a line of its own."""
_UNITS = {"k": 1_000, "M": 1_000_000}


class AiderReader:
    """Reads `.aider.chat.history.md`, which holds all chats of a worktree one after the other."""

    def __init__(self, since: float) -> None:
        """Count chats that began at Unix time `since` or later (the file's dates are whole seconds)."""
        self.sums = Sums(since)
        self._mine = False
        self._model = ""
        self._before = 0.0
        """US dollars of the chats before this one."""

    def take(self, line: bytes) -> None:
        """Read one line."""
        text = line.decode("utf-8", "replace").rstrip()
        if chat := _CHAT.match(text):
            self._begin(chat[1])
        elif not self._mine or not text.startswith("> "):
            return
        elif model := _MODEL.match(text):
            self._model = model[1]
        elif told := _TOKENS.match(text):
            self._count(*(_number(count) for count in told.groups()))
        if self._mine and (cost := _COST.match(text)):
            self.sums.reported_usd = self._before + float(cost[1].replace(",", ""))

    def _begin(self, date: str) -> None:
        self._mine = datetime.fromisoformat(date).timestamp() >= int(self.sums.since)
        self._before = self.sums.reported_usd or 0.0

    def _count(self, sent: int, written: int, cached: int, received: int) -> None:
        # what was sent includes both kinds of cache
        tokens = Tokens(input=max(0, sent - written - cached), output=received, cached=cached, written=written)
        self.sums.count("", self._model, tokens, None)


def _number(text: str | None) -> int:
    if not text:
        return 0
    digits = text.replace(",", "").rstrip(".kM")
    return round(float(digits or 0) * _UNITS.get(text[-1], 1))
