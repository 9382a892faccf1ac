"""Decode files that people wrote."""

from __future__ import annotations

from pathlib import Path

from streams.errors import OperatorError


def decode_utf8(data: bytes, file: Path, encoding: str = "utf-8") -> str:
    """Decode the content of a file.

    Args:
        data: the whole content.
        file: its path, for the message.
        encoding: `utf-8`, or `utf-8-sig` if it may begin with a byte order mark.

    Raises:
        OperatorError: it is not UTF-8; the message names line and byte.
    """
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise OperatorError(f"{file}:{line}: byte {error.start} is not UTF-8") from error
