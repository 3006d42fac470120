"""Colours: one theme, and the roles that rows of text name."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from rich.style import Style
from textual.color import Color
from textual.theme import Theme
from textual.widget import Widget

THEME = Theme(
    name="autod",
    primary="#7aa2f7",
    secondary="#7dcfff",
    accent="#7aa2f7",
    success="#9ece6a",
    warning="#e0af68",
    error="#f7768e",
    foreground="#c0caf5",
    background="#16161e",
    surface="#1a1b26",
    panel="#24283b",
    dark=True,
    variables={
        "footer-key-foreground": "#7aa2f7",
        "input-selection-background": "#7aa2f7 35%",
        "border": "#3b4261",
        "border-blurred": "#3b4261",
        "block-cursor-text-style": "none",
    },
)


class Look(NamedTuple):
    """How a role is drawn: a colour of the theme, how strongly (0..1), and on what."""

    colour: str = "foreground"
    strength: float = 1.0
    bold: bool = False
    behind: bool = False
    """The colour tints the background; the text keeps the widget's."""


ROLES: dict[str, Look] = {
    "": Look(),
    "dim": Look(strength=0.55),
    "faint": Look(strength=0.30),
    "bold": Look(bold=True),
    "head": Look(strength=0.55),
    "accent": Look("accent"),
    "title": Look("accent", bold=True),
    "key": Look("accent", bold=True),
    "ok": Look("success"),
    "warn": Look("warning"),
    "bad": Look("error"),
    "loud": Look("warning", bold=True),
    "alarm": Look("error", bold=True),
    "info": Look("secondary"),
    "added": Look("success"),
    "removed": Look("error"),
    "cursor": Look("accent", 0.22, behind=True),
    "cursor-blurred": Look("foreground", 0.09, behind=True),
}


def role_style(widget: Widget, role: str) -> Style:
    """Return how `widget` draws `role`.

    No component classes: Textual would match each of them with all rules at each update of the widget.
    """
    look = ROLES[role]
    colour = widget.app.theme_variables[look.colour]
    return widget.rich_style + _style(look, colour, widget.background_colors[1])


@lru_cache(maxsize=512)
def _style(look: Look, colour: str, background: Color) -> Style:
    shown = (background + Color.parse(colour).multiply_alpha(look.strength)).rich_color
    if look.behind:
        return Style(bgcolor=shown)
    return Style(color=shown, bgcolor=background.rich_color if background.a else None, bold=look.bold or None)
