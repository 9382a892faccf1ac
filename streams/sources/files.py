"""Reads raw articles from files: .json, .jsonl, .html, .txt, .zip of these, folders of these, and standard input.

Every record keeps its original bytes and its location in the file, so that a bad one can be named and kept.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from streams.errors import OperatorError, Reason, Rejected
from streams.records import RawArticle, decode
from streams.sources.base import Item, Source

SUFFIXES = frozenset({".json", ".jsonl", ".ndjson", ".zip", ".html", ".htm", ".txt"})
_LINES = frozenset({".jsonl", ".ndjson"})
_WEB = frozenset({".html", ".htm"})
_SPACE_AND_COMMA = re.compile(r"[\s,]*")
FILE_SOURCE = "file"


def read_paths(paths: list[Path]) -> Iterator[Item]:
    """Yield all records of the given files and folders; `-` is standard input.

    Raises:
        OperatorError: a path does not exist, cannot be read, or has an unknown suffix.
    """
    for path in paths:
        if str(path) == "-":
            yield from _read_stream("standard input", sys.stdin.buffer.read())
        else:
            for file in _files(path):
                yield from _read_file(file)


def count_bytes(paths: list[Path]) -> int | None:
    """Return the total size of the files in bytes, for a progress bar; None if standard input is among them.

    Raises:
        OperatorError: a path does not exist, or has an unknown suffix.
    """
    size = sum(file.stat().st_size for path in paths if str(path) != "-" for file in _files(path))
    return None if any(str(path) == "-" for path in paths) else size


def is_read(file: Path, paths: list[Path]) -> bool:
    """Return whether `read_paths(paths)` reads this file, or would if it existed."""
    file = file.resolve()
    within = (path.resolve() in (file, *file.parents) for path in paths)
    return file.suffix.lower() in SUFFIXES and any(within)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.is_file() and file.suffix.lower() in SUFFIXES)
        if not found:
            raise OperatorError(f"{path}: contains no {', '.join(sorted(SUFFIXES))} file", status=2)
        return found
    if not path.exists():
        raise OperatorError(f"{path}: no such file or folder", status=2)
    if path.suffix.lower() not in SUFFIXES:
        raise OperatorError(f"{path}: unknown file type", hint=f"known: {', '.join(sorted(SUFFIXES))}", status=2)
    return [path]


def _read_file(path: Path) -> Iterator[Item]:
    try:
        if path.suffix.lower() == ".zip":
            yield from _read_zip(path)
        else:
            yield from _read_named(str(path), path.name, path.read_bytes(), path.resolve().as_uri())
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror or error}") from error


def _read_zip(path: Path) -> Iterator[Item]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [i for i in archive.infolist() if not i.is_dir() and _suffix(i.filename) in SUFFIXES - {".zip"}]
            if not members:
                raise OperatorError(f"{path}: contains no .json, .jsonl, .html or .txt file")
            for member in members:
                name = f"{path}!{member.filename}"
                yield from _read_named(
                    name, member.filename, archive.read(member), f"{path.resolve().as_uri()}#{member.filename}"
                )
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        # RuntimeError: an encrypted member; NotImplementedError: an unknown compression
        raise OperatorError(f"{path}: not a readable zip archive: {error}") from error


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _read_named(location: str, name: str, data: bytes, uri: str) -> Iterator[Item]:
    suffix = _suffix(name)
    if suffix in _LINES:
        return _read_lines(location, data)
    if suffix == ".json":
        return _read_json(location, data)
    return iter([_page(location, data, uri.replace(" ", "%20"), "text/html" if suffix in _WEB else "text/plain")])


def _read_stream(location: str, data: bytes) -> Iterator[Item]:
    """Read standard input: a JSON array if it begins with `[`, else one record per line."""
    return _read_json(location, data) if data.lstrip()[:1] == b"[" else _read_lines(location, data)


def _read_lines(location: str, data: bytes) -> Iterator[Item]:
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if line.strip():
            yield _item(f"{location}:{number}", line.rstrip(b"\r"))


def _read_json(location: str, data: bytes) -> Iterator[Item]:
    """Read one object, several, or an array of objects; each keeps its bytes as in the file."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        yield Item(f"{location}:{line}", data, failure=Rejected(Reason.NOT_JSON, f"byte {error.start} is not UTF-8"))
        return
    decoder = json.JSONDecoder()
    position = _skip(text, 0)
    in_array = text[position : position + 1] == "["
    if in_array:
        position = _skip(text, position + 1)
    line, counted = 1, 0
    while position < len(text):
        line, counted = line + text.count("\n", counted, position), position
        if in_array and text[position] == "]":
            position = _skip(text, position + 1)
            in_array = False
            continue
        try:
            _, end = decoder.raw_decode(text, position)
        except (json.JSONDecodeError, RecursionError) as error:
            fault = (
                f"{error.msg} at line {error.lineno}"
                if isinstance(error, json.JSONDecodeError)
                else "nested too deeply"
            )
            yield Item(f"{location}:{line}", text[position:].encode(), failure=Rejected(Reason.NOT_JSON, fault))
            return
        yield _item(f"{location}:{line}", text[position:end].encode())
        position = _skip(text, end)
    if in_array:
        yield Item(f"{location}:{line}", b"", failure=Rejected(Reason.NOT_JSON, "the array is not closed"))


def _skip(text: str, position: int) -> int:
    match = _SPACE_AND_COMMA.match(text, position)
    return match.end() if match else position


def _item(location: str, data: bytes) -> Item:
    try:
        return Item(location, data, raw=decode(RawArticle, data))
    except Rejected as failure:
        return Item(location, data, failure=failure)


def _page(location: str, data: bytes, uri: str, content_type: str) -> Item:
    """Make a raw record of an .html or .txt file. Its bytes are kept; the cleaning stage detects their encoding."""
    record = {
        "url": uri,
        "source": FILE_SOURCE,
        "content": base64.b64encode(data).decode(),
        "encoding": "auto",
        "content_type": content_type,
    }
    return _item(location, json.dumps(record, ensure_ascii=False).encode())


def _read_arguments(arguments: Sequence[str]) -> Iterator[Item]:
    return read_paths([Path(argument) for argument in arguments])


def _count_arguments(arguments: Sequence[str]) -> int | None:
    return count_bytes([Path(argument) for argument in arguments])


SOURCE = Source(
    "files",
    help="Files or folders of .json, .jsonl, .html, .txt or .zip; - is standard input.",
    read=_read_arguments,
    count_bytes=_count_arguments,
)
