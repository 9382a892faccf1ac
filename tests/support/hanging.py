"""`python -m tests.support.hanging worker …`: Rasd's command with a clean stage that never finishes some pages.

What a page does, its text says. A hanging stage is reported after seconds instead of a minute.
"""

from __future__ import annotations

import ctypes
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from agents.clean import agent
from streams.cli.main import main
from streams.engine.faust import worker_app
from streams.engine.faust.worker_health import WorkerHealth
from streams.records import RawArticle
from streams.stage import Arrival, Context, MapFunction, PipelineRecord

MARK = "يقف هنا كل شيء"
STALL_SECONDS = 2.0


def _wait() -> None:
    threading.Event().wait()


def _loop() -> None:
    while True:
        pass


def _match() -> None:
    re.match(r"(?:a|aa)+$", "a" * 80 + "c")


def _allocate() -> None:
    held = []
    while True:
        held.append(bytes(1_000_000))


def _crash() -> None:
    ctypes.string_at(0)


DEEDS: Mapping[str, Callable[[], None]] = {
    MARK: _wait,
    "يدور بلا نهاية": _loop,
    "يطابق بلا نهاية": _match,
    "يأخذ كل الذاكرة": _allocate,
    "ينهار فجأة": _crash,
}


def _hanging(build: Any) -> Any:
    def build_hanging(context: Context) -> MapFunction:
        clean = build(context)

        def clean_or_hang(raw: RawArticle, arrival: Arrival) -> Sequence[PipelineRecord]:
            for mark, deed in DEEDS.items():
                if mark in raw.content:
                    deed()
            return list(clean(raw, arrival))

        return clean_or_hang

    return build_hanging


if __name__ == "__main__":
    agent.STAGE = replace(agent.STAGE, build=_hanging(agent.STAGE.build))
    setattr(worker_app, "WorkerHealth", partial(WorkerHealth, stall_seconds=STALL_SECONDS))  # noqa: B010
    main()
