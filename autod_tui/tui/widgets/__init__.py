"""Widgets that draw what the screens show."""
