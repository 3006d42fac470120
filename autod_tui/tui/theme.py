"""Colours: one theme, and the roles that rows of text name."""

from __future__ import annotations

from textual.theme import Theme

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

ROLES: dict[str, str] = {
    "": "color: $foreground;",
    "dim": "color: $foreground 55%;",
    "faint": "color: $foreground 30%;",
    "bold": "color: $foreground; text-style: bold;",
    "head": "color: $foreground 55%; text-style: none;",
    "accent": "color: $accent;",
    "title": "color: $accent; text-style: bold;",
    "key": "color: $accent; text-style: bold;",
    "ok": "color: $success;",
    "warn": "color: $warning;",
    "bad": "color: $error;",
    "loud": "color: $warning; text-style: bold;",
    "alarm": "color: $error; text-style: bold;",
    "info": "color: $secondary;",
    "added": "color: $success;",
    "removed": "color: $error;",
    "cursor": "background: $accent 22%;",
    "cursor-blurred": "background: $foreground 9%;",
}
"""Role to its declarations; the widgets' component classes are made from this table."""


def component_classes() -> set[str]:
    """Return the component class of every role."""
    return {component(role) for role in ROLES}


def component(role: str) -> str:
    """Return the component class that draws `role`."""
    return f"role--{role or 'plain'}"


def role_css(widget: str) -> str:
    """Return the rules that give `widget`'s component classes their colours."""
    return "\n".join(f"{widget} > .{component(role)} {{ {rules} }}" for role, rules in ROLES.items())
