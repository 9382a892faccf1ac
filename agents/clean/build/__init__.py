"""Compile cleaning's tables. Build time only: no run-time module imports this package."""
