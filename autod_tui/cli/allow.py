"""`autod allow`: let a workstream, or the project, use more tokens or money than its limit."""

from __future__ import annotations

from autod_tui.cli.action import ask, with_desk
from autod_tui.cli.main import Request
from autod_tui.core.amounts import dollars_of, tokens_of
from autod_tui.core.errors import UsageError
from autod_tui.core.requests import RaiseLimit


def allow(request: Request) -> int:
    """Raise a limit; what it held back starts by itself."""
    options = request.options
    if not options.cost and not options.tokens:
        raise UsageError("nothing to allow", hint="--cost USD, --tokens N, or both")
    raised = RaiseLimit(
        name=options.name,
        cost_usd=dollars_of(options.cost) if options.cost else None,
        tokens=tokens_of(options.tokens) if options.tokens else None,
    )
    return with_desk(request, lambda desk: ask(desk, request.console, raised))
