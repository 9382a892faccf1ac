"""The desk in a real browser, on a real index."""
