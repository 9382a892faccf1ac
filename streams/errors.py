"""Every way in which a record or a command can fail, and what follows from it.

A stage raises `Retryable` when the world is at fault (a broker or server is away, a 429): the runner waits and tries
the same record again. It raises `Rejected` when the record is at fault: the runner writes it to articles.dlq with its
original bytes and goes on. Any other exception out of a stage is a defect of ours; the record is dead-lettered all the
same, under the reason `poison`, so that it is counted apart. `OperatorError` ends a `rasd` command with one line and an
exit status.
"""

from enum import StrEnum

__all__ = ["OperatorError", "RasdError", "Reason", "Rejected", "Retryable"]


class Reason(StrEnum):
    """Why a record was dead-lettered. A closed set: it is a metric label and a filter of `rasd dlq list`."""

    NOT_JSON = "not_json"
    BAD_SCHEMA = "bad_schema"
    BAD_ENCODING = "bad_encoding"
    TOO_LARGE = "too_large"
    EMPTY_BODY = "empty_body"
    NO_ARTICLE = "no_article"
    INDEX_REFUSED = "index_refused"
    POISON = "poison"


class RasdError(Exception):
    """Base of all errors that Rasd raises on purpose."""


class Retryable(RasdError):
    """The outside world is not ready; the same record may succeed later."""


class Rejected(RasdError):
    """The record itself can never pass this stage.

    Attributes:
        reason: the bounded cause, for metrics and filters.
        detail: one line for a person, naming the field or the limit.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class OperatorError(RasdError):
    """A `rasd` command cannot go on.

    Attributes:
        message: one line saying what is wrong.
        hint: the command or setting that helps, or None.
        status: exit status of the process, 1 (it failed) or 2 (it was called wrongly).
    """

    def __init__(self, message: str, *, hint: str | None = None, status: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.status = status
