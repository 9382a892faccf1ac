"""What flows through Rasd, and what it flows through."""

from importlib.metadata import PackageNotFoundError, version

__distribution__ = "rasd"  # streams.installation looks for this line

try:
    __version__ = version("rasd")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+source"
