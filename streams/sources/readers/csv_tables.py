"""Read tables of articles, CSV and TSV, whose first row names the columns."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import cast

from streams.errors import Reason, Rejected
from streams.formats.csv import COLUMNS, JOINT, looks_like_formula
from streams.sources.base import Item
from streams.sources.readers.base import (
    KEPT_BYTES,
    MAX_RECORD_BYTES,
    Document,
    Format,
    ReadOptions,
    first_lines,
    head_text,
    too_large,
)
from streams.sources.readers.fields import raw_fields, read_fields

_DELIMITERS = ",;\t|"


def _read(document: Document, options: ReadOptions) -> Iterator[Item]:
    """Read each row as one record. A row that does not fit costs itself alone."""
    text = io.TextIOWrapper(
        cast(io.BufferedReader, document.stream), encoding=_encoding(document.head), errors="replace", newline=""
    )
    csv.field_size_limit(MAX_RECORD_BYTES)
    rows = csv.reader(_bounded(text), delimiter=_delimiter(document))
    header: list[str] | None = None
    while True:
        line = rows.line_num + 1
        location = f"{document.location}:{line}"
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Item(location, b"", failure=Rejected(Reason.BAD_SCHEMA, f"not a row of a table: {error}"))
            continue
        except Rejected as failure:
            yield Item(location, b"", failure=failure)
            return
        if not any(cell.strip() for cell in row):
            continue
        if header is None:
            header = [name.strip().lstrip("\ufeff") for name in row]
            check_columns(header, options)
            continue
        yield _row(location, header, row, options)


def _bounded(text: io.TextIOWrapper) -> Iterator[str]:
    """Yield lines, each at most as long as a record may be.

    Raises:
        Rejected: a line is longer.
    """
    while line := text.readline(MAX_RECORD_BYTES):
        if len(line) >= MAX_RECORD_BYTES:
            raise too_large(MAX_RECORD_BYTES)
        yield line


def check_columns(header: Sequence[str], options: ReadOptions) -> None:
    """Check that the columns hold articles.

    Raises:
        Rejected: no column has the text or the address.
    """
    found = raw_fields(dict.fromkeys(header, "https://x.example/"), options)
    missing = [name for name in ("url", "content") if name not in found]
    if missing:
        raise Rejected(
            Reason.BAD_SCHEMA,
            f"no column is the article's {' or '.join(missing)}: the columns are {', '.join(header)[:400]};"
            f" name it with --map {missing[0]}=COLUMN",
        )


def _row(location: str, header: Sequence[str], row: Sequence[str], options: ReadOptions) -> Item:
    if len(row) > len(header) and any(cell.strip() for cell in row[len(header) :]):
        kept = json.dumps(row, ensure_ascii=False).encode("utf-8", "replace")[:KEPT_BYTES]
        fault = f"{len(row)} cells where the first row has {len(header)}: a quotation mark may be missing"
        return Item(location, kept, failure=Rejected(Reason.BAD_SCHEMA, fault))
    fields = {name: cell for name, cell in zip(header, row, strict=False) if cell.strip()}
    if list(header) == [name for name in COLUMNS if name in header] and {"body", "ingested_at"} <= set(header):
        fields = {name: _exported(name, cell) for name, cell in fields.items()}
    return read_fields(location, fields, options)


def _exported(name: str, cell: str) -> str:
    """Undo what our own export did to a cell for the sake of spreadsheets."""
    plain = cell[1:] if cell.startswith("'") and looks_like_formula(cell) else cell
    return plain.replace(JOINT, "، ") if name == "byline" else plain


def _encoding(head: bytes) -> str:
    """Return the encoding: what the byte order mark says, UTF-8, else what an Arabic spreadsheet writes."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes  # noqa: PLC0415  (few files need it)

        best = from_bytes(head[:20_000], cp_isolation=["cp1256", "iso8859_6", "cp1252", "utf_16_le"]).best()
        return best.encoding if best is not None else "cp1256"
    return "utf-8-sig"


def _delimiter(document: Document) -> str:
    lines = first_lines(document.head, 1)
    # The first row has names, which hold no delimiter.
    header = lines[0] if lines else ""
    return max(_DELIMITERS, key=header.count) if any(map(header.count, _DELIMITERS)) else ","


def _recognise(document: Document) -> bool:
    """Return whether the first row names columns that hold articles; documents without a suffix come here."""
    if document.suffix not in {"", ".csv", ".tsv", ".tab", ".dat"}:
        return False
    lines = first_lines(head_text(document.head).encode(), 1)
    if not lines or not any(map(lines[0].count, _DELIMITERS)):
        return False
    try:
        check_columns(next(csv.reader(lines, delimiter=_delimiter(document)), []), ReadOptions())
    except (Rejected, csv.Error):
        return False
    return True


CSV = Format(
    "csv", "tables whose first row names the columns, by commas or semicolons", (".csv",), _recognise, _read,
    certain=False,
)  # fmt: skip
TSV = Format("tsv", "the same, by tabs", (".tsv", ".tab"), lambda _: False, _read, certain=False)
