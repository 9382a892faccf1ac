"""Objects that all routes share, as a FastAPI dependency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from streams.alerts.registry import SearchRegistry
from streams.api.api_health import ApiHealth, SharedCheck
from streams.api.cluster_monitor import ClusterMonitor
from streams.api.dead_letters import RecentDeadLetters
from streams.api.feed import LiveFeed
from streams.api.keys import Key
from streams.api.limits import ConcurrencyLimit
from streams.api.submit import Intake
from streams.observability.metrics import Metrics
from streams.search.service import Searcher
from streams.settings import Settings
from streams.sources.watch.follower import DirectoryFollower


@dataclass(frozen=True, slots=True)
class State:
    """Shared objects; they live as long as the app."""

    settings: Settings
    metrics: Metrics
    searcher: Searcher
    intake: Intake
    feed: LiveFeed
    exports: ConcurrencyLimit
    searches: ConcurrencyLimit
    histories: ConcurrencyLimit
    keys: tuple[Key, ...]
    health: ApiHealth
    cluster: ClusterMonitor
    letters: RecentDeadLetters
    directory: DirectoryFollower
    standing: SearchRegistry
    elasticsearch: SharedCheck
    kafka: SharedCheck


def _state(request: Request) -> State:
    state: State = request.app.state.rasd
    return state


def _client(request: Request) -> str:
    client: str = request.scope["rasd.client"]
    return client


Shared = Annotated[State, Depends(_state)]
Client = Annotated[str, Depends(_client)]
"""Who sends the request, as `streams.api.gate.Gate` names it."""
