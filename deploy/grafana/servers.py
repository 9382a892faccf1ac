"""The dashboards of Kafka and Elasticsearch, from what the API asks them (streams/api/cluster_monitor.py)."""

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
                    "Whether the API reaches a broker.",
                    type="stat",
                    height=5,
                    thresholds=((0, "red"), (1, "green")),
                    instant=True,
                ),
                Panel(
                    "Brokers",
                    [Query("max(rasd_kafka_brokers)")],
                    "short",
                    "Brokers that Kafka names.",
                    type="stat",
                    height=5,
                    instant=True,
                ),
                Panel(
                    "Partitions that lack copies",
                    [Query("max(rasd_kafka_under_replicated_partitions)")],
                    "short",
                    "Of our topics. Anything but 0 for long means a broker is away or slow.",
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
                    "Written",
                    [Query("max by (topic) (rate(rasd_kafka_topic_written_total[$__rate_interval]))", "{{topic}}")],
                    "reqps",
                    "Records a second that were written to each topic, by whomever.",
                ),
                Panel(
                    "Not finished by the workers",
                    [Query("max by (topic) (rasd_kafka_group_lag_messages)", "{{topic}}")],
                    "short",
                    "From the offsets that the workers committed, a second or two behind; known also when none runs.",
                ),
                Panel(
                    "Kept",
                    [Query("max by (topic) (rasd_kafka_topic_records)", "{{topic}}")],
                    "short",
                    "Records from the oldest to the newest that the topic holds.",
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
                    "Whether the API reaches it.",
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
                    "0 green; 1 yellow: copies are missing, normal with one node; 2 red: a shard is missing.",
                    type="stat",
                    width=6,
                    height=5,
                    thresholds=((1, "yellow"), (2, "red")),
                ),
                Panel(
                    "Articles",
                    [Query("max(rasd_elasticsearch_documents)")],
                    "short",
                    "In all indices of this pipeline.",
                    type="stat",
                    width=6,
                    height=5,
                ),
                Panel(
                    "Index size",
                    [Query("max(rasd_elasticsearch_index_bytes)")],
                    "bytes",
                    "On disk, replicas too.",
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
                    "Room on disk",
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
                    "Bulk requests that wait or were turned away",
                    [
                        Query("max by (node) (rasd_elasticsearch_write_queue)", f"{_NODE} wait"),
                        Query(
                            "max by (node) (rate(rasd_elasticsearch_write_rejections_total[$__rate_interval]))",
                            f"{_NODE} turned away a second",
                        ),
                    ],
                    "short",
                    "Turned away (429): the queue was full. The index stage tries again, more slowly.",
                ),
            ),
        ),
        Row(
            "As the index stage sees it",
            (
                Panel(
                    "Time for a bulk request",
                    quantiles("rasd_bulk_seconds"),
                    "s",
                    "From sending it to the answer.",
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
