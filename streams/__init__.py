"""Rasd's pipeline: records, topics, the engine that runs stages, search, API, command line."""

__distribution__ = "rasd"  # streams.installation looks for this line
__version__: str


def __getattr__(name: str) -> str:
    """Return the version, which is looked up when asked for: importing importlib.metadata takes some time.

    Raises:
        AttributeError: another name.
    """
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        return version("rasd")
    except PackageNotFoundError:  # a source tree that was never installed
        return "0+source"
