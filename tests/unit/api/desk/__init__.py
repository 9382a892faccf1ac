"""The desk's parts without a browser."""
