"""Make the mentions of an article from tags: their limits, and one name for each entity."""
