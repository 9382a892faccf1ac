"""From tags to the mentions of an article: their limits, and one name an entity."""
