"""Screens: compose, bindings, one request each."""
