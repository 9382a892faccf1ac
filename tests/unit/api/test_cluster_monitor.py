"""What Elasticsearch says of itself becomes metrics; its counters begin anew with each start of a node, ours do not."""

from __future__ import annotations

from typing import Any

from elastic_transport import ConnectionError as TransportConnectionError
from prometheus_client import CollectorRegistry

from streams.api.cluster_monitor import ClusterMonitor
from streams.observability.metrics import ServerMetrics
from streams.settings import Settings


def node(rejected: int) -> dict[str, Any]:
    return {
        "name": "n1",
        "fs": {"total": {"total_in_bytes": 1000, "available_in_bytes": 400}},
        "jvm": {"mem": {"heap_used_in_bytes": 30, "heap_max_in_bytes": 50}},
        "thread_pool": {"write": {"queue": 2, "rejected": rejected}},
    }


class Cluster:
    """As much of Elasticsearch's client as is asked."""

    def __init__(self) -> None:
        self.rejected = 0
        self.away = False
        self.cluster = self.indices = self.nodes = self

    async def health(self) -> dict[str, Any]:
        if self.away:
            raise TransportConnectionError("refused")
        return {"status": "yellow"}

    async def stats(self, index: str | None = None, **_: object) -> dict[str, Any]:
        if index is None:
            return {"nodes": {"id": node(self.rejected)}}
        assert index == "rasd-articles-*"
        return {"_all": {"primaries": {"docs": {"count": 7}}, "total": {"store": {"size_in_bytes": 90}}}}


async def test_rejections_are_counted_from_when_we_first_looked_and_over_restarts_of_the_node() -> None:
    registry, cluster = CollectorRegistry(), Cluster()
    watch = ClusterMonitor(Settings(_env_file=None), ServerMetrics(registry), cluster)  # type: ignore[arg-type]
    seen = []
    for cluster.rejected in (100, 103, 103, 2, 5):
        await watch.ask_elasticsearch()
        seen.append(registry.get_sample_value("rasd_elasticsearch_write_rejections_total", {"node": "n1"}))
    assert seen == [0, 3, 3, 5, 8]


async def test_an_answer_sets_everything_and_its_absence_is_said() -> None:
    registry, cluster = CollectorRegistry(), Cluster()
    watch = ClusterMonitor(Settings(_env_file=None), ServerMetrics(registry), cluster)  # type: ignore[arg-type]
    await watch.ask_elasticsearch()
    value = registry.get_sample_value
    assert value("rasd_elasticsearch_up") == 1
    assert value("rasd_elasticsearch_status") == 1
    assert value("rasd_elasticsearch_documents") == 7
    assert value("rasd_elasticsearch_disk_free_bytes", {"node": "n1"}) == 400
    cluster.away = True
    await watch.ask_elasticsearch()
    assert value("rasd_elasticsearch_up") == 0
    assert value("rasd_elasticsearch_documents") == 7, "the last answer stays; the gauge above says that it is old"
