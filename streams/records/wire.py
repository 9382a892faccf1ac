"""Read records from the wire."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import from_json

from streams.errors import Reason, Rejected
from streams.records.models import Record

R = TypeVar("R", bound=Record)


def decode(model: type[R], data: bytes) -> R:
    """Parse one record from the wire.

    Raises:
        Rejected: not UTF-8, not JSON, or not of this schema; the detail names the first field at fault.
    """
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise Rejected(Reason.NOT_JSON, _json_fault(data, str(first["ctx"]["error"]))) from error
        where = ".".join(str(part) for part in first["loc"]) or "record"
        raise Rejected(Reason.BAD_SCHEMA, f"{where}: {first['msg']}") from error


def _json_fault(data: bytes, fallback: str) -> str:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return f"byte {error.start} is not UTF-8"
    try:
        from_json(data)
    except ValueError as error:
        return str(error)
    return fallback
