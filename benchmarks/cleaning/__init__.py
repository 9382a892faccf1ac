"""What the cleaning stage does to real pages: `python -m benchmarks.cleaning --help`."""
