"""What flows through Rasd, and what it flows through."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("rasd")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+source"
