"""Standing searches: alerts about what matches them, feeds and digests (docs/explanation/alerts.md)."""
