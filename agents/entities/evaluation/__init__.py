"""Scoring tagged files, one token a line."""
