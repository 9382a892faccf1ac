"""Measurements of watched sources; `python -m benchmarks.sources` runs them."""
