"""Measurements of autod beside its lower bounds, in one run, as ratios: `python -m benchmarks`."""
