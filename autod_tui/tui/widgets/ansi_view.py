"""A view of terminal rows that keeps their colours: the scrollback of a pane, the output of a gate."""

from __future__ import annotations

from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip

from autod_tui.tui.theme import role_style
from autod_tui.tui.widgets.ansi import PLAIN, Pen, parse_row
from autod_tui.tui.widgets.lines import LineView
from autod_tui.tui.widgets.seek import stand_out


class AnsiView(LineView):
    """Rows that keep the colours of the terminal they come from."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        """Make an empty view."""
        super().__init__(id=id, classes=classes)
        self._lines: list[tuple[str, Pen]] = []

    def show_lines(self, lines: tuple[str, ...]) -> None:
        """Show terminal rows."""
        pen = PLAIN
        self._lines = []
        for line in lines:
            self._lines.append((line, pen))
            pen = parse_row(line, pen)[1]
        self.virtual_size = Size(self.content_size.width, len(lines))
        self.refresh()

    def texts(self) -> list[str]:
        """Return each row as plain text."""
        return ["".join(part.text for part in parse_row(*line)[0]).rstrip() for line in self._lines]

    def text(self) -> str:
        """Return all rows as plain text."""
        return "\n".join(self.texts())

    def render_line(self, y: int) -> Strip:
        """Draw one visible line."""
        width = self.cells(len(self._lines))
        base = role_style(self, "")
        index = y + self.scroll_offset.y
        if index >= len(self._lines):
            return Strip.blank(width, base)
        strip = stand_out(Strip(parse_row(*self._lines[index])[0]), self.sought)
        strip = strip.crop(self.shift) if self.shift else strip
        if strip.cell_length > width:
            strip = Strip([*strip.crop(0, width - 1), Segment("…")])
        return strip.adjust_cell_length(width).apply_style(base)
