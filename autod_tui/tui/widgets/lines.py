"""The one list widget: rows of styled text by the Line API, with an optional cursor; only changed rows are redrawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from autod_tui.tui.safe import clean
from autod_tui.tui.text import ELLIPSIS, Row
from autod_tui.tui.theme import role_style
from autod_tui.tui.widgets.seek import places, stand_out

Source = Callable[[int], list[Row]]
"""Makes the rows for a width in cells."""


class LineView(ScrollView, can_focus=True):
    """Shows rows; those with a key can be selected, chosen and clicked."""

    DEFAULT_CSS = "LineView { scrollbar-size: 0 1; overflow-x: hidden; height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", show=False),
        Binding("up,k", "move(-1)", show=False),
        Binding("pagedown,ctrl+f", "page(1)", show=False),
        Binding("pageup,ctrl+b", "page(-1)", show=False),
        Binding("home,g", "edge(0)", show=False),
        Binding("end,G", "edge(1)", show=False),
        Binding("left", "shift(-8)", show=False),
        Binding("right", "shift(8)", show=False),
    ]

    class Highlighted(Message):
        """The cursor came to another row."""

        def __init__(self, view: LineView, key: str) -> None:
            """Carry the row's `key`."""
            super().__init__()
            self.view = view
            self.key = key

        @property
        def control(self) -> LineView:
            """The view it happened in."""
            return self.view

    class Chosen(Highlighted):
        """Enter or a double click on a row with a key."""

    def __init__(self, *, id: str | None = None, classes: str | None = None, wheel_lines: int = 3) -> None:
        """Make an empty view."""
        super().__init__(id=id, classes=classes)
        self.rows: list[Row] = []
        self.selected = ""
        self._source: Source | None = None
        self._width = 0
        """For which the rows were made."""
        self._bar = 0
        """Cells of that which a scrollbar took."""
        self._awaited = ""
        self._cursor = -1
        self.shift = 0
        """Cells by which rows are scrolled sideways."""
        self.sought = ""
        """Words that stand out; see `seek`."""
        self._wheel_lines = wheel_lines
        self._styles: dict[tuple[str, str], Style] = {}
        self._strips: dict[tuple[Row, int, str, int], Strip] = {}

    def show_rows(self, source: Source) -> None:
        """Show what `source` makes for the present width, now and after each resize."""
        self._source = source
        self._rebuild()

    def select(self, key: str, *, tell: bool = True) -> None:
        """Move the cursor to the row with `key`, if there is one."""
        index = next((i for i, row in enumerate(self.rows) if row.key == key), -1)
        if index >= 0:
            self._move_to(index, tell=tell)

    def select_when_there(self, key: str) -> None:
        """Move the cursor to the row with `key`, now or as soon as there is one; another choice cancels it."""
        self._awaited = key
        self._keep_cursor()

    def text(self) -> str:
        """Return all rows as plain text."""
        return "\n".join(self.texts())

    def texts(self) -> list[str]:
        """Return each row as plain text."""
        return ["".join(clean(text) for text, _ in row.spans).rstrip() for row in self.rows]

    def seek(self, sought: str) -> list[int]:
        """Let `sought` stand out from now on (nothing for ""), and return the rows that hold it."""
        self.sought = sought
        self._strips.clear()
        self.refresh()
        return [y for y, text in enumerate(self.texts()) if places(text, sought)]

    def cells(self, number: int) -> int:
        """Return the cells that a row has when there are `number` of them, beside the scrollbar if it is there."""
        width, height = self.content_size
        return width - self.styles.scrollbar_size_vertical if number > height > 0 else width

    def _made(self, source: Source, width: int) -> list[Row]:
        """Return the rows for the cells that they have; as last time, most of the time."""
        rows = source(width - self._bar)
        if self.cells(len(rows)) != width - self._bar:
            self._bar = width - self.cells(len(rows))
            rows = source(width - self._bar)
        return rows

    def _rebuild(self) -> None:
        width = self.content_size.width
        if self._source is None or width <= 0:
            return
        old, self.rows, self._width = self.rows, self._made(self._source, width), width
        size = Size(width, len(self.rows))
        if size != self.virtual_size:
            self.virtual_size = size
            self.refresh()
        else:
            top = int(self.scroll_offset.y)
            for y in range(top, min(top + self.content_size.height, len(self.rows))):
                if self.rows[y] != old[y]:
                    self.refresh_line(y)
        self._keep_cursor()

    def _keep_cursor(self) -> None:
        keys = [row.key for row in self.rows]
        wanted = next((key for key in (self._awaited, self.selected) if key and key in keys), "")
        index = keys.index(wanted) if wanted else self._first_key()
        if index != self._cursor or (index >= 0 and keys[index] != self.selected):
            awaited = "" if keys[index : index + 1] == [self._awaited] else self._awaited
            self._move_to(index)
            self._awaited = awaited

    def _move_to(self, index: int, *, tell: bool = True) -> None:
        old, self._cursor, self._awaited = self._cursor, index, ""
        key = self.rows[index].key if 0 <= index < len(self.rows) else ""
        changed = key != self.selected
        self.selected = key
        for y in {old, index}:
            if y >= 0:
                self.refresh_line(y)
        if index >= 0:
            top = 0 if self._first_key() == index else index
            self.scroll_to_region(Region(0, top, 1, index - top + 1), animate=False, force=True)
        if changed and tell:
            self.post_message(self.Highlighted(self, key))

    def _first_key(self) -> int:
        return next((i for i, row in enumerate(self.rows) if row.key), -1)

    def action_move(self, by: int) -> None:
        """Move the cursor to the next row with a key, or scroll when rows have none."""
        if self._cursor < 0:
            self.scroll_relative(y=by, animate=False)
            return
        index = self._cursor + by
        while 0 <= index < len(self.rows) and not self.rows[index].key:
            index += by
        if 0 <= index < len(self.rows):
            self._move_to(index)
        else:
            self.scroll_relative(y=by, animate=False)

    def action_page(self, by: int) -> None:
        """Move by one screenful."""
        height = max(self.size.height - 1, 1)
        if self._cursor < 0:
            self.scroll_relative(y=by * height, animate=False)
            return
        self._nearest(self._cursor + by * height, by)

    def action_edge(self, end: int) -> None:
        """Go to the first or the last row."""
        if self._cursor < 0:
            self.scroll_to(y=self.max_scroll_y if end else 0, animate=False)
            return
        self._nearest(len(self.rows) - 1 if end else 0, -1 if end else 1)

    def _nearest(self, index: int, by: int) -> None:
        index = max(0, min(index, len(self.rows) - 1))
        candidates = [i for i, row in enumerate(self.rows) if row.key]
        if candidates:
            self._move_to(min(candidates, key=lambda i: (abs(i - index), i * by)))

    def action_shift(self, by: int) -> None:
        """Scroll sideways, where rows are longer than the view."""
        longest = max(map(cell_len, self.texts()), default=0)
        shift = max(0, min(self.shift + by, longest - self.cells(self.virtual_size.height) + 1))
        if shift != self.shift:
            self.shift = shift
            self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return how many rows there are at `width`, also before the first layout."""
        if self._source is None or width in (0, self._width):
            return super().get_content_height(container, viewport, width)
        return len(self._source(width))

    def _size_updated(self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True) -> bool:
        """Make the rows for a new width before anything is drawn at it: told by an event, they'd miss that frame."""
        changed = super()._size_updated(size, virtual_size, container_size, layout)
        if self.content_size.width != self._width or self.cells(len(self.rows)) != self._width - self._bar:
            self._strips.clear()
            self._rebuild()
        return changed

    def notify_style_update(self) -> None:
        """Forget styles of an older theme."""
        self._styles.clear()
        self._strips.clear()
        super().notify_style_update()

    def on_focus(self) -> None:
        """Show the cursor as the active one."""
        self.refresh_line(self._cursor)

    def on_blur(self) -> None:
        """Show the cursor as a passive one."""
        self.refresh_line(self._cursor)

    def on_click(self, event: events.Click) -> None:
        """Select by a click, choose by a double click."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        y = offset.y + self.scroll_offset.y
        if 0 <= y < len(self.rows) and self.rows[y].key:
            self._move_to(y)
            if event.chain >= 2:
                self.post_message(self.Chosen(self, self.selected))

    def on_key(self, event: events.Key) -> None:
        """Choose the row under the cursor by enter."""
        if event.key == "enter" and self.selected:
            event.stop()
            event.prevent_default()
            self.post_message(self.Chosen(self, self.selected))

    def _style(self, role: str, under: str) -> Style:
        if (role, under) not in self._styles:
            style = role_style(self, role)
            if under:
                style += Style(bgcolor=role_style(self, under).bgcolor)
            self._styles[role, under] = style
        return self._styles[role, under]

    def render_line(self, y: int) -> Strip:
        """Draw one visible line."""
        width = self.cells(len(self.rows))
        index = y + self.scroll_offset.y
        if index >= len(self.rows):
            return Strip.blank(width, self._style("", ""))
        under = ("cursor" if self.has_focus else "cursor-blurred") if index == self._cursor else ""
        key = (self.rows[index], width, under, self.shift)
        if key not in self._strips:
            if len(self._strips) > 2000:
                self._strips.clear()
            self._strips[key] = self._draw(self.rows[index], width, under)
        return self._strips[key]

    def _draw(self, row: Row, width: int, under: str) -> Strip:
        segments = [Segment(clean(text), self._style(role, under)) for text, role in row.spans if text]
        strip = stand_out(Strip(segments), self.sought)
        if self.shift:
            strip = strip.crop(self.shift)
        if strip.cell_length > width:
            tail = Segment(ELLIPSIS, self._style("dim", under))
            strip = Strip([*strip.crop(0, width - 1), tail])
        return strip.adjust_cell_length(width, self._style("", under))
