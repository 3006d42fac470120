"""How long parts of the plan take: measured where they are over, else from what agents report, else unknown (None)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from autod_tui.core.board import CheckpointView, WorkstreamView
from autod_tui.core.checkpoint import CheckpointState
from autod_tui.core.workstream import ALIVE_STATES, Ending, WorkstreamRecord

_UNITS = {"m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_LENGTH = re.compile(r"(\d{1,4}(?:\.\d{1,3})?) ?(m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?|w(?:eeks?)?)", re.I)
_AROUND = re.compile(r"\A(?:in |about |around |approx\.? |~ ?)+|(?: (?:left|remaining|to go|more|and)\b)|,", re.I)
_CLOCK = re.compile(r"(?<=\d)h(\d\d)\Z", re.I)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


class Estimate(Struct, frozen=True, kw_only=True):
    """What is known of the time of one part; seconds and Unix times, None for unknown."""

    seconds: float | None = None
    """From its start to its end, pauses left out."""
    left: float | None = None
    """Of `seconds`, what is still to come if it goes on now."""
    started: bool = False
    """Under way: it waits for nothing any more."""
    ended_at: float | None = None


def workstream_estimate(view: WorkstreamView, points: Iterable[CheckpointView], now: float) -> Estimate:
    """Estimate a workstream: it has ended when all its checkpoints have merged it, or when it says that it is done."""
    record = view.record
    own = [point.record for point in points if view.name in point.spec.merge]
    merged = own and all(one.state is CheckpointState.MERGED and view.name in one.merged_workstreams for one in own)
    end = record.done
    if merged:
        end = record.handed_in or Ending(max(one.merged_at for one in own), 0.0)
    return Estimate(seconds=end.seconds or None, left=0.0, ended_at=end.at) if end else _unfinished(record, now)


def _unfinished(record: WorkstreamRecord, now: float) -> Estimate:
    spent, alive = _spent(record, now), record.state in ALIVE_STATES
    progress = record.progress
    if not spent or progress is None:
        return Estimate(started=alive and bool(spent))
    if progress.percent:
        left: float | None = spent * (100 / progress.percent - 1)
    else:
        end = eta_moment(progress.eta or "", record.progress_at)
        left = end - now if end is not None and end >= now else None
    seconds = None if left is None else spent + left
    # what nobody works on ends at no known time, whatever is left of it
    return Estimate(seconds=seconds, left=left if alive else None, started=alive)


def _spent(record: WorkstreamRecord, now: float) -> float:
    return record.active_seconds + (now - record.started_at if record.started_at else 0.0)


def checkpoint_estimate(view: CheckpointView) -> Estimate:
    """Estimate a checkpoint's merge with its gates by the last merge or green rehearsal; a blocked one has no end."""
    record = view.record
    if record.state is CheckpointState.MERGED:
        return Estimate(seconds=record.seconds, left=0.0, ended_at=record.merged_at)
    blocked = record.state is CheckpointState.BLOCKED
    return Estimate(seconds=record.seconds, left=None if blocked else record.seconds)


def eta_moment(text: str, written_at: float) -> float | None:
    """Return the Unix time that an agent's ETA means: an ISO date (its end) or moment, or a length since `written_at`.

    None for anything else: `2-3 days`, `Day 5`, `soon`. A local time is taken for one without a zone.
    """
    text = text.strip().rstrip(".")
    if moment := _moment(text):
        return moment
    bare = _CLOCK.sub(r"h \1m", " ".join(_AROUND.sub(" ", text).split()))
    parts = _LENGTH.findall(bare)
    if not parts or not written_at or _LENGTH.sub("", bare).strip():
        return None
    return written_at + sum(float(number) * _UNITS[unit[0].lower()] for number, unit in parts)


def _moment(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text.replace(" UTC", "+00:00"))
        return (moment + timedelta(days=1) if _DAY.match(text) else moment).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
