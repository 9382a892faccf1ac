"""The tap `archive`: every record of articles.raw in WARC files (docs/guides/archive.md)."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence

from streams import __version__
from streams.archive.files import ArchiveFiles, repair
from streams.errors import OperatorError, Rejected, Retryable
from streams.observability.metrics import Metrics
from streams.stage import Context, Original, Tap
from streams.topics import Topic


class Archive:
    """Writes batches of records into the current file.

    Args:
        files: the files.
        metrics: metrics of the process.
    """

    def __init__(self, files: ArchiveFiles, metrics: Metrics) -> None:
        self._files = files
        self._metrics = metrics
        self._lock = asyncio.Lock()

    async def write(self, records: Sequence[Original], /) -> list[Rejected | None]:
        """Store a batch; when this returns, it is on the disk.

        Raises:
            Retryable: the disk is full or fails.
        """
        async with self._lock:
            await asyncio.to_thread(self._files.append, records)
            self._count()
        return [None] * len(records)

    async def check(self) -> None:
        """Check that the folder is there, and finish a file that is old enough.

        Raises:
            Retryable: it is not, or the disk fails.
        """
        async with self._lock:
            try:
                free = shutil.disk_usage(self._files.folder).free
            except OSError as error:
                raise Retryable(f"{self._files.folder}: {error.strerror or error}") from error
            self._metrics.set_archive_free(free)
            await asyncio.to_thread(self._files.finish_if_due)
            self._count()

    async def close(self) -> None:
        """Finish the current file."""
        async with self._lock:
            await asyncio.to_thread(self._files.finish)
            self._count()

    def _count(self) -> None:
        self._metrics.archive_bytes.inc(self._files.written)
        self._metrics.archive_files.inc(self._files.finished)
        self._files.written = self._files.finished = 0


def build(context: Context) -> Archive:
    """Make the sink, after finishing the files of processes that died.

    Raises:
        OperatorError: RASD_ARCHIVE_DIR is not set, or the folder cannot be used.
    """
    settings = context.settings
    folder = settings.archive_dir
    if folder is None:
        raise OperatorError("the tap archive needs a folder", hint="RASD_ARCHIVE_DIR")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        repair(folder)
    except OSError as error:
        raise OperatorError(f"{folder}: {error.strerror or error}", hint="RASD_ARCHIVE_DIR") from error
    info = {"software": f"Rasd {__version__}", "isPartOf": f"{settings.topic_prefix}{Topic.RAW}"}
    prefix = f"{settings.topic_prefix}rasd"
    files = ArchiveFiles(folder, prefix, settings.archive_file_bytes, settings.archive_file_seconds, info)
    return Archive(files, context.metrics)


# A write in a thread cannot be cancelled.
TAP = Tap("archive", version="1", accepts=Original, build=build, reads=Topic.RAW, own_timeouts=True)
