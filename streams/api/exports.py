"""GET /export: all matching articles as NDJSON or CSV."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import Field, field_validator

from streams.api.auth import needs
from streams.api.dependencies import Client, Shared, State
from streams.api.keys import Scope
from streams.api.problem_details import responses
from streams.api.snapshot import Document, Order, SnapshotLost, open_snapshot
from streams.api.streaming import Broken, Stream
from streams.errors import RasdError
from streams.formats.csv import BOM, COLUMNS, line, row
from streams.formats.geojson import features
from streams.search.hits import RELAXED, read_article
from streams.search.request import ARTICLE_FIELDS, Filters, read_names
from streams.search.service import Searcher

router = APIRouter(tags=["articles"])

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}
MEDIA_TYPES = {"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8", "geojson": "application/geo+json"}


class ExportRequest(Filters):
    """Filters, and the format of the file."""

    format: Literal["ndjson", "csv", "geojson"] = Field(
        "ndjson",
        description="NDJSON (one JSON object per line), CSV, or GeoJSON (RFC 7946; one point for each place of an "
        "article).",
    )
    order: Order = Field("newest", description="Order by time of publication, then by id.")
    end: bool | None = Field(
        None,
        description="Whether to end with a line that states if the export is complete. Default: true for NDJSON, "
        "false for CSV. GeoJSON always states it.",
    )
    fields: tuple[str, ...] = Field(
        (),
        max_length=len(ARTICLE_FIELDS),
        description="NDJSON: only these fields of each article, comma-separated or repeated. Default: all.",
        examples=["id,title,published_at"],
    )
    columns: tuple[str, ...] = Field(
        (),
        max_length=len(COLUMNS),
        description=f"CSV: columns in this order, comma-separated or repeated; of {', '.join(COLUMNS)}. Default: all.",
    )
    separator: Literal["comma", "semicolon", "tab"] = Field(
        "comma", description="CSV: separator; spreadsheets expect the one of their locale."
    )
    bom: bool = Field(True, description="CSV: begin with a byte order mark, by which Excel detects UTF-8.")
    safe: bool = Field(
        True,
        description="CSV: prefix an apostrophe to cells that a spreadsheet would evaluate as a formula. "
        "False: leave them unchanged.",
    )

    @field_validator("columns")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return read_names(value, tuple(COLUMNS), "column")

    @field_validator("fields")
    @classmethod
    def _known_fields(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return read_names(value, ARTICLE_FIELDS, "field")


class NdjsonForm:
    """NDJSON: one article per line, as in `GET /articles/{id}`.

    Args:
        request: the fields.
    """

    def __init__(self, request: ExportRequest) -> None:
        self.fields = request.fields or ARTICLE_FIELDS

    def head(self) -> bytes:
        """Return nothing: NDJSON has no header."""
        return b""

    def body(self, documents: Iterable[Document]) -> bytes:
        """Return the lines of these articles."""
        return b"".join(
            orjson.dumps({name: document[name] for name in self.fields if name in document}) + b"\n"
            for document in documents
        )

    def end(self, facts: Mapping[str, Any]) -> bytes:
        """Return the closing line. No article has a field `export`."""
        return orjson.dumps({"export": facts}) + b"\n"


class CsvForm:
    """CSV.

    Args:
        request: columns and format.
    """

    def __init__(self, request: ExportRequest) -> None:
        self.columns = request.columns or tuple(COLUMNS)
        self.separator = SEPARATORS[request.separator]
        self.bom = request.bom
        self.safe = request.safe

    def head(self) -> bytes:
        """Return the header line."""
        return ((BOM if self.bom else "") + line(self.columns, self.separator, safe=False)).encode()

    def body(self, documents: Iterable[Document]) -> bytes:
        """Return the lines of these articles."""
        rows = (line(row(document, self.columns), self.separator, safe=self.safe) for document in documents)
        return "".join(rows).encode()

    def end(self, facts: Mapping[str, Any]) -> bytes:
        """Return the closing line. Its first cell begins with #, as no id does."""
        state = "complete" if facts["complete"] else "INCOMPLETE"
        text = f"#export {state}: {facts['articles']} of {facts['total']} articles"
        if facts.get("relaxed"):
            text += "; relaxed: no article has enough of the words"
        if detail := facts.get("detail"):
            text += f"; {detail}"
        return line([text] + [""] * (len(self.columns) - 1), self.separator, safe=False).encode()


