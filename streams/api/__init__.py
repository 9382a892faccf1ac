"""The query API and the live feed, served by `rasd serve`."""
