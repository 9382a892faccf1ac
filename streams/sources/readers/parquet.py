"""Read tables in Parquet. Needs the extra `parquet`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import IO, Any, cast

from streams.errors import OperatorError, Reason, Rejected
from streams.installation import missing_extra
from streams.settings import MIB
from streams.sources.base import Item
from streams.sources.readers.base import Document, Format, ReadOptions
from streams.sources.readers.csv_tables import check_columns
from streams.sources.readers.fields import read_fields

_MAGIC = b"PAR1"
_ROWS = 64
# A Parquet file is read from its end, so one that is a stream is copied to a temporary file.
_MAX_COPY_BYTES = 2048 * MIB


def _read(document: Document, options: ReadOptions) -> Iterator[Item]:
    try:
        import pyarrow as pa  # noqa: PLC0415  (an extra)
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise (missing_extra(error) or OperatorError(str(error))) from error
    with tempfile.SpooledTemporaryFile(max_size=16 * MIB) as spool:
        size = 0
        while chunk := document.stream.read(MIB):
            size += len(chunk)
            if size > _MAX_COPY_BYTES:
                raise Rejected(Reason.TOO_LARGE, f"more than {_MAX_COPY_BYTES // MIB} MiB")
            spool.write(chunk)
        spool.seek(0)
        number = 0
        try:
            table = pq.ParquetFile(cast(IO[bytes], spool))
            check_columns(table.schema_arrow.names, options)
            for batch in table.iter_batches(batch_size=_ROWS):
                for row in batch.to_pylist():
                    number += 1
                    fields = {name: _plain(value) for name, value in row.items() if value is not None}
                    yield read_fields(f"{document.location}:row {number}", fields, options)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise Rejected(Reason.BAD_ENCODING, f"not a readable Parquet file after row {number}: {error}") from error


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items() if each is not None}
    return value


PARQUET = Format(
    "parquet", "tables in Parquet (extra parquet)", (".parquet", ".pq"), lambda d: d.head.startswith(_MAGIC), _read
)
