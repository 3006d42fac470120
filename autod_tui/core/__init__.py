"""The pure core: values, events, state and decisions; no clock, no I/O, no third-party UI."""
