"""Pictures of a running interface, that need nothing from the network."""

from __future__ import annotations

import html
import re

from rich.cells import cell_len

from autod_tui.tui.app import AutodApp

FONT = "DejaVu Sans Mono"
CELL = 12.2
"""Width of a cell in the picture."""
SIZE = "20.265px"
"""At this size the font's cells are as wide as the picture's."""


def svg_of(app: AutodApp, title: str = "autod") -> str:
    """Return a screenshot as SVG without remote fonts."""
    svg = app.export_screenshot(title=title)
    svg = re.sub(r"@font-face\s*{[^}]*}", "", svg)
    svg = svg.replace("Fira Code", FONT).replace("FiraCode", "DejaVuSansMono")
    svg = svg.replace("font-size: 20px", f"font-size: {SIZE}")
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    return re.sub(r"terminal-\d+", "terminal", svg)


def _letter_by_letter(match: re.Match[str]) -> str:
    """Give each letter its own place: cairo rounds the font's width to whole pixels, and columns would drift."""
    before, x, between, after, text = match.groups()
    places: list[str] = []
    at = float(x)
    for letter in html.unescape(text):
        places.append(f"{at:.1f}")
        at += CELL * cell_len(letter)
    return f'<text {before}x="{" ".join(places)}"{between}{after}>{text}<'


def png_of(svg: str) -> bytes:
    """Return an SVG drawn as PNG."""
    import cairosvg

    svg = re.sub(r'<text ([^>]*?)x="([0-9.]+)"([^>]*?)textLength="[^"]*"([^>]*)>([^<]*)<', _letter_by_letter, svg)
    drawn = cairosvg.svg2png(bytestring=svg.encode())
    assert isinstance(drawn, bytes)
    return drawn
