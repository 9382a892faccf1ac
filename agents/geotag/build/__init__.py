"""Compile the gazetteer. Build time only: no run-time module imports this package."""
