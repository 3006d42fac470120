"""Starting work beside the message pump."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from textual.dom import DOMNode
from textual.worker import Worker

Work = Callable[[], Coroutine[Any, Any, object]]


def start(node: DOMNode, work: Work, *, group: str = "work", exclusive: bool = False) -> Worker[object]:
    """Run `work` as a task of `node`, ended with it; `exclusive` ends the group's earlier work first."""
    worker: Worker[object] = node.run_worker(work, group=group, exclusive=exclusive)
    return worker
