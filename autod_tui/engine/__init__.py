"""Carries actions out; knows only the core and its ports."""
