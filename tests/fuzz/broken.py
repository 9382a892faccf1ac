"""A target that fails, to show that failures are found and kept."""

from __future__ import annotations

SEED = "<a"


def broken(data: bytes) -> None:
    """Fail for inputs that are not far from the seed."""
    if data[:1] == b"<" and data[1:2] == b"/":
        raise ZeroDivisionError
