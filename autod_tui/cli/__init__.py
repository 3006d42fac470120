"""The command line: one verb per command, text or JSON."""
