"""Pictures of a running interface, that need nothing from the network."""

from __future__ import annotations

import re

from autod_tui.tui.app import AutodApp

FONT = "DejaVu Sans Mono"
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


def png_of(svg: str) -> bytes:
    """Return an SVG drawn as PNG."""
    import cairosvg

    drawn = cairosvg.svg2png(bytestring=svg.encode())
    assert isinstance(drawn, bytes)
    return drawn
