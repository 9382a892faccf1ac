"""The dashboards of Kafka and Elasticsearch, from the API's polls (streams/api/cluster_monitor.py)."""

from deploy.grafana.panels import Dashboard, Panel, Query, Row, quantiles

KAFKA = Dashboard(
    uid="kafka",
    title="Rasd: Kafka",
    description="Topics of the pipeline and the brokers that hold them.",
    rows=(
        Row(
            "Now",
            (
                Panel(
                    "Kafka answers",
                    [Query("max(rasd_kafka_up)")],
                    "bool_yes_no",
                    "Whether the API can reach a broker.",
                    type="stat",
                    height=5,
                    thresholds=((0, "red"), (1, "green")),
                    instant=True,
                ),
                Panel(
                    "Brokers",
                    [Query("max(rasd_kafka_brokers)")],
                    "short",
                    "Brokers in the cluster.",
                    type="stat",
                    height=5,
                    instant=True,
                ),
                Panel(
                    "Under-replicated partitions",
                    [Query("max(rasd_kafka_under_replicated_partitions)")],
                    "short",
                    "Partitions of Rasd's topics. A value above 0 that persists means that a broker is down or slow.",
                    type="stat",
                    height=5,
                    thresholds=((1, "red"),),
                ),
            ),
        ),
        Row(
            "Topics",
            (
                Panel(
                    "Records written",
                    [Query("max by (topic) (rate(rasd_kafka_topic_written_total[$__rate_interval]))", "{{topic}}")],
                    "reqps",
                    "Records per second written to each topic by all producers.",
                ),
                Panel(
                    "Unprocessed records",
                    [Query("max by (topic) (rasd_kafka_group_lag_messages)", "{{topic}}")],
                    "short",
                    "From the workers' committed offsets, a second or two late; reported even if no worker runs.",
                ),
                Panel(
                    "Hours until unprocessed records are deleted",
                    [Query("min by (topic) (rasd_kafka_retention_left_seconds) / 3600", "{{topic}}")],
                    "h",
                    "Hours until retention may delete the oldest unprocessed record of a topic; the topic's retention "
                    "while none waits. At 0 articles are lost.",
                    thresholds=((0, "red"), (12, "yellow"), (48, "green")),
                ),
                Panel(
                    "Records deleted unread",
                    [
                        Query("max by (topic) (rasd_kafka_deleted_unread_messages)", "{{topic}} no worker yet"),
                        Query(
                            "sum by (topic) (increase(rasd_records_deleted_unread_total[$__rate_interval]))",
                            "{{topic}} counted by workers",
                        ),
                    ],
                    "short",
                    "Records that Kafka deleted before the workers read them. They are lost.",
                    thresholds=((1, "red"),),
                ),
                Panel(
                    "Records kept",
                    [Query("max by (topic) (rasd_kafka_topic_records)", "{{topic}}")],
                    "short",
                    "Records between a topic's first and last offset.",
                ),
            ),
        ),
    ),
)

_NODE = "{{node}}"

ELASTICSEARCH = Dashboard(
    uid="elasticsearch",
    title="Rasd: Elasticsearch",
    description="The index and the nodes that hold it.",
    rows=(
        Row(
            "Now",
            (
                Panel(
                    "Elasticsearch answers",
                    [Query("max(rasd_elasticsearch_up)")],
                    "bool_yes_no",
                    "Whether the API can reach Elasticsearch.",
                    type="stat",
                    width=6,
                    height=5,
                    thresholds=((0, "red"), (1, "green")),
                    instant=True,
                ),
                Panel(
                    "Status",
                    [Query("max(rasd_elasticsearch_status)")],
                    "short",
                    "0 green; 1 yellow: replicas are missing, normal with one node; 2 red: a primary shard is missing.",
                    type="stat",
                    width=6,
                    height=5,
                    thresholds=((1, "yellow"), (2, "red")),
                ),
                Panel(
                    "Articles",
                    [Query("max(rasd_elasticsearch_documents)")],
                    "short",
                    "Articles in all indices of this pipeline.",
                    type="stat",
                    width=6,
                    height=5,
                ),
                Panel(
                    "Index size",
                    [Query("max(rasd_elasticsearch_index_bytes)")],
                    "bytes",
                    "Size on disk, including replicas.",
                    type="stat",
                    width=6,
                    height=5,
                ),
            ),
        ),
        Row(
            "Nodes",
            (
                Panel(
                    "Disk space",
                    [
                        Query("max by (node) (rasd_elasticsearch_disk_free_bytes)", f"{_NODE} free"),
                        Query("max by (node) (rasd_elasticsearch_disk_bytes)", f"{_NODE} of"),
                    ],
                    "bytes",
                    "RasdDiskLow fires below 10 GB.",
                ),
                Panel(
                    "Memory",
                    [
                        Query("max by (node) (rasd_elasticsearch_heap_bytes)", f"{_NODE} used"),
                        Query("max by (node) (rasd_elasticsearch_heap_max_bytes)", f"{_NODE} of"),
                    ],
                    "bytes",
                    "Java heap. A saw-tooth is normal; a line that stays near the top is not.",
                ),
                Panel(
                    "Queued and rejected bulk requests",
                    [
                        Query("max by (node) (rasd_elasticsearch_write_queue)", f"{_NODE} queued"),
                        Query(
                            "max by (node) (rate(rasd_elasticsearch_write_rejections_total[$__rate_interval]))",
                            f"{_NODE} rejected per second",
                        ),
                    ],
                    "short",
                    "Rejected (429): the queue was full. The index stage backs off and retries.",
                ),
            ),
        ),
        Row(
            "Bulk requests of the index stage",
            (
                Panel(
                    "Duration of a bulk request",
                    quantiles("rasd_bulk_seconds"),
                    "s",
                    "Time from sending the request to the response.",
                    width=12,
                ),
                Panel(
                    "Bytes in bulk requests",
                    [Query("sum(rate(rasd_bulk_bytes_total[$__rate_interval]))", "bytes")],
                    "Bps",
                    "Before compression.",
                    width=12,
                ),
            ),
        ),
    ),
)
