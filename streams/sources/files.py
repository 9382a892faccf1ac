"""Read raw articles from files and folders: in any format of `streams.sources.readers`, packed and in archives.

Every record keeps its location in the file, so that a bad one can be named and kept. A file that is damaged costs
itself alone. What is in no known format is reported, not read.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

from streams.errors import OperatorError, Reason, Rejected
from streams.sources.base import Item, Source
from streams.sources.containers import (
    MAX_ARCHIVES,
    PACKED_SUFFIXES,
    Faults,
    is_archive,
    make_document,
    open_members,
    shown_name,
    unpack,
)
from streams.sources.readers.base import Document, ReadOptions, Skipped
from streams.sources.readers.registry import format_named, formats, read_as, recognise

PLAIN = ReadOptions()


def read_paths(
    paths: Sequence[Path], options: ReadOptions = PLAIN, on_read: Callable[[int], None] = lambda _: None
) -> Iterator[Item]:
    """Yield all records of the given files and folders; `-` is standard input.

    Args:
        paths: files and folders.
        options: what the user says about them.
        on_read: called with each number of bytes that was read of the files as they are stored.

    Raises:
        OperatorError: a path is empty or does not exist, a file that was named is in no known format, or the format
            that the user names is unknown. Nothing was read then.
    """
    if options.format is not None:
        format_named(options.format)
    _check(paths, options)
    for path in paths:
        if _is_input(path):
            stream = cast(BinaryIO, _Counting(sys.stdin.buffer, on_read))
            yield from read_document(make_document("standard input", "", "urn:rasd:standard-input", stream), options)
        elif path.is_dir():
            yield from _read_folder(path, options, on_read)
        else:
            yield from _read_file(path, options, on_read)


def count_bytes(paths: Sequence[Path]) -> int | None:
    """Return the total size of the files in bytes, for a progress bar; None if standard input is among them.

    Raises:
        OperatorError: a path is empty or does not exist.
    """
    _check_existence(paths)
    if any(map(_is_input, paths)):
        return None
    return sum(file.stat().st_size for path in paths for file in ([path] if path.is_file() else _files_in(path)))


def is_read(file: Path, paths: Sequence[Path]) -> bool:
    """Return whether `read_paths(paths)` reads this file, or would if it existed."""
    file = file.resolve()
    return any(path.resolve() in (file, *file.parents) for path in paths if not _is_input(path))


def read_document(
    document: Document,
    options: ReadOptions,
    *,
    archives: int = 0,
    file: IO[bytes] | None = None,
    skipped: Skipped | None = None,
) -> Iterator[Item]:
    """Yield the records of one document, unpacked as often as it is packed.

    Args:
        document: as it is stored.
        options: what the user says about it.
        archives: how many archives it is in.
        file: the document as a file, if it is one.
        skipped: counts a document in no known format; an item reports it when None.
    """
    faults = Faults()
    packed = document
    document = unpack(document, faults)
    if options.format is None and is_archive(document):
        if archives >= MAX_ARCHIVES:
            fault = f"an archive in {MAX_ARCHIVES} archives is not read: unpack the outer ones first"
            yield Item(document.location, b"", failure=Rejected(Reason.TOO_LARGE, fault))
            return
        inner = Skipped()
        count = 0
        for member in open_members(document, faults, inner, file=file if document is packed else None):
            count += 1
            yield from read_document(member, options, archives=archives + 1, skipped=inner)
        if not count and not faults.found:
            yield Item.skip(document.location, "holds no file")
        yield from inner.items(document.location)
    else:
        yield from _read_plain(document, options, skipped, faults)
    yield from faults.items(document.location)


def _read_plain(document: Document, options: ReadOptions, skipped: Skipped | None, faults: Faults) -> Iterator[Item]:
    found = format_named(options.format) if options.format is not None else recognise(document)
    if found is None:
        if faults.found:  # they say more
            return
        if (named := _named_archive(document)) is not None:
            fault = f"not a readable {named} file, as its name says"
            yield Item(document.location, b"", failure=Rejected(Reason.BAD_ENCODING, fault))
            return
        kind = _kind(document)
        if skipped is not None:
            skipped.add(kind, shown_name(PurePosixPath(document.name).name))
        else:
            yield Item.skip(document.location, f"skipped: {kind}")
        return
    yield from read_as(found, document, options)


def _named_archive(document: Document) -> str | None:
    """Return the suffix of a packed file or an archive, by which it should have been recognised."""
    return document.suffix if document.suffix in {".zip", ".tar", *PACKED_SUFFIXES} else None


def _kind(document: Document) -> str:
    if not document.head.strip():
        return "empty files"
    return f"{document.suffix} files" if document.suffix else "files of no known format"


def _is_input(path: Path) -> bool:
    return str(path) == "-"


def _check_existence(paths: Sequence[Path]) -> None:
    for path in paths:
        if not _is_input(path) and not path.exists():
            raise OperatorError(f"{path}: no such file or folder", status=2)


def _check(paths: Sequence[Path], options: ReadOptions) -> None:
    """Check that every path can be read, before anything is."""
    _check_existence(paths)
    for path in paths:
        if _is_input(path):
            continue
        if path.is_dir():
            if next(_files_in(path), None) is None:
                raise OperatorError(f"{path}: contains no file", status=2)
        elif options.format is None and path.is_file():
            _check_format(path)


def _check_format(path: Path) -> None:
    try:
        with path.open("rb") as file:
            faults = Faults()
            document = unpack(_document(path, file), faults)
            # A file that is damaged, or empty, is reported when its turn comes.
            deferred = faults.found or not document.head.strip() or _named_archive(document) is not None
            known = deferred or is_archive(document) or recognise(document) is not None
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror or error}") from error
    if not known:
        hint = f"name its format with --format: {', '.join(formats())}"
        raise OperatorError(f"{path}: unknown file type", hint=hint, status=2)


def _files_in(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder in order of their names, folder by folder."""
    for root, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = Path(root, name)
            # Neither pipes nor devices, on which reading might wait for ever.
            if path.is_file():
                yield path


