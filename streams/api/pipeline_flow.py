"""GET /pipeline: what flows through each stage, what waits before it, and what it could not use."""

from __future__ import annotations

import time

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from streams.api.auth import needs_to_read
from streams.api.dependencies import Shared
from streams.api.problem_details import responses
from streams.errors import Retryable
from streams.kafka.flow import flows
from streams.pipeline import load_pipeline
from streams.topics import Topic

router = APIRouter(tags=["operations"], dependencies=[Depends(needs_to_read)])


class StageFlow(BaseModel):
    """One stage with the topic that it reads."""

    stage: str = Field(description="Name of the stage.")
    reads: str = Field(description="Topic that it reads, without RASD_TOPIC_PREFIX.")
    writes: list[str] = Field(description="Topics that it writes; none for the last stages.")
    kept: int = Field(description="Number of records that the topic holds.")
    waiting: int = Field(description="Number of records in the topic that the stage has not finished.")
    written_per_second: float | None = Field(
        description="Records written to the topic a second, over about a minute; null until it is known."
    )
    read_per_second: float | None = Field(description="Records that the stage finished a second, likewise.")
    oldest_seconds: float | None = Field(
        description="Age of the oldest record that waits; null if none does, or it cannot be read."
    )
    dead_letters: int = Field(description="Number of records that the stage could not use in the last 24 hours.")


class PipelineFlow(BaseModel):
    """The pipeline as it runs."""

    stages: list[StageFlow] = Field(description="In the order in which an article passes them.")
    dead_letters: int = Field(description="Number of dead letters that `articles.dlq` holds.")
    other_dead_letters: dict[str, int] = Field(
        description="Number of dead letters of the last 24 hours that no stage wrote, by source or tap."
    )
    dead_letters_complete: bool = Field(description="False if only the newest dead letters were counted by stage.")


@router.get("/pipeline", summary="Show what flows through the pipeline", responses=responses(401, 403, 503))
async def pipeline_flow(state: Shared) -> PipelineFlow:
    """Return rate, waiting records and dead letters of each stage. Works whether or not workers are running."""
    looks = state.cluster.looks
    if not looks:
        raise Retryable("the topics have not been read from Kafka yet")
    topics = flows(looks[0] if len(looks) > 1 else None, looks[-1])
    letters = await state.letters.count()
    now = time.time()
    stages = []
    for link in load_pipeline().links:
        if (flow := topics.get(link.reads)) is None:
            continue
        oldest = flow.state.oldest
        stages.append(
            StageFlow(
                stage=link.stage,
                reads=link.reads,
                writes=list(link.outputs),
                kept=flow.state.kept,
                waiting=flow.state.waiting,
                written_per_second=flow.written,
                read_per_second=flow.read,
                oldest_seconds=None if oldest is None else max(0.0, now - oldest),
                dead_letters=letters.stages.get(link.stage, 0),
            )
        )
    held = topics.get(Topic.DLQ)
    names = {stage.stage for stage in stages}
    return PipelineFlow(
        stages=stages,
        dead_letters=held.state.kept if held else 0,
        other_dead_letters={name: count for name, count in letters.stages.items() if name not in names},
        dead_letters_complete=letters.complete,
    )
