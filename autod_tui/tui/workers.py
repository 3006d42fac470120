"""Starting work beside the message pump."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.worker import Worker

Work = Callable[[], Coroutine[Any, Any, object]]


def start(node: DOMNode, work: Work, *, group: str = "work", exclusive: bool = False) -> Worker[object]:
    """Run `work` as a task of `node`, ended with it; `exclusive` ends the group's earlier work first."""
    worker: Worker[object] = node.run_worker(partial(_while_it_stands, node, work), group=group, exclusive=exclusive)
    return worker


async def _while_it_stands(node: DOMNode, work: Work) -> object:
    """Do `work`; its parts may be gone a moment before the work of a node that is taken down is ended."""
    try:
        return await work()
    except NoMatches:
        if node.display and node.is_attached:
            raise
        return None
