"""Reads the records of a submitted body, in any format that is one, and says what became of each."""

from __future__ import annotations

import asyncio
import hashlib
import io
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from fastapi import HTTPException
from pydantic import BaseModel, Field
from pydantic_core import from_json

from streams.api.submit import Intake, Receipt
from streams.errors import OperatorError, Reason, Rejected
from streams.sources.base import Item
from streams.sources.readers.base import HEAD_BYTES, Document, ReadOptions
from streams.sources.readers.registry import format_named, read_as, recognise

# Most records in one request: a client learns soon what is wrong with them, and repeats little after a fault.
MAX_RECORDS = 1000
# Records that Kafka is asked to confirm at once.
_TOGETHER = 100

# By content type, the format; a browser sends none of these across origins without asking first.
FORMATS = {
    "application/json": "json",
    "application/x-ndjson": "jsonl",
    "application/ndjson": "jsonl",
    "application/jsonl": "jsonl",
    "application/x-jsonlines": "jsonl",
    "application/feed+json": "json-feed",
    "application/rss+xml": "feed",
    "application/atom+xml": "feed",
    "application/rdf+xml": "feed",
    "application/warc": "warc",
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "multipart/related": "mhtml",
}
_JSON = {"json", "jsonl", "json-feed", "telegram"}


class Verdict(BaseModel):
    """What became of one record."""

    record: str = Field(description="The record's place in the body: its line, or its number or id in the format.")
    status: Literal["accepted", "refused"] = Field(description="`accepted`: all in-sync replicas in Kafka have it.")
    partition: int | None = Field(None, description="Of an accepted record.")
    offset: int | None = Field(None, description="Of an accepted record.")
    reason: str | None = Field(None, description="Of a refused record: the category.")
    detail: str | None = Field(None, description="Of a refused record: what is wrong.")
    notes: list[str] = Field(default_factory=list, description="Fields that were lost or read in an unusual form.")


class Batch(BaseModel):
    """What became of the records of one body, in the order in which they stand there."""

    accepted: int = Field(description="Number of records accepted.")
    refused: int = Field(description="Number of records refused.")
    records: list[Verdict] = Field(description="One verdict for each record, in order.")
    skipped: list[str] = Field(default_factory=list, description="What the body holds beside records.")


@dataclass(frozen=True, slots=True)
class Submission:
    """The records of a body.

    Attributes:
        items: the records, in order.
        single: whether the body is one JSON object that is one record, which is answered with its receipt alone.
    """

    items: list[Item]
    single: bool


def read_submission(data: bytes, media_type: str, source: str | None) -> Submission:
    """Read the records of a body. Blocks for as long as that takes.

    Args:
        data: the body, unpacked.
        media_type: its content type without parameters, one of `FORMATS`.
        source: outlet of all records; None for what each says.

    Raises:
        HTTPException: there are more than `MAX_RECORDS` (413).
        Rejected: there is none, or the body as a whole cannot be read.
    """
    uri = f"urn:sha256:{hashlib.sha256(data).hexdigest()}"
    document = Document("body", "", uri, data[:HEAD_BYTES], io.BytesIO(data))
    name = FORMATS[media_type]
    if name == "json" and (found := recognise(document)) is not None and found.name in _JSON:
        name = found.name
    try:
        items = list(islice(read_as(format_named(name), document, ReadOptions(source=source)), MAX_RECORDS + 1))
    except OperatorError as error:
        raise Rejected(Reason.BAD_SCHEMA, error.message) from error
    if len(items) > MAX_RECORDS:
        raise HTTPException(413, f"more than {MAX_RECORDS} records in one request")
    records = [item for item in items if item.skipped is None]
    if not records:
        raise Rejected(Reason.BAD_SCHEMA, "; ".join(["the body holds no record", *(i.skipped or "" for i in items)]))
    single = media_type == "application/json" and len(items) == 1 and data.lstrip()[:1] != b"["
    return Submission(items, single)


async def send_all(intake: Intake, submission: Submission, parent: str | None) -> Batch:
    """Send the records that can be read.

    Raises:
        Retryable: no broker acknowledges a record in time; sending all of them again is safe.
    """
    verdicts: list[Verdict] = []
    records = [item for item in submission.items if item.skipped is None]
    for start in range(0, len(records), _TOGETHER):
        together = (_verdict(intake, item, parent) for item in records[start : start + _TOGETHER])
        outcomes = await asyncio.gather(*together, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
            verdicts.append(outcome)
    accepted = sum(verdict.status == "accepted" for verdict in verdicts)
    skipped = [item.skipped for item in submission.items if item.skipped is not None]
    return Batch(accepted=accepted, refused=len(verdicts) - accepted, records=verdicts, skipped=skipped)


async def _verdict(intake: Intake, item: Item, parent: str | None) -> Verdict:
    place = item.location.removeprefix("body").lstrip(":") or "1"
    try:
        receipt = await send_one(intake, item, parent)
    except Rejected as failure:
        return Verdict(record=place, status="refused", reason=failure.reason.value, detail=failure.detail)
    notes = [str(note) for note in item.raw.notes] if item.raw is not None else []
    return Verdict(record=place, status="accepted", partition=receipt.partition, offset=receipt.offset, notes=notes)


async def send_one(intake: Intake, item: Item, parent: str | None) -> Receipt:
    """Send one record.

    Raises:
        Rejected: it cannot be read, or is too large.
        Retryable: no broker acknowledges it in time.
    """
    if item.raw is None:
        raise item.failure or Rejected(Reason.BAD_SCHEMA, item.skipped or "no record")
    _refuse_infinity(item.data)
    return await intake.send(item.raw, item.data, parent)


def _refuse_infinity(data: bytes) -> None:
    """Refuse NaN and Infinity, which the decoder of records takes but JSON and later readers of the topic do not.

    Raises:
        Rejected: the body has one.
    """
    if b"NaN" in data or b"Infinity" in data:
        try:
            from_json(data, allow_inf_nan=False)
        except ValueError as error:
            raise Rejected(Reason.NOT_JSON, str(error)) from error


def request_body(schema: dict[str, Any], example: dict[str, Any], limit: str) -> dict[str, Any]:
    """Describe the request's body for OpenAPI: every content type, and the limits.

    Args:
        schema: JSON Schema of a record.
        example: a record.
        limit: the limit of the body's size, in words.
    """
    definitions = {"$defs": schema["$defs"]} if "$defs" in schema else {}
    record = {name: value for name, value in schema.items() if name != "$defs"}
    one_or_many = {**definitions, "anyOf": [record, {"type": "array", "items": record, "maxItems": MAX_RECORDS}]}
    content: dict[str, Any] = {name: {"schema": {"type": "string"}} for name in FORMATS}
    content["application/json"] = {"schema": one_or_many, "example": example}
    description = (
        f"One record, or up to {MAX_RECORDS:,}: a JSON array, JSON Lines, a table, a feed, a WARC file, a page. The"
        f" body has at most {limit}, as it arrives and unpacked. Records with the field names of other programs are"
        " read as by `rasd ingest`."
    )
    return {"required": True, "description": description, "content": content}
