"""One thread that listens to the file system for a fixed set of directories."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Literal, Protocol

from autod_tui.watch.roots import Spot

if TYPE_CHECKING:
    from types import TracebackType

STEP_MS = 50
BATCH_MS = 100
POLL_MS = 2000
_DELETED = 3


class Listener(Protocol):
    """What watchfiles offers for a set of directories."""

    def watch(
        self, debounce_ms: int, step_ms: int, timeout_ms: int, stop_event: threading.Event
    ) -> set[tuple[int, str]] | Literal["signal", "stop", "timeout"]:
        """Wait for changes, as (kind, path)."""
        ...

    def __enter__(self) -> Listener:
        """Do nothing."""
        ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop listening."""
        ...


Open = Callable[[list[str], bool, bool], Listener]
"""Opens a listener for (paths, deep, polling); raises OSError or RuntimeError when the system refuses."""


def open_listener(paths: list[str], deep: bool, polling: bool) -> Listener:
    """Listen by watchfiles; imported here because most commands never watch."""
    from watchfiles._rust_notify import RustNotify

    return RustNotify(paths, False, polling, POLL_MS, deep, True)


class Changed(Protocol):
    """Takes what a watcher saw, on the event loop."""

    def __call__(self, paths: set[str], gone: set[str]) -> None:
        """Take changed paths, and those of them that were deleted."""
        ...


class Watcher:
    """Watches directories of one depth from a daemon thread until stopped."""

    def __init__(self, paths: Iterable[str], *, deep: bool, polling: bool, changed: Changed, opened: Open) -> None:
        """Start at once; `changed` is called on the running event loop."""
        self.spots = {Spot(path, deep) for path in paths}
        """What it still watches; a deleted directory is taken out by the owner."""
        self.polling = polling
        self._changed = changed
        self._open = opened
        self._stop = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[str] = self._loop.create_future()
        arguments = (sorted(spot.path for spot in self.spots), deep)
        threading.Thread(target=self._run, args=arguments, name="file-watch", daemon=True).start()

    async def ready(self) -> str:
        """Wait until every change from now on will be seen; return why it can't be, empty when it can."""
        return await asyncio.shield(self._ready)

    def stop(self) -> None:
        """Stop listening; the thread ends by itself."""
        self._stop.set()

    def _run(self, paths: list[str], deep: bool) -> None:
        try:
            listener = self._open(paths, deep, self.polling)
        except (OSError, RuntimeError) as error:
            self._post(self._tell, str(error) or type(error).__name__)
            return
        self._post(self._tell, "")
        with listener:
            while not self._stop.is_set():
                seen = listener.watch(BATCH_MS, STEP_MS, 0, self._stop)
                if not isinstance(seen, str):
                    gone = {path for kind, path in seen if kind == _DELETED}
                    self._post(self._changed, {path for _, path in seen}, gone)

    def _tell(self, problem: str) -> None:
        if not self._ready.done():
            self._ready.set_result(problem)

    def _post(self, call: Callable[..., None], *arguments: object) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:  # the loop is closed: nobody listens any more
            self._stop.set()


def by_depth(spots: Iterable[Spot]) -> Mapping[bool, list[str]]:
    """Sort the paths of `spots` by depth."""
    found: dict[bool, list[str]] = {}
    for spot in spots:
        found.setdefault(spot.deep, []).append(spot.path)
    return found
