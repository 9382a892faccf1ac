"""The overview dashboard."""

from deploy.grafana.panels import STAGE, Dashboard, Panel, Query, Row, quantiles

OVERVIEW = Dashboard(
    uid="overview",
    title="Rasd: overview",
    description="Throughput, latency, backlog and faults of the pipeline.",
    variables=(STAGE,),
    rows=(
        Row(
            "Now",
            (
                Panel(
                    "Searchable articles per minute",
                    [
                        Query(
                            '60 * sum(rate(rasd_bulk_documents_total{outcome=~"indexed|unchanged"}[$__rate_interval]))'
                        )
                    ],
                    "short",
                    "Documents acknowledged by Elasticsearch, including those that it already had.",
                    type="stat",
                    width=4,
                    height=5,
                ),
                Panel(
                    "Arrival to searchable, median",
                    [Query("rasd_end_to_end_seconds:p50_5m")],
                    "s",
                    "Half of the articles in the last five minutes took longer. Goal: below 2 s.",
                    type="stat",
                    width=4,
                    height=5,
                    thresholds=((2, "yellow"), (10, "red")),
                ),
                Panel(
                    "Arrival to searchable, p99",
                    [Query("rasd_end_to_end_seconds:p99_5m")],
                    "s",
                    "One in a hundred articles in the last five minutes took longer. Goal: below 5 s.",
                    type="stat",
                    width=4,
                    height=5,
                    thresholds=((5, "yellow"), (60, "red")),
                ),
                Panel(
                    "Waiting records",
                    [Query("sum(stage:rasd_consumer_lag_messages:sum)")],
                    "short",
                    "Unprocessed records in Kafka, over all stages.",
                    type="stat",
                    width=4,
                    height=5,
                    thresholds=((1000, "yellow"), (10_000, "red")),
                ),
                Panel(
                    "Dead letters in the last hour",
                    [Query("sum(increase(rasd_dead_letters_total[1h])) or vector(0)")],
                    "short",
                    "Records that could not be processed; list them with `rasd dlq list`.",
                    type="stat",
                    width=4,
                    height=5,
                    thresholds=((1, "yellow"), (100, "red")),
                ),
                Panel(
                    "Workers, alerts",
                    [
                        Query('sum(up{job="rasd-worker"}) or vector(0)', "workers"),
                        Query('count(ALERTS{alertstate="firing",alertname=~"Rasd.*"}) or vector(0)', "alerts"),
                    ],
                    "short",
                    "Workers that answer, and firing alerts; see docs/guides/runbook.md.",
                    type="stat",
                    width=4,
                    height=5,
                    instant=True,
                ),
            ),
        ),
        Row(
            "Throughput",
            (
                Panel(
                    "Records consumed by stage",
                    [
                        Query(
                            'sum by (stage) (rate(rasd_records_in_total{stage=~"$stage"}[$__rate_interval]))',
                            "{{stage}}",
                        )
                    ],
                    "reqps",
                    "Records per second that each stage consumed from its topic.",
                ),
                Panel(
                    "Records written by stage",
                    [
                        Query(
                            'sum by (stage) (rate(rasd_records_out_total{stage=~"$stage"}[$__rate_interval]))',
                            "{{stage}}",
                        )
                    ],
                    "reqps",
                    "Records per second that each stage wrote. A page may contain several articles, so clean may write "
                    "more than it consumes.",
                ),
                Panel(
                    "Outcomes",
                    [
                        Query(
                            'sum by (stage, outcome) (rate(rasd_articles_total{stage=~"$stage"}[$__rate_interval]))',
                            "{{stage}} {{outcome}}",
                        )
                    ],
                    "reqps",
                    "Processed records: ok, rejected (the record is invalid), poison (a bug in Rasd).",
                    stacked=True,
                ),
            ),
        ),
        Row(
            "Latency",
            (
                Panel(
                    "Arrival to searchable",
                    quantiles("rasd_end_to_end_seconds"),
                    "s",
                    "Time from a record's arrival in articles.raw to the index's acknowledgement of its article.",
                ),
                Panel(
                    "Fetched to searchable",
                    quantiles("rasd_fetched_to_searchable_seconds"),
                    "s",
                    "Time from fetched_at as given by the source. Hours and days indicate that an archive is ingested.",
                ),
                Panel(
                    "Arrival to searchable, distribution",
                    [Query("sum by (le) (increase(rasd_end_to_end_seconds_bucket[$__rate_interval]))", "{{le}}")],
                    "s",
                    "Articles by the time from arrival to searchable.",
                    type="heatmap",
                    axis_minimum=None,
                ),
                Panel(
                    "Processing time of one record, p99",
                    [
                        Query(
                            "histogram_quantile(0.99, sum by (le, stage) "
                            '(rate(rasd_stage_seconds_bucket{stage=~"$stage"}[$__rate_interval])))',
                            "{{stage}}",
                        )
                    ],
                    "s",
                    "Processing time alone, without waiting in Kafka.",
                ),
                Panel(
                    "Age of the oldest waiting record by stage",
                    [Query('stage:rasd_consumer_lag_seconds:max{stage=~"$stage"}', "{{stage}}")],
                    "s",
                    "How long the oldest unprocessed record has waited for the stage.",
                ),
            ),
        ),
        Row(
            "Backlog",
            (
                Panel(
                    "Waiting records by stage",
                    [Query('stage:rasd_consumer_lag_messages:sum{stage=~"$stage"}', "{{stage}}")],
                    "short",
                    "Unprocessed records in Kafka.",
                ),
                Panel(
                    "Estimated time to clear the backlog",
                    [Query('stage:rasd_backlog_seconds:estimate{stage=~"$stage"} < +Inf', "{{stage}}")],
                    "s",
                    "Waiting records divided by the rate of the last five minutes. A stalled stage has no value.",
                ),
                Panel(
                    "Busy threads by stage",
                    [
                        Query(
                            'sum by (stage) (rate(rasd_stage_seconds_sum{stage=~"$stage"}[$__rate_interval]))',
                            "{{stage}}",
                        )
                    ],
                    "short",
                    "Seconds of work per second. The stage with the highest value is the next to need more workers.",
                    stacked=True,
                ),
            ),
        ),
        Row(
            "Faults",
            (
                Panel(
                    "Dead letters by reason",
                    [
                        Query(
                            "sum by (stage, reason) "
                            '(increase(rasd_dead_letters_total{stage=~"$stage"}[$__rate_interval]))',
                            "{{stage}} {{reason}}",
                        )
                    ],
                    "short",
                    "poison is a bug in Rasd; all other reasons are faults of the record.",
                    stacked=True,
                ),
                Panel(
                    "Retries while a server was unavailable",
                    [
                        Query(
                            'sum by (stage) (increase(rasd_stage_retries_total{stage=~"$stage"}[$__rate_interval]))',
                            "{{stage}}",
                        )
                    ],
                    "short",
                    "Attempts that failed because Kafka or Elasticsearch did not answer. No records are lost.",
                ),
                Panel(
                    "Documents in bulk requests",
                    [
                        Query(
                            "sum by (outcome) (rate(rasd_bulk_documents_total[$__rate_interval]))",
                            "documents {{outcome}}",
                        ),
                        Query(
                            "sum by (outcome) (rate(rasd_bulk_requests_total[$__rate_interval]))",
                            "requests {{outcome}}",
                        ),
                    ],
                    "reqps",
                    "unchanged: the index has this version or a later one. retried: Elasticsearch was overloaded.",
                ),
            ),
        ),
    ),
)
