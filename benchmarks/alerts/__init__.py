"""Standing searches: what matching costs."""
