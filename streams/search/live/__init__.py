"""Matching of articles against a search as they arrive, with the index's own analysis."""
