"""Sources: what raw articles are read from, and sending them to articles.raw."""
