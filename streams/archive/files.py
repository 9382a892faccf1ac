"""WARC files on a disk: appended to durably, finished by size or age, repaired after a crash.

A file has the suffix `.open` until it is finished. Its process holds a lock on it (flock), so one whose process died
can be told apart; it is cut behind its last whole gzip member and finished by the next process that starts.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
import time
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from streams.archive.pages import Writer, info_member, page_members
from streams.errors import Retryable
from streams.observability.logs import get_logger
from streams.stage import Original

log = get_logger(__name__)

OPEN = ".open"
_PIECE = 1024 * 1024


class ArchiveFiles:
    """The files that one process writes into a folder, one after the other. Not thread-safe; its methods block.

    Args:
        folder: exists.
        prefix: first part of the files' names.
        max_bytes: size from which on a file is finished.
        max_seconds: age from which on a file is finished.
        info: fields of each file's `warcinfo` record.

    Attributes:
        finished: number of files that were finished.
        written: number of bytes that were written.
    """

    def __init__(
        self, folder: Path, prefix: str, max_bytes: int, max_seconds: float, info: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.finished = 0
        self.written = 0
        self._prefix = prefix
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._info = dict(info or {})
        self._writer = Writer()
        self._serial = 0
        self._descriptor: int | None = None
        self._path = Path()
        self._size = 0
        self._begun = 0.0
        self._info_id = ""

    def append(self, originals: Iterable[Original]) -> None:
        """Write records; when this returns, they are on the disk.

        Raises:
            Retryable: the disk is full or fails. None of the records counts as written.
        """
        self.finish_if_due()
        try:
            descriptor = self._descriptor if self._descriptor is not None else self._begin()
            size = self._size
            for original in originals:
                size += _write(descriptor, page_members(self._writer, original, self._info_id))
        except OSError as error:
            self._cut_back()
            raise Retryable(f"{self.folder}: {error.strerror or error}") from error
        try:
            os.fsync(descriptor)
        except OSError as error:
            # What is on the disk is unknown, and a second fsync would not tell: go on in another file.
            self._abandon()
            raise Retryable(f"{self.folder}: {error.strerror or error}") from error
        self.written += size - self._size
        self._size = size
        self.finish_if_due()

    def finish_if_due(self) -> None:
        """Finish the current file if it is large or old enough.

        Raises:
            Retryable: the disk fails.
        """
        if self._descriptor is not None and (
            self._size >= self._max_bytes or time.monotonic() - self._begun >= self._max_seconds
        ):
            self.finish()

    def finish(self) -> None:
        """Finish the current file, if there is one: its name loses `.open`.

        Raises:
            Retryable: the disk fails.
        """
        if self._descriptor is None:
            return
        try:
            os.rename(self._path, self._path.with_suffix(""))  # noqa: PTH104  (everything in it is on the disk)
            sync_folder(self.folder)
        except OSError as error:
            raise Retryable(f"{self._path}: {error.strerror or error}") from error
        os.close(self._descriptor)
        self._descriptor = None
        self.finished += 1
        log.info("archive file finished", file=self._path.stem, bytes=self._size)

    def _begin(self) -> int:
        self._serial += 1
        moment = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
        # Host and process id are the same after a container's restart, which may follow within a second.
        name = f"{self._prefix}-{moment}-{self._serial:05}-{socket.gethostname()}-{secrets.token_hex(4)}.warc.gz"
        path = self.folder / (name + OPEN)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        self._descriptor, self._path, self._size, self._begun = descriptor, path, 0, time.monotonic()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._info_id, member = info_member(self._writer, name, self._info)
            self._size = _write(descriptor, member)
            self.written += self._size
            sync_folder(self.folder)
        except OSError:
            self._abandon()
            path.unlink(missing_ok=True)
            raise
        return descriptor

    def _cut_back(self) -> None:
        """Remove what a failed call has written; without success, leave the file to `repair`."""
        if self._descriptor is None:
            return
        try:
            os.ftruncate(self._descriptor, self._size)
            os.lseek(self._descriptor, self._size, os.SEEK_SET)
        except OSError:
            self._abandon()

    def _abandon(self) -> None:
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None


def _write(descriptor: int, data: bytes) -> int:
    """Write all of some bytes, as a full disk may take a part only.

    Raises:
        OSError: the disk is full or fails.
    """
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    return len(data)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk.

    Raises:
        OSError: the disk fails.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def whole_bytes(path: Path) -> int:
    """Return the length of a file up to the end of its last whole gzip member. zlib checks each member's CRC.

    Raises:
        OSError: the file cannot be read.
    """
    whole = read = 0
    member = zlib.decompressobj(zlib.MAX_WBITS + 16)
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            read += len(piece)
            try:
                while piece:
                    # What is unpacked is not needed; a bound keeps a bomb from filling the memory.
                    member.decompress(piece, _PIECE)
                    piece = member.unconsumed_tail
                    if member.eof:
                        piece = member.unused_data
                        whole = read - len(piece)
                        member = zlib.decompressobj(zlib.MAX_WBITS + 16)
            except zlib.error:
                break
    return whole


def repair(folder: Path) -> list[Path]:
    """Finish the files whose process died: cut each behind its last whole member. Returns the finished files.

    Raises:
        OSError: the disk fails.
    """
    finished = []
    for path in sorted(folder.glob(f"*.warc.gz{OPEN}")):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:  # another process was faster
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # it is being written
            os.close(descriptor)
            continue
        try:
            if not path.exists():
                continue
            whole, size = whole_bytes(path), os.fstat(descriptor).st_size
            if whole == 0:
                path.unlink()
                continue
            os.ftruncate(descriptor, whole)
            os.fsync(descriptor)
            os.rename(path, path.with_suffix(""))  # noqa: PTH104
            finished.append(path.with_suffix(""))
            log.warning("archive file of a process that died finished", file=path.stem, bytes=whole, cut=size - whole)
        finally:
            os.close(descriptor)
    sync_folder(folder)
    return finished
