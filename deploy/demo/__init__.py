"""The demo: everything started, the sample articles sent through, and what came out."""
