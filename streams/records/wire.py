"""Read records from the wire."""

from __future__ import annotations

import json
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import from_json

from streams.errors import Reason, Rejected
from streams.records.lenient import FieldNotes, without_untext
from streams.records.models import RawArticle, Record

R = TypeVar("R", bound=Record)

# Errors of one record that are listed; a record of another kind may have hundreds.
_LISTED = 8


def decode(model: type[R], data: bytes) -> R:
    """Parse one record from the wire. Optional fields of raw records are read leniently (`RawArticle.notes`).

    Raises:
        Rejected: not UTF-8, not JSON, or not of this schema; the detail names all fields at fault.
    """
    if not issubclass(model, RawArticle):
        try:
            return model.model_validate_json(data)
        except ValidationError as error:
            raise _json_fault(data, error) or _schema_fault(error) from error
    notes = FieldNotes()
    fault: Rejected | None = None
    # JSON writes NUL only as this escape, and no text needs it.
    if b"\\u0000" not in data:
        try:
            return _noted(model.model_validate_json(data, context=notes), notes)
        except ValidationError as error:
            fault = _json_fault(data, error)
            if fault is None:
                raise _schema_fault(error) from error
    try:
        return _noted(_decode_mended(model, data, notes), notes)
    except ValidationError as error:
        raise _schema_fault(error) from error
    except (ValueError, RecursionError) as error:
        raise fault or Rejected(Reason.NOT_JSON, str(error)) from error


def _decode_mended(model: type[R], data: bytes, notes: FieldNotes) -> R:
    """Parse with Python's reader, which takes lone surrogates and raw control characters, and remove them.

    Raises:
        ValueError: not JSON; a `ValidationError`: not of this schema.
        RecursionError: nested too deeply.
    """
    # Halves of a pair may also be encoded one by one, as Java and MySQL do (CESU-8).
    value = json.loads(data.decode("utf-8", "surrogatepass"), strict=False)
    return model.model_validate(without_untext(value, notes), context=notes)


def _noted(record: R, notes: FieldNotes) -> R:
    if isinstance(record, RawArticle) and notes.notes:
        record.with_notes(notes.notes)
    return record


def _schema_fault(error: ValidationError) -> Rejected:
    faults = error.errors(include_url=False, include_input=False)
    listed = [f"{'.'.join(map(str, fault['loc'])) or 'record'}: {fault['msg']}" for fault in faults[:_LISTED]]
    more = [f"and {len(faults) - _LISTED} more"] if len(faults) > _LISTED else []
    return Rejected(Reason.BAD_SCHEMA, "; ".join([*listed, *more]))


def _json_fault(data: bytes, error: ValidationError) -> Rejected | None:
    """Return why the bytes are not JSON, or None if they are."""
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] != "json_invalid":
        return None
    try:
        data.decode()
    except UnicodeDecodeError as fault:
        return Rejected(Reason.NOT_JSON, f"byte {fault.start} is not UTF-8")
    try:
        from_json(data)
    except ValueError as fault:
        return Rejected(Reason.NOT_JSON, str(fault))
    return Rejected(Reason.NOT_JSON, str(first["ctx"]["error"]))
