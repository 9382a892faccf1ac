"""Formats that articles and their schemas are exported in. Pure: no I/O."""
