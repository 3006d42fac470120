"""The timeline: what is planned, what happened, what is to be expected, and which chain of work decides the end.

Nodes are the workstreams and the checkpoints. A checkpoint waits for the workstreams that it merges and for the
checkpoints in its `after`, a workstream for those in its own. Soft ones bind nothing and are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from graphlib import TopologicalSorter
from typing import Any, NamedTuple

from msgspec import Struct

from autod_tui.core.board import Board
from autod_tui.core.estimate import Estimate, checkpoint_estimate, workstream_estimate

WORKSTREAM = "workstream"
CHECKPOINT = "checkpoint"


class Key(NamedTuple):
    """Names a node; a workstream and a checkpoint may have the same name."""

    kind: str
    name: str


class Part(Struct, frozen=True, kw_only=True):
    """A node as given: what it waits for, what is known of its time, and when it is due (Unix time)."""

    key: Key
    after: tuple[Key, ...] = ()
    estimate: Estimate = Estimate()
    due: float | None = None


class Node(Struct, frozen=True, kw_only=True):
    """A node laid out in time: seconds and Unix times, None for what is not known."""

    key: Key
    after: tuple[Key, ...]
    seconds: float | None
    """Measured once it is over, else estimated."""
    planned_at: float | None
    """When it is due, else when the first of those that wait for it is."""
    ready_at: float | None
    """When the last of those that it waits for ended."""
    ended_at: float | None
    expected_at: float | None
    """When it ended or will end; None when the time of anything before it is unknown."""
    earliest_at: float
    """The same with all unknown times taken for nothing: it can't end before."""
    critical: bool
    slack: float | None
    """Seconds that it may take longer before the critical path changes; None while any time in the plan is unknown."""
    late: bool
    risk: str
    """Why its planned time was or may be missed; empty when nothing says so."""


class Timeline(Struct, frozen=True, kw_only=True):
    """All nodes in the order given, and the critical path from its first to its last node."""

    nodes: tuple[Node, ...] = ()
    critical: tuple[Key, ...] = ()
    seconds: float = 0.0
    """Length of the critical path, as far as it is known."""
    unknown: tuple[Key, ...] = ()
    """Nodes on the critical path whose time is unknown."""

    def checkpoint(self, name: str) -> Node | None:
        """Return the node of a checkpoint, or None."""
        return next((node for node in self.nodes if node.key == (CHECKPOINT, name)), None)


class Length(NamedTuple):
    """Length of a chain: its known seconds, then its number of nodes, which decides between equals."""

    seconds: float
    nodes: int

    def plus(self, other: Length) -> Length:
        """Return the length of both together."""
        return Length(self.seconds + other.seconds, self.nodes + other.nodes)


def make_timeline(board: Board, now: float) -> Timeline:
    """Lay a board's plan out in time; the plan has no cycles, as the loader sees to."""
    return lay_out(board_parts(board, now), now)


def board_parts(board: Board, now: float) -> list[Part]:
    """Return the workstreams, then the checkpoints, each in declared order."""
    streams = [
        Part(
            key=Key(WORKSTREAM, view.name),
            after=_keys(CHECKPOINT, view.spec.after),
            estimate=workstream_estimate(view, board.checkpoints, now),
        )
        for view in board.workstreams
    ]
    points = [
        Part(
            key=Key(CHECKPOINT, view.name),
            after=_keys(WORKSTREAM, view.spec.merge) + _keys(CHECKPOINT, view.spec.after),
            estimate=checkpoint_estimate(view),
            due=view.spec.due,
        )
        for view in board.checkpoints
    ]
    return [*streams, *points]


def _keys(kind: str, names: Iterable[str]) -> tuple[Key, ...]:
    return tuple(Key(kind, name) for name in names)


def lay_out(parts: Sequence[Part], now: float) -> Timeline:
    """Find each node's times and the critical path; names that no part has are ignored, CycleError for a cycle."""
    graph = _Graph(parts)
    until = _lengths(graph.order, graph.before, graph.parts)
    path = _longest(until, graph.before)
    slack = _slack(graph, until, path)
    planned, times = _planned(graph), _forward(graph, now)
    nodes = []
    for key, part in graph.parts.items():
        earliest, exact = times[key]
        risk, late = _risk(part, planned, times[key], graph.behind[key], now)
        node = Node(
            key=key,
            after=graph.before[key],
            seconds=part.estimate.seconds,
            planned_at=planned[key],
            ready_at=_ready(part, [graph.parts[one].estimate.ended_at for one in graph.before[key]]),
            ended_at=part.estimate.ended_at,
            expected_at=earliest if exact else None,
            earliest_at=earliest,
            critical=key in path,
            slack=slack.get(key),
            late=late,
            risk=risk,
        )
        nodes.append(node)
    unknown = tuple(key for key in path if graph.parts[key].estimate.seconds is None)
    return Timeline(
        nodes=tuple(nodes), critical=path, seconds=until[path[-1]].seconds if path else 0.0, unknown=unknown
    )