def _read_folder(folder: Path, options: ReadOptions, on_read: Callable[[int], None]) -> Iterator[Item]:
    skipped = Skipped()
    for file in _files_in(folder):
        yield from _read_file(file, options, on_read, skipped)
    yield from skipped.items(str(folder))


def _read_file(
    path: Path, options: ReadOptions, on_read: Callable[[int], None], skipped: Skipped | None = None
) -> Iterator[Item]:
    try:
        with path.open("rb") as raw:
            file = cast(BinaryIO, _Counting(raw, on_read))
            yield from read_document(_document(path, file), options, file=file, skipped=skipped)
    except OSError as error:
        # The rest of a folder may be readable.
        yield Item(str(path), b"", failure=Rejected(Reason.BAD_ENCODING, f"cannot be read: {error.strerror or error}"))


def _document(path: Path, file: BinaryIO) -> Document:
    return make_document(str(path), path.name, path.resolve().as_uri(), file)


class _Counting:
    """A binary file that reports what is read of it."""

    def __init__(self, file: BinaryIO, on_read: Callable[[int], None]) -> None:
        self._file = file
        self._on_read = on_read

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self._on_read(len(chunk))
        return chunk

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True


def to_paths(arguments: Sequence[str]) -> list[Path]:
    """Return the arguments as paths.

    Raises:
        OperatorError: one is empty, which would mean the current folder.
    """
    if any(not argument.strip() for argument in arguments):
        raise OperatorError("a path is empty", hint="the current folder is .", status=2)
    return [Path(argument) for argument in arguments]


def read_arguments(
    arguments: Sequence[str], options: ReadOptions = PLAIN, on_read: Callable[[int], None] = lambda _: None
) -> Iterator[Item]:
    """Yield all records of the files that the arguments name (`read_paths`)."""
    return read_paths(to_paths(arguments), options, on_read)


def _count_arguments(arguments: Sequence[str]) -> int | None:
    return count_bytes(to_paths(arguments))


SOURCE = Source(
    "files",
    help="Files, folders and archives, in any format of docs/guides/ingest-files.md; - is standard input.",
    read=read_arguments,
    count_bytes=_count_arguments,
)
