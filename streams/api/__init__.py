"""The query API and the live feed: `rasd serve`."""