class GeoForm:
    """GeoJSON: a point for each place of each article (`streams.formats.geojson`); `export` is a foreign member."""

    def __init__(self) -> None:
        self._separator = b""

    def head(self) -> bytes:
        """Return the beginning of the collection."""
        return b'{"type":"FeatureCollection","features":[\n'

    def body(self, documents: Iterable[Document]) -> bytes:
        """Return the features of these articles; nothing if they name no places."""
        found = [orjson.dumps(feature) for document in documents for feature in features(read_article(document))]
        lines = b",\n".join(found)
        lines, self._separator = (self._separator + lines, b",\n") if lines else (b"", self._separator)
        return lines

    def end(self, facts: Mapping[str, Any]) -> bytes:
        """Return the end of the collection. An incomplete one has no end, so that no program takes it for whole."""
        return b'\n],"export":' + orjson.dumps(facts) + b"}\n" if facts["complete"] else b"\n"


def _form(request: ExportRequest) -> NdjsonForm | CsvForm | GeoForm:
    if request.format == "geojson":
        return GeoForm()
    return CsvForm(request) if request.format == "csv" else NdjsonForm(request)


@dataclass(slots=True)
class ExportProgress:
    """Number of articles in an export, and of those written so far; whether it is relaxed, and notes on the query."""

    total: int = 0
    articles: int = 0
    relaxed: bool = False
    notes: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Return what the last line says: the counts, and of the rest what there is to say."""
        found: dict[str, Any] = {"articles": self.articles, "total": self.total}
        if self.relaxed:
            found["relaxed"] = True
        if self.notes:
            found["notes"] = [str(note) for note in self.notes]
        return found


@router.get(
    "/export",
    summary="Export all matching articles",
    dependencies=[Depends(needs(Scope.EXPORT))],
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "All matching articles, in order. An incomplete export lacks the last chunk of the body.",
            "headers": {
                "Rasd-Export-Total": {
                    "description": "Number of articles in the export.",
                    "schema": {"type": "integer"},
                },
                "Rasd-Export-Relaxed": {"description": RELAXED, "schema": {"type": "boolean"}},
            },
            "content": {"application/x-ndjson": {}, "text/csv": {}, "application/geo+json": {}},
        },
        **responses(400, 401, 403, 422, 429, 503),
    },
)
async def export(state: Shared, client: Client, request: Annotated[ExportRequest, Query()]) -> Stream:
    """Return all matching articles from a snapshot of the index at the start of the export.

    NDJSON ends with a line `{"export": {"complete": true, …}}`. If the export fails midway, both formats end with
    `"complete": false` and the reason, and the connection is cut. Copies are not collapsed.
    """
    progress = ExportProgress()
    body = _body(state, client, request, progress)
    # The first piece comes with the first page. Waiting for it here turns its errors into a problem response.
    first = await anext(body)
    name = f"rasd-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{request.format}"
    headers = {
        "Rasd-Export-Total": str(progress.total),
        "Rasd-Export-Relaxed": str(progress.relaxed).lower(),
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
    }
    return Stream(first, body, MEDIA_TYPES[request.format], headers)


async def _body(state: State, client: str, request: ExportRequest, progress: ExportProgress) -> AsyncGenerator[bytes]:
    with state.exports.slot(client):
        async for piece in write_export(state.searcher, request, progress):
            yield piece


async def write_export(searcher: Searcher, request: ExportRequest, progress: ExportProgress) -> AsyncGenerator[bytes]:
    """Yield a file of all matching articles, piece by piece.

    Args:
        searcher: for the index.
        request: filters and format.
        progress: is kept up to date; its total is known with the first piece.

    Raises:
        Broken: it failed midway; what was yielded says so at its end.
        Retryable, QueryRefused: before the first piece.
    """
    form = _form(request)
    filters = await searcher.effective(request)
    async with open_snapshot(searcher.client, searcher.settings, filters, request.order) as snapshot:
        page = await snapshot.page()
        progress.total = snapshot.total
        progress.relaxed, progress.notes = filters.relaxed, request.notes
        yield form.head()
        try:
            while page:
                data = form.body(page)
                progress.articles += len(page)
                snapshot.steer(len(data), len(page))
                yield data
                page = await snapshot.page()
            if progress.articles != progress.total:
                raise SnapshotLost("Elasticsearch returned fewer articles than it had counted")
        except RasdError as error:
            yield form.end(progress.facts() | {"complete": False, "detail": str(error)})
            raise Broken(f"export failed after {progress.articles} of {progress.total} articles: {error}") from error
    if request.format == "geojson" or (request.end if request.end is not None else request.format == "ndjson"):
        yield form.end(progress.facts() | {"complete": True})
