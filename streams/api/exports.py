"""GET /export: all matching articles as NDJSON or CSV."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import asdict, dataclass
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
from streams.records import Article
from streams.search.request import Filters

router = APIRouter(tags=["articles"])

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}
FIELDS = tuple(Article.model_fields)
NDJSON, CSV = "application/x-ndjson", "text/csv; charset=utf-8"


class ExportRequest(Filters):
    """Filters, and the format of the file."""

    format: Literal["ndjson", "csv"] = Field("ndjson", description="NDJSON (one JSON object per line) or CSV.")
    order: Order = Field("newest", description="Order by time of publication, then by id.")
    end: bool | None = Field(
        None,
        description="Whether to end with a line that states if the export is complete. Default: true for NDJSON, "
        "false for CSV.",
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
        names = tuple(part.strip() for item in value for part in item.split(",") if part.strip())
        if unknown := [name for name in names if name not in COLUMNS]:
            raise ValueError(f"unknown column {unknown[0]!r:.60}; known: {', '.join(COLUMNS)}")
        if len(set(names)) < len(names):
            raise ValueError("a column is given twice")
        return names


class NdjsonForm:
    """NDJSON: one article per line, as in `GET /articles/{id}`."""

    def head(self) -> bytes:
        """Return nothing: NDJSON has no header."""
        return b""

    def body(self, documents: Iterable[Document]) -> bytes:
        """Return the lines of these articles."""
        return b"".join(
            orjson.dumps({name: document[name] for name in FIELDS if name in document}) + b"\n"
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
        if detail := facts.get("detail"):
            text += f"; {detail}"
        return line([text] + [""] * (len(self.columns) - 1), self.separator, safe=False).encode()


@dataclass(slots=True)
class ExportProgress:
    """Number of articles in an export, and of those written so far."""

    total: int = 0
    articles: int = 0


@router.get(
    "/export",
    summary="Export all matching articles",
    dependencies=[Depends(needs(Scope.EXPORT))],
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "All matching articles, in order. An incomplete export lacks the last chunk of the body.",
            "headers": {
                "Rasd-Export-Total": {"description": "Number of articles in the export.", "schema": {"type": "integer"}}
            },
            "content": {"application/x-ndjson": {}, "text/csv": {}},
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
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
    }
    return Stream(first, body, CSV if request.format == "csv" else NDJSON, headers)


async def _body(state: State, client: str, request: ExportRequest, progress: ExportProgress) -> AsyncGenerator[bytes]:
    form = CsvForm(request) if request.format == "csv" else NdjsonForm()
    with state.exports.slot(client):
        filters = await state.searcher.effective(request)
        async with open_snapshot(state.searcher.client, state.settings, filters, request.order) as snapshot:
            page = await snapshot.page()
            progress.total = snapshot.total
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
                yield form.end(asdict(progress) | {"complete": False, "detail": str(error)})
                raise Broken(
                    f"export failed after {progress.articles} of {progress.total} articles: {error}"
                ) from error
    if request.end if request.end is not None else request.format == "ndjson":
        yield form.end(asdict(progress) | {"complete": True})
