"""Errors as RFC 9457 problem details (application/problem+json)."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from streams.api.keys import redact
from streams.api.limits import TooManyRequests
from streams.errors import OperatorError, QueryRefused, Rejected, Retryable
from streams.observability.logs import get_logger
from streams.search.source_scope import UnknownCollectionError

log = get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
# Long enough for a node to restart, short enough for a page that retries.
RETRY_AFTER_SECONDS = 5


class FieldFault(BaseModel):
    """Error in one parameter."""

    field: str
    detail: str


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str = Field("about:blank", description="Always about:blank: the status defines the type of the problem.")
    title: str
    status: int
    detail: str
    instance: str | None = Field(None, description="Path of the request.")
    errors: list[FieldFault] | None = Field(None, description="Errors in single parameters.")
    records: list[dict[str, Any]] | None = Field(
        None, description="Verdicts on the records of a submitted body, of which none can be used."
    )


def _schema() -> dict[str, Any]:
    """Return the JSON Schema of `Problem` without `$defs`, which a response in OpenAPI cannot refer to."""
    schema = Problem.model_json_schema()
    fault = schema.pop("$defs")["FieldFault"]
    schema["properties"]["errors"] = {"type": "array", "items": fault}
    return schema


# Every route may answer these: streams.api.gate refuses before the route is known.
GATE_STATUSES = (400, 414, 421, 429, 431, 500)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI response objects of these error statuses, and of those that every route may have."""
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": _schema()}}}
        for status in sorted({*statuses, *GATE_STATUSES})
    }


def problem(
    request: Request,
    status: int,
    detail: str,
    *,
    errors: Sequence[FieldFault] = (),
    headers: dict[str, str] | None = None,
    records: Sequence[dict[str, Any]] = (),
) -> JSONResponse:
    """Build the response for a problem; `records` is a member of its own (RFC 9457, section 3.2)."""
    body = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=redact(detail),
        instance=redact(request.url.path),
        errors=list(errors) or None,
        records=list(records) or None,
    )
    return JSONResponse(body.model_dump(exclude_none=True), status, headers, media_type=MEDIA_TYPE)


def install(api: FastAPI) -> None:
    """Register handlers that answer every error with problem details."""

    @api.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        faults = [
            FieldFault(field=".".join(str(part) for part in item["loc"][1:]) or "request", detail=item["msg"])
            for item in error.errors()
        ]
        detail = "; ".join(f"{fault.field}: {fault.detail}" for fault in faults[:3])
        return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=faults)

    @api.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers) if error.headers else None
        return problem(request, error.status_code, str(error.detail), headers=headers)

    @api.exception_handler(Retryable)
    async def away(request: Request, error: Retryable) -> JSONResponse:
        headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
        return problem(request, HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers=headers)

    @api.exception_handler(TooManyRequests)
    async def limited(request: Request, error: TooManyRequests) -> JSONResponse:
        headers = {"Retry-After": str(error.seconds)}
        return problem(request, HTTPStatus.TOO_MANY_REQUESTS, str(error), headers=headers)

    @api.exception_handler(OperatorError)
    async def misconfigured(request: Request, error: OperatorError) -> JSONResponse:
        log.error("the API cannot answer", path=request.url.path, cause=error.message)
        return problem(request, HTTPStatus.INTERNAL_SERVER_ERROR, error.message)

    @api.exception_handler(QueryRefused)
    async def too_expensive(request: Request, error: QueryRefused) -> JSONResponse:
        return problem(request, HTTPStatus.BAD_REQUEST, str(error))

    @api.exception_handler(UnknownCollectionError)
    async def unknown_collection(request: Request, error: UnknownCollectionError) -> JSONResponse:
        return problem(request, HTTPStatus.BAD_REQUEST, f"{error.message}; {error.hint}")

    @api.exception_handler(Rejected)
    async def bad_record(request: Request, error: Rejected) -> JSONResponse:
        return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
