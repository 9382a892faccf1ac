"""A regression gate for speed; `make bench-quick` runs it."""
