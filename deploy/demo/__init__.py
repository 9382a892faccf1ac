"""The demo: starts the whole system, processes sample articles and shows the results."""
