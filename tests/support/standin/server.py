"""The server: HTTP on 127.0.0.1, a thread per connection, one lane per first part of the path."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from http.server import ThreadingHTTPServer
from types import TracebackType

from tests.support.standin.lane import Lane
from tests.support.standin.steps import Step


class StandIn:
    """A model on loopback; a context manager that serves until it is left."""

    def __init__(self, port: int = 0) -> None:
        from tests.support.standin.talk import Talk

        self.lanes: dict[str, Lane] = {}
        self.ended = threading.Event()
        """Set at the end: whatever still waits in a talk gives up."""
        talk = type("Talk", (Talk,), {"standin": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", port), talk)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._http.server_address[1])

    def __enter__(self) -> StandIn:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def lane(self, name: str, steps: Iterable[Step] = ()) -> Lane:
        """Open a lane with its script."""
        self.lanes[name] = Lane(name, f"http://127.0.0.1:{self.port}/{name}", steps)
        return self.lanes[name]

    def dump(self) -> str:
        """Return the whole log as lines of JSON."""
        rows = sorted((one for lane in self.lanes.values() for one in lane.log), key=lambda one: one.at)
        return "".join(json.dumps(one, default=vars) + "\n" for one in rows)
