"""Measure the cleaning stage on real pages: `python -m benchmarks.cleaning --help`."""
