"""The source `archive`: the raw records of the archive's files, as they were sent (docs/guides/archive.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from streams.archive.files import whole_bytes
from streams.archive.pages import FIELDS_TYPE, raw_record
from streams.errors import OperatorError, Reason, Rejected
from streams.records import RawArticle, decode
from streams.sources.base import Item, Source


def read(arguments: Sequence[str]) -> Iterator[Item]:
    """Yield the raw records of files and folders, each once: a page that was written twice has the same id twice.

    Raises:
        OperatorError: a path does not exist.
    """
    seen: set[str] = set()
    for path in files(arguments):
        yield from _file(path, seen)


def files(arguments: Sequence[str]) -> list[Path]:
    """Return the finished files among the paths and in the folders among them, by name.

    Raises:
        OperatorError: a path does not exist.
    """
    found = []
    for path in map(Path, arguments):
        if not path.exists():
            raise OperatorError(f"{path}: no such file or folder", status=2)
        found += sorted(path.rglob("*.warc.gz")) if path.is_dir() else [path]
    return found


def count_bytes(arguments: Sequence[str]) -> int:
    """Return the total size of the files."""
    return sum(path.stat().st_size for path in files(arguments))


def _file(path: Path, seen: set[str]) -> Iterator[Item]:
    """Yield the records of one file. What damages it becomes an item, as warcio ends silently where a file is cut."""
    fields: dict[str, Any] = {}
    wanted = ""
    try:
        whole = whole_bytes(path)
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream, check_digests=True):
                name = record.rec_headers.get_header("WARC-Record-ID") or ""
                if record.rec_type == "metadata" and record.rec_headers.get_header("Content-Type") == FIELDS_TYPE:
                    fields = json.loads(record.content_stream().read())
                    wanted = record.rec_headers.get_header("WARC-Refers-To") or ""
                elif name and name == wanted and name not in seen:
                    seen.add(name)
                    yield _item(f"{path}:{name.strip('<>')}", record, fields)
    except (OSError, ValueError, ArchiveLoadFailed) as error:
        yield _damage(path, str(error))
        return
    if (size := path.stat().st_size) > whole:
        yield _damage(path, f"only {whole} of {size} bytes are whole")


def _item(location: str, record: Any, fields: dict[str, Any]) -> Item:
    payload = record.content_stream().read()
    if record.digest_checker.passed is not True:
        problem = "; ".join(map(str, record.digest_checker.problems)) or "it has no digest"
        return Item(
            location, payload, failure=Rejected(Reason.BAD_ENCODING, f"the archived page is damaged: {problem}")
        )
    try:
        data = raw_record(fields, payload)
        return Item(location, data, raw=decode(RawArticle, data))
    except UnicodeDecodeError as error:
        return Item(location, payload, failure=Rejected(Reason.BAD_ENCODING, str(error)))
    except Rejected as failure:
        return Item(location, payload, failure=failure)


def _damage(path: Path, problem: str) -> Item:
    return Item(str(path), b"", failure=Rejected(Reason.BAD_ENCODING, f"the file is damaged: {problem}"))


SOURCE = Source("archive", "PATH…: files and folders of the tap archive", read, count_bytes)
