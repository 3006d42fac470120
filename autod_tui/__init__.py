"""autod-tui: run several coding agents at once and bring their work home safely."""

__version__ = "0.1.0"
