"""The errors that Rasd raises on purpose, and what follows from each.

Exception
├── RasdError
│   ├── Retryable      A server is unavailable or overloaded. A runner waits, then tries the same batch again, and
│   │                  acknowledges nothing meanwhile. A command ends with status 1; the API answers 503.
│   ├── Rejected       A record can never pass a stage. A map stage raises it, a sink returns it: the runner writes
│   │                  the record's original bytes to articles.dlq with the reason, and continues. If a sink raises
│   │                  it, the batch is halved until the record stands alone. The API answers 422.
│   ├── OperatorError  A person has to fix an argument, a setting, a credential or a topic. A command ends with a
│   │                  one-line message and a status, and so does a worker that cannot build a stage; the API
│   │                  answers 500. From a sink: the runner tries the batch again, because what is wrong may be
│   │                  fixed outside of it. From the function of a map stage: a defect.
│   ├── QueryRefused   Elasticsearch rejects a search. A command ends with status 2; the API answers 400.
│   └── SnapshotLost   An export cannot continue (`streams.api.snapshot`). The API breaks the response off.
├── RestartNeeded      Something of the worker is beyond use that no record is to blame for: the process that computes
│                      (`streams.engine.child_process`), a table's files (`streams.engine.faust.tables`). The worker
│                      restarts from the committed offsets.
├── RecordsPassedOverError, TopicsLostError
│                      Faust skipped records, or Kafka lost the topics (`streams.engine.faust`). The worker
│                      restarts from the committed offsets.
└── any other          A defect. From the function of a map stage: the record becomes a dead letter with the reason
                       `poison`, and the stage continues. From a sink: the same, once the batch has been halved to that
                       record, it has failed three times and the store answers (`streams.engine.sink_writes`).
                       A command ends with status 1; the API answers 500.
"""

from enum import StrEnum

__all__ = ["OperatorError", "RasdError", "Reason", "Rejected", "Retryable"]


class Reason(StrEnum):
    """The reason of a dead letter: the value of a metric label, and a filter of `rasd dlq list`."""

    NOT_JSON = "not_json"
    BAD_SCHEMA = "bad_schema"
    BAD_ENCODING = "bad_encoding"
    TOO_LARGE = "too_large"
    EMPTY_BODY = "empty_body"
    NO_ARTICLE = "no_article"
    NOT_FETCHED = "not_fetched"
    INDEX_REFUSED = "index_refused"
    POISON = "poison"
    TOO_SLOW = "too_slow"
    TOO_MUCH_MEMORY = "too_much_memory"
    CRASHED = "crashed"
    UNREADABLE = "unreadable"


class RasdError(Exception):
    """Base class of all errors that Rasd raises on purpose."""


class Retryable(RasdError):
    """A server is unavailable or overloaded; the same call may succeed later."""


class RestartNeeded(Exception):
    """A worker can only go on after a restart, and no record is to blame: nothing is acknowledged or dead-lettered."""


class Rejected(RasdError):
    """A record that can never pass this stage.

    Attributes:
        reason: the category, for metrics and filters.
        detail: a one-line explanation that names the field or the limit.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class QueryRefused(RasdError):
    """Elasticsearch refuses the query, for example as too expensive."""


class OperatorError(RasdError):
    """An error that a person has to fix before it can pass.

    Attributes:
        message: what is wrong, in one line.
        hint: the command or setting that fixes it, if there is one.
        status: exit status of a `rasd` command: 1 when it failed, 2 when its arguments or settings are invalid.
    """

    def __init__(self, message: str, *, hint: str | None = None, status: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.status = status