class _Graph:
    """The parts by key, who is before and behind each, and an order in which none comes before what it waits for."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = {part.key: part for part in parts}
        self.before = {part.key: tuple(key for key in dict.fromkeys(part.after) if key in self.parts) for part in parts}
        self.order = list(TopologicalSorter(self.before).static_order())
        self.behind: dict[Key, list[Key]] = {key: [] for key in self.parts}
        for key, keys in self.before.items():
            for one in keys:
                self.behind[one].append(key)


def _slack(graph: _Graph, until: Mapping[Key, Length], path: Sequence[Key]) -> dict[Key, float]:
    """Return by how much the longest chain through each node is shorter than the critical path."""
    if any(part.estimate.seconds is None for part in graph.parts.values()):
        return {}
    since = _lengths(graph.order[::-1], graph.behind, graph.parts)
    slack = {}
    for key, part in graph.parts.items():
        through = until[key].seconds + since[key].seconds - (part.estimate.seconds or 0.0)
        slack[key] = 0.0 if key in path else max(until[path[-1]].seconds - through, 0.0)
    return slack


def _lengths(order: Iterable[Key], before: Mapping[Key, Sequence[Key]], parts: Mapping[Key, Part]) -> dict[Key, Length]:
    """Return the length of the longest chain that ends with each node, itself included."""
    found: dict[Key, Length] = {}
    for key in order:
        longest = max((found[one] for one in before[key]), default=Length(0.0, 0))
        found[key] = longest.plus(Length(parts[key].estimate.seconds or 0.0, 1))
    return found


def _longest(until: Mapping[Key, Length], before: Mapping[Key, Sequence[Key]]) -> tuple[Key, ...]:
    if not until:
        return ()
    path = [max(until, key=until.__getitem__)]
    while keys := before[path[-1]]:
        path.append(max(keys, key=until.__getitem__))
    return tuple(path[::-1])


def _planned(graph: _Graph) -> dict[Key, float | None]:
    planned: dict[Key, float | None] = {}
    for key in reversed(graph.order):
        due = graph.parts[key].due
        waiting = [moment for one in graph.behind[key] if (moment := planned[one]) is not None]
        planned[key] = due if due is not None else min(waiting, default=None)
    return planned


def _forward(graph: _Graph, now: float) -> dict[Key, tuple[float, bool]]:
    """Return when each node ends at the earliest, and whether that is when it is expected to."""
    times: dict[Key, tuple[float, bool]] = {}
    for key in graph.order:
        estimate = graph.parts[key].estimate
        if estimate.ended_at is not None:
            times[key] = estimate.ended_at, True
            continue
        waits = [] if estimate.started else [times[one] for one in graph.before[key]]
        start = max([now, *(moment for moment, _ in waits)])
        times[key] = start + (estimate.left or 0.0), estimate.left is not None and all(exact for _, exact in waits)
    return times


def _ready(part: Part, ends: Sequence[float | None]) -> float | None:
    known = [end for end in ends if end is not None]
    if not known or len(known) < len(ends):
        return None
    ready, ended = max(known), part.estimate.ended_at
    # work that went on after the merge says nothing about what the merge waited for
    return None if ended is not None and ready > ended else ready


def _risk(
    part: Part, planned: Mapping[Key, float | None], time: tuple[float, bool], behind: Sequence[Key], now: float
) -> tuple[str, bool]:
    """Return why the planned time was or may be missed, and whether it has passed."""
    due, ended = planned[part.key], part.estimate.ended_at
    if due is None:
        return "", False
    if ended is not None:
        return (f"{span_text(ended - due)} late", True) if ended > due else ("", False)
    if now > due:
        return f"overdue by {span_text(now - due)}", True
    earliest, exact = time
    if earliest > due:
        return f"{'' if exact else 'at least '}{span_text(earliest - due)} late as it goes now", False
    for one in behind:
        if (moment := planned[one]) is not None and moment < due:
            return f"due after {one.name}, which waits for it", False
    return "", False


def span_text(seconds: float) -> str:
    """Return a length of time, such as `12s`, `5m`, `2h05m`, `3d4h`."""
    if seconds < 60:
        return f"{seconds:.0f}s"
    minutes = round(seconds / 60)
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours}h{minutes:02}m" if hours else f"{minutes}m"
    return f"{hours // 24}d{hours % 24}h"


def timeline_json(timeline: Timeline) -> dict[str, Any]:
    """Return the documented object `timeline` of `autod checkpoint list --json`; what is not known is null."""
    return {
        "critical_path": [key._asdict() for key in timeline.critical],
        "seconds": timeline.seconds,
        "unknown": [key._asdict() for key in timeline.unknown],
        "nodes": [
            {**node.key._asdict(), "after": [one._asdict() for one in node.after], **node_json(node)}
            for node in timeline.nodes
        ],
    }


def node_json(node: Node) -> dict[str, Any]:
    """Return the times of one node, as each entry of `checkpoints` and of `timeline.nodes` has them."""
    return {
        "critical": node.critical,
        "seconds": node.seconds,
        "planned_at": node.planned_at,
        "ready_at": node.ready_at,
        "ended_at": node.ended_at,
        "expected_at": node.expected_at,
        "earliest_at": node.earliest_at,
        "slack": node.slack,
        "risk": node.risk or None,
    }
