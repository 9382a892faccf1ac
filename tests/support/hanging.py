"""`python -m tests.support.hanging worker …`: Rasd's command with a clean stage that hangs for ever on some pages.

A hang is a page whose text says so; a hanging stage is reported after seconds instead of a minute.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
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


def _hanging(build: Any) -> Any:
    def build_hanging(context: Context) -> MapFunction:
        clean = build(context)

        def clean_or_hang(raw: RawArticle, arrival: Arrival) -> Sequence[PipelineRecord]:
            if MARK in raw.content:
                threading.Event().wait()
            return list(clean(raw, arrival))

        return clean_or_hang

    return build_hanging


if __name__ == "__main__":
    agent.STAGE = replace(agent.STAGE, build=_hanging(agent.STAGE.build))
    setattr(worker_app, "WorkerHealth", partial(WorkerHealth, stall_seconds=STALL_SECONDS))  # noqa: B010
    main()
