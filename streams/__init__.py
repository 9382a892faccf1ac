"""Rasd's pipeline: records, topics, the engine that runs stages, search, API, command line."""

from importlib.metadata import PackageNotFoundError, version

__distribution__ = "rasd"  # streams.installation looks for this line

try:
    __version__ = version("rasd")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+source"
