"""Readers of lists: feeds, sitemaps, section pages, channels. Each turns bytes into a `Listing`."""

from streams.sources.watch.readers.base import Entry, Listing, UnreadableListError
from streams.sources.watch.readers.registry import read_listing

__all__ = ["Entry", "Listing", "UnreadableListError", "read_listing"]
