"""Export formats of articles and of their schemas. Pure: no I/O."""
