"""`python -m tests.faults.deadly_stages worker …`: Rasd's command with stages that some articles end.

What an article does, its title says: in the look-up it ends the process, as a segmentation fault or want of memory
would, or never returns; in the index's sink it raises an error that is no outage.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from agents.dedupe import agent as dedupe
from agents.index import agent as index
from streams.cli.main import main
from streams.records import Article, FingerprintedArticle
from streams.stage import Arrival, Context, PipelineRecord, Sink, StatefulFunction


def _crash() -> None:
    ctypes.string_at(0)


def _be_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _loop() -> None:
    while True:
        pass


IN_THE_LOOKUP: Mapping[str, Callable[[], None]] = {
    "ينهار في البحث عن النسخ": _crash,
    "يُقتل في البحث عن النسخ": _be_killed,
    "يدور في البحث عن النسخ": _loop,
}
IN_THE_SINK = "يخطئ في الفهرسة"
TITLES = (*IN_THE_LOOKUP, IN_THE_SINK)


class _DeadlyLookup:
    def __init__(self, function: StatefulFunction) -> None:
        self._function = function

    def __call__(self, article: FingerprintedArticle, arrival: Arrival, /) -> Sequence[PipelineRecord]:
        if deed := IN_THE_LOOKUP.get(article.title or ""):
            deed()
        return self._function(article, arrival)

    def recovered(self) -> None:
        self._function.recovered()


def _failing(build: Callable[[Context], Sink]) -> Callable[[Context], Sink]:
    def build_failing(context: Context) -> Sink:
        sink: Any = build(context)
        write = sink.write

        async def write_or_fail(articles: Sequence[Article]) -> Any:
            if any(article.title == IN_THE_SINK for article in articles):
                raise TypeError("this article cannot be written")
            return await write(articles)

        sink.write = write_or_fail
        return sink  # type: ignore[no-any-return]

    return build_failing


if __name__ == "__main__":
    build: Any = dedupe.DEDUPE.build
    dedupe.DEDUPE = replace(dedupe.DEDUPE, build=lambda context: _DeadlyLookup(build(context)))
    index.INDEX = replace(index.INDEX, build=_failing(index.INDEX.build))
    main()
