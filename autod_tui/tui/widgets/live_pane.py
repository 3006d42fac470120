"""The live pane: what an agent's terminal shows, captured at most once a frame and only while it is on screen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from autod_tui.core.desk import Desk
from autod_tui.core.errors import AutodError
from autod_tui.core.pane_ports import Screen
from autod_tui.tui.safe import clean_block, plain
from autod_tui.tui.theme import role_style
from autod_tui.tui.widgets.ansi import PLAIN, Pen, parse_row, with_cursor
from autod_tui.tui.widgets.keys import as_typed
from autod_tui.tui.workers import start

FRAME = 1 / 30
"""Seconds between two captures at least."""
LEAVE_KEYS = frozenset({"ctrl+right_square_bracket", "f11", "f12"})
"""F12 comes back to the dashboard from everywhere, so from here, too."""
KEPT_STRIPS = 1000
"""Drawn rows that are kept: a key press that only moves the view draws none of them again."""
MIN_COLUMNS, MIN_ROWS = 40, 15
"""No agent's window is made smaller than this; a smaller view shows the part with the cursor."""


class LivePane(Widget, can_focus=True):
    """Shows one workstream's pane in colour; in type mode every key goes to it."""

    DEFAULT_CSS = "LivePane { height: 1fr; width: 1fr; }"

    class TypeModeChanged(Message):
        """Type mode began or ended."""

    def __init__(self, desk: Desk, *, id: str | None = None) -> None:
        """Show nothing yet."""
        super().__init__(id=id)
        self._desk = desk
        self.workstream = ""
        self._pane = ""
        self.typing = False
        self._watching = False
        self._dirty = False
        self._loop: asyncio.Task[None] | None = None
        self._shown: Screen | None = None
        self._stale = False
        """What is drawn is still the pane followed before: two paintings in a few milliseconds would flicker."""
        self._strips: dict[tuple[str, Pen, int], Strip] = {}
        self._ground: Style | None = None
        self._lines: list[tuple[str, Pen]] = []
        self._top = 0
        self._note: tuple[str, ...] = ()
        self._keys: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self._sender: asyncio.Task[None] | None = None

    def follow(self, workstream: str, note: tuple[str, ...] = (), *, pane: str = "") -> None:
        """Show `workstream`'s pane, by tmux's id, from now on; `note` stands there while it has none."""
        changed, opened = workstream != self.workstream, pane != self._pane
        self._pane = pane
        if gone := note != self._note:  # it tells whether there is a pane
            self._note = note
            if self._shown is None:
                self.refresh()
        if changed:
            self.leave_type_mode()
            self.workstream = workstream
            self._stale = self._shown is not None
            self.set_timer(2 * FRAME, self._drop_stale)
        if changed or opened:
            self._look()
        if changed or gone or self._shown is None:
            self.mark_dirty()

    def _drop_stale(self) -> None:
        """Draw the former pane no longer when the new one could not be captured in time."""
        if self._stale:
            self._take(None)

    def watch_now(self, watching: bool) -> None:
        """Say whether the pane is on screen; captures are made only then."""
        self._watching = watching
        if watching:
            self._look()
            self.mark_dirty()

    def mark_dirty(self) -> None:
        """Capture soon: the workstream printed something."""
        self._dirty = True
        if self._watching and self.workstream and (self._loop is None or self._loop.done()):
            self._loop = asyncio.create_task(self._capture())

    async def _capture(self) -> None:
        while self._dirty and self._watching and self.workstream:
            self._dirty = False
            name = self.workstream
            try:
                screen = await self._desk.screen(name)
            except AutodError as error:
                screen, self._note = None, (error.message, error.hint)
            if name == self.workstream:
                self._take(screen)
            await asyncio.sleep(FRAME)

    def _look(self) -> None:
        if self._watching and self.size.width and self.workstream:
            size = (max(self.content_size.width, MIN_COLUMNS), max(self.content_size.height, MIN_ROWS))
            start(self, partial(self._tell_size, self.workstream, size), group="look", exclusive=True)

    async def _tell_size(self, name: str, size: tuple[int, int]) -> None:
        with suppress(AutodError):  # a pane that has just gone needs no size
            await self._desk.look_at((name,), size)

    def _take(self, screen: Screen | None) -> None:
        """Show `screen`; only the rows that differ are drawn again."""
        self._stale = False
        old_lines, old_top, old = self._lines, self._top, self._shown
        self._shown = screen
        self._lines = _with_pens(screen.lines) if screen else []
        self._top = self._first_row()
        if old is None or screen is None or old_top != self._top or len(old_lines) != len(self._lines):
            self.refresh()
            return
        changed = {y for y, line in enumerate(self._lines) if line != old_lines[y]}
        if old.cursor != screen.cursor:
            changed |= {cursor[1] for cursor in (old.cursor, screen.cursor) if cursor}
        width = self.content_size.width
        if changed:
            self.refresh(*(Region(0, y - self._top, width, 1) for y in changed))

    def _first_row(self) -> int:
        """First row shown: all of them if they fit, else the rows down to the cursor or the last text."""
        height = self.content_size.height
        spare = len(self._lines) - height
        if spare <= 0 or self._shown is None:
            return 0
        last = max((y for y, (line, _) in enumerate(self._lines) if line.strip()), default=0)
        if self._shown.cursor:
            last = max(last, self._shown.cursor[1])
        return max(0, min(last - height + 1, spare))

    def text(self) -> str:
        """Return what is drawn as plain text."""
        height = self.content_size.height
        return "\n".join(self.render_line(y).text.rstrip() for y in range(height))

    def render_line(self, y: int) -> Strip:
        """Draw one line of the pane, or of the note when there is no pane."""
        width = self.content_size.width
        if self._shown is None:
            return self._note_line(y, width)
        index = self._top + y
        if index >= len(self._lines):
            return self._strip("", PLAIN, width)
        cursor = self._shown.cursor
        if cursor and cursor[1] == index and cursor[0] < width:
            return self._drawn(*self._lines[index], width, cursor[0])
        return self._strip(*self._lines[index], width)

    def _strip(self, line: str, pen: Pen, width: int) -> Strip:
        key = (line, pen, width)
        if key not in self._strips:
            if len(self._strips) >= KEPT_STRIPS:
                self._strips.clear()
            self._strips[key] = self._drawn(line, pen, width)
        return self._strips[key]

    def _drawn(self, line: str, pen: Pen, width: int, cursor: int | None = None) -> Strip:
        strip = Strip(parse_row(line, pen)[0])
        if cursor is not None:
            strip = with_cursor(strip, cursor)
        if strip.cell_length > width:
            strip = Strip([*strip.crop(0, width - 1), Segment("…", Style(dim=True))])
        spare = width - strip.cell_length
        segments = (*strip, Segment(" " * spare)) if spare else strip
        return Strip(Segment.apply_style(segments, self._colours()), width)

    def _colours(self) -> Style:
        """Return the colours of a cell that names none; asked of the theme once, not for each row of a flood."""
        if self._ground is None:
            base = role_style(self, "")
            self._ground = Style(color=base.color, bgcolor=base.bgcolor)
        return self._ground

    def notify_style_update(self) -> None:
        """Forget the strips and colours of an older theme."""
        self._strips.clear()
        self._ground = None
        super().notify_style_update()

    def _note_line(self, y: int, width: int) -> Strip:
        top = max((self.content_size.height - len(self._note)) // 2, 0)
        if not 0 <= y - top < len(self._note):
            return self._strip("", PLAIN, width)
        text, style = self._note[y - top], role_style(self, "dim")
        return Strip([Segment(plain(text).plain.center(width)[:width], style)]).adjust_cell_length(width, style)

    def on_resize(self) -> None:
        """Give the agent's window the new size and draw it again."""
        self._top = self._first_row()
        self.refresh()
        self._look()
        self.mark_dirty()

    def enter_type_mode(self) -> None:
        """Send every key to the pane until it is left."""
        self.typing = True
        self.add_class("typing")
        self.focus()
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send_keys())
        self.post_message(self.TypeModeChanged())

    def leave_type_mode(self) -> None:
        """Keys are commands again."""
        if self.typing:
            self.typing = False
            self.remove_class("typing")
            self.post_message(self.TypeModeChanged())

    def on_unmount(self) -> None:
        """End the two tasks."""
        for task in (self._loop, self._sender):
            if task is not None:
                task.cancel()

    def on_key(self, event: events.Key) -> None:
        """In type mode send the key, whatever it means elsewhere."""
        if not self.typing:
            return
        event.stop()
        event.prevent_default()
        if event.key in LEAVE_KEYS:
            self.leave_type_mode()
            return
        data, name = as_typed(event.key, event.character)
        if data or name:
            self._keys.put_nowait(partial(self._desk.type, self.workstream, data, name))

    def on_paste(self, event: events.Paste) -> None:
        """Paste what was pasted, after the keys before it; the program itself sees a paste, so no line is submitted."""
        if not self.typing:
            return
        event.stop()
        if text := clean_block(event.text):
            self._keys.put_nowait(partial(self._desk.paste, self.workstream, text))

    def on_blur(self) -> None:
        """Without the focus no key comes here."""
        self.leave_type_mode()

    async def _send_keys(self) -> None:
        """Send keys and pastes one after the other, in the order in which they came."""
        while True:
            send = await self._keys.get()
            try:
                await send()
            except AutodError:
                self.leave_type_mode()  # the pane is gone, and its state says so


def _with_pens(lines: tuple[str, ...]) -> list[tuple[str, Pen]]:
    """Pair each row with the pen it starts with; both together decide how it is drawn."""
    pen = PLAIN
    paired: list[tuple[str, Pen]] = []
    for line in lines:
        paired.append((line, pen))
        pen = parse_row(line, pen)[1]
    return paired
