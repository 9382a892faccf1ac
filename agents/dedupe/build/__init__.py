"""Make the table of stock phrases. Build time only: no run-time module imports this package."""
