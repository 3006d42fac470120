"""One connection: reads requests, decides by the lane's script, and speaks the answer."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import select
import threading
import time
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, ClassVar

from tests.support.standin.anthropic import Anthropic
from tests.support.standin.asked import Answer, Asked, Dialect, Event, Json, fitting
from tests.support.standin.chat import Chat
from tests.support.standin.gemini import Gemini
from tests.support.standin.lane import Lane
from tests.support.standin.moves import move_of
from tests.support.standin.record import Exchange, Usage
from tests.support.standin.responses import Responses
from tests.support.standin.steps import MESSAGES, Cut, Hang, Refuse, Say, Step

if TYPE_CHECKING:
    from tests.support.standin.server import StandIn

DIALECTS: dict[str, Dialect] = {
    "/messages": Anthropic(),
    "/responses": Responses(),
    "/chat/completions": Chat(),
    ":generateContent": Gemini(),
    ":streamGenerateContent": Gemini(),
}
SIDE_USAGE = Usage(input=3, output=2)
KEPT = 400
"""Characters of long words that go into the log."""


class HungUpError(Exception):
    """The client went away, or the stand-in ends."""


class Talk(BaseHTTPRequestHandler):
    """The requests of one connection, one after the other."""

    protocol_version = "HTTP/1.1"
    standin: ClassVar[StandIn]

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing: the lanes have the log."""

    def do_GET(self) -> None:
        """Tell which models there are; anything else is an empty answer."""
        lane, path = self._route()
        self._probe(lane, path)
        models = [{"id": "stand-in", "object": "model", "type": "model", "display_name": "stand-in"}]
        self._send(200, {"object": "list", "data": models, "has_more": False} if "/models" in path else {})

    def do_HEAD(self) -> None:
        """Answer as to GET, without a body."""
        self.do_GET()

    def do_POST(self) -> None:
        """Answer a request for a message, or a probe."""
        lane, path = self._route()
        body = self._body()
        dialect = next((one for end, one in DIALECTS.items() if path.endswith(end)), None)
        if dialect is None:
            self._probe(lane, path)
            self._send(200, {"input_tokens": 1} if path.endswith("/count_tokens") else {})
            return
        asked = dialect.asked(_named_in(path) | body, {name.lower(): value for name, value in self.headers.items()})
        exchange = Exchange(
            at=time.time(),
            lane=lane.name,
            path=path,
            kind="side" if asked.side else "main",
            model=asked.model,
            session=asked.session,
            prompt=asked.prompt[-KEPT:],
            heard=asked.heard[-KEPT:],
            tools=tuple(asked.tools),
        )
        step = _aside(asked) if asked.side else lane.next_step()
        exchange.step = type(step).__name__
        lane.note(exchange)
        with self._told(lane, exchange):
            self._play(lane, dialect, asked, step, exchange)

    def _play(self, lane: Lane, dialect: Dialect, asked: Asked, step: Step, exchange: Exchange) -> None:
        gate = lane.gate(step.gate) if step.gate else None
        if isinstance(step, Hang):
            self._hold(threading.Event())
        if gate and not step.begun:
            self._hold(gate)
        if isinstance(step, Refuse):
            self._refuse(dialect, step, exchange)
            return
        usage = step.usage or (SIDE_USAGE if asked.side else lane.next_usage())
        text, tool, arguments = move_of(step, asked)
        exchange.message_id = f"{dialect.prefix}{uuid.uuid4().hex}"
        answer = Answer(exchange.message_id, asked.model, usage, text, tool, arguments)
        reported = dialect.reported(usage, asked)
        exchange.status = 200
        if asked.stream:
            rest = self._begin(dialect.events(answer, asked), gate if step.begun else None, cut=isinstance(step, Cut))
            exchange.usage = reported  # before the last is sent: who has heard it all may ask the log at once
            self._chunk(rest)
            self.wfile.write(b"0\r\n\r\n")
        else:
            exchange.usage = reported
            self._send(200, dialect.whole(answer))

    @contextlib.contextmanager
    def _told(self, lane: Lane, exchange: Exchange) -> Iterator[None]:
        try:
            yield
            exchange.answered_at = time.time()
        except (HungUpError, ConnectionError):
            exchange.abandoned = True
            exchange.usage = None
            self.close_connection = True
        finally:
            lane.note(exchange)

    def _refuse(self, dialect: Dialect, step: Refuse, exchange: Exchange) -> None:
        exchange.status = step.status
        wait = {} if step.retry_after is None else {"retry-after": f"{step.retry_after:g}"}
        message = step.message or MESSAGES.get(step.status, f"Refused with {step.status}")
        self._send(step.status, dialect.refusal(step.status, message), wait)

    def _begin(self, events: list[Event], gate: threading.Event | None, *, cut: bool) -> list[Event]:
        """Send the first half of a stream and return the rest, once the gate is open."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        middle = max(2, len(events) // 2)
        self._chunk(events[:middle])
        if cut:
            raise HungUpError
        if gate is not None:
            self._hold(gate)
        return events[middle:]

    def _chunk(self, events: list[Event]) -> None:
        data = "".join(map(_sse, events)).encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def _hold(self, gate: threading.Event) -> None:
        """Wait for the gate; raise HungUpError when the client goes or the stand-in ends before."""
        while not gate.wait(0.02):
            gone, _, _ = select.select([self.connection], [], [], 0)
            if gone or self.standin.ended.is_set():
                raise HungUpError

    def _route(self) -> tuple[Lane, str]:
        path = self.path.partition("?")[0]
        _, name, rest = path.split("/", 2) if path.count("/") > 1 else ("", "", path)
        lanes = self.standin.lanes
        return lanes.get(name) or self.standin.lane(name), f"/{rest}"

    def _probe(self, lane: Lane, path: str) -> None:
        now = time.time()
        lane.note(Exchange(at=now, lane=lane.name, path=path, kind="probe", status=200, answered_at=now))

    def _body(self) -> Json:
        data = self.rfile.read(int(self.headers.get("content-length") or 0))
        if "chunked" in self.headers.get("transfer-encoding", ""):
            data = b"".join(iter(self._read_chunk, b""))
        if self.headers.get("content-encoding") == "gzip":
            data = gzip.decompress(data)
        try:
            found = json.loads(data or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def _read_chunk(self) -> bytes:
        size = int(self.rfile.readline().split(b";")[0], 16)
        data = self.rfile.read(size)
        self.rfile.readline()
        return data

    def _send(self, status: int, content: Json, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"content-type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def _aside(asked: Asked) -> Say:
    """Answer what is no part of the conversation."""
    return Say("A short title" if asked.schema is None else json.dumps(fitting(asked.schema)))


def _named_in(path: str) -> Json:
    """Return what Gemini's clients say in the path instead of the body."""
    found = re.search(r"/models/([^/:]+):(stream)?", path)
    return {"model": found[1], "stream": found[2] is not None} if found else {}


def _sse(event: Event) -> str:
    name, data = event
    text = data if isinstance(data, str) else json.dumps(data)
    return (f"event: {name}\n" if name else "") + f"data: {text}\n\n"
