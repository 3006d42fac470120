"""What a person sees while a merge or a rehearsal is under way."""

from __future__ import annotations

from autod_tui.cli.console import Console
from autod_tui.core import events as ev
from autod_tui.core.checkpoint import GateResult
from autod_tui.core.desk import Desk
from autod_tui.core.requests import Answer, AnyRequest


async def ask_watched(desk: Desk, console: Console, request: AnyRequest) -> Answer:
    """Have a request carried out and tell its steps as they happen; silent with `--json`."""
    if console.as_json:
        return await desk.ask(request)
    import asyncio

    teller = _Teller(desk, console)
    task = asyncio.create_task(teller.follow())
    try:
        return await desk.ask(request)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        # The last steps may have been journaled without having been yielded yet.
        teller.tell(desk.history())


class _Teller:
    def __init__(self, desk: Desk, console: Console) -> None:
        self._desk = desk
        self._console = console
        self._seen = desk.board().seq

    async def follow(self) -> None:
        async for update in self._desk.updates():
            self.tell(list(update.entries))

    def tell(self, entries: list[ev.Recorded]) -> None:
        for entry in entries:
            if entry.seq > self._seen:
                self._seen = entry.seq
                if sentence := step_sentence(entry.event):
                    self._console.say(f"  {sentence}")
        self._console.flush()


def step_sentence(event: ev.Event) -> str:
    """Tell one step of a merge in a sentence; empty for events of other kinds."""
    match event:
        case ev.WorkCommitted():
            return f"{event.name}: committed {event.files} uncommitted file{'s' if event.files != 1 else ''}"
        case ev.StepMerged():
            return f"{event.workstream}: merged"
        case ev.ConflictResolved():
            return f"{event.path}: resolved ({event.how})"
        case ev.GateStarted():
            where = f" in {event.workstream}" if event.workstream else ""
            return f"gate {event.gate} runs{where}; output: {event.log}"
        case ev.GateFinished():
            return gate_sentence(event.result) + (" (not run again: green on this tree)" if event.reused else "")
        case ev.GuiltFound():
            return event.guilt.explanation
        case _:
            return ""


def gate_sentence(result: GateResult) -> str:
    """Tell a gate's outcome: state, number, bound, time and why."""
    number = "" if result.measured is None else f" {result.measured:g}"
    bound = f" ({result.threshold})" if result.threshold else ""
    why = f": {result.reason}" if result.reason else ""
    return f"gate {result.name} is {result.state.value}{number}{bound} after {result.seconds:.1f} s{why}"
