"""The dashboard to look at first."""

from deploy.grafana.panels import STAGE, Dashboard, Panel, Query, Row, quantiles

OVERVIEW = Dashboard(
    uid="overview",
    title="Rasd: overview",
    description="Does the stream flow, how fast, and what is lost on the way?",
    variables=(STAGE,),
    rows=(
        Row(
            "Now",
            (
                Panel(
                    "Searchable articles a minute",
                    [
                        Query(
                            '60 * sum(rate(rasd_bulk_documents_total{outcome=~"indexed|unchanged"}[$__rate_interval]))'
                        )
                    ],
                    "short",
                    "Documents that Elasticsearch has acknowledged, new ones and those it had already.",
                    type="stat",
                    width=4,
                    height=5,
                ),
                Panel(
                    "Arrival to searchable, median",
                    [Query("rasd_end_to_end_seconds:p50_5m")],
                    "s",
                    "Half of the articles of the last five minutes took longer than this. The goal is below 2 s.",
                    type="stat",
                    width=4,
                    height=5,
                    thresholds=((2, "yellow"), (10, "red")),
                ),
                Panel(
                    "Arrival to searchable, p99",
                    [Query("rasd_end_to_end_seconds:p99_5m")],
                    "s",
                    "One article in a hundred of the last five minutes took longer than this. The goal is below 5 s.",
                    type="stat",
                    width=4,
                    height=5,
                    thresholds=((5, "yellow"), (60, "red")),
                ),
                Panel(
                    "Waiting records",
                    [Query("sum(stage:rasd_consumer_lag_messages:sum)")],
                    "short",
                    "Records in Kafka that a stage has still to finish, over all stages.",
                    type="stat",
                    width=4,
                    height=5,
                    thresholds=((1000, "yellow"), (10_000, "red")),
                ),
                Panel(
                    "Dead letters in the last hour",
                    [Query("sum(increase(rasd_dead_letters_total[1h])) or vector(0)")],
                    "short",
                    "Records that could not be processed; `rasd dlq list` shows them.",
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
                    "Workers that answer, and alerts that fire. docs/guides/runbook.md says what to do about each.",
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
                    "Records taken by stage",
                    [
                        Query(
                            'sum by (stage) (rate(rasd_records_in_total{stage=~"$stage"}[$__rate_interval]))',
                            "{{stage}}",
                        )
                    ],
                    "reqps",
                    "Records a second that each stage took from its topic.",
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
                    "Records a second that each stage passed on. A page may hold several articles, so clean may write "
                    "more than it takes.",
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
                    "Records finished: ok, rejected (the record was at fault), poison (Rasd was).",
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
                    "From a record's arrival in articles.raw until the index has acknowledged its article.",
                ),
                Panel(
                    "Fetched to searchable",
                    quantiles("rasd_fetched_to_searchable_seconds"),
                    "s",
                    "From the time that the source gives as fetched_at; hours and days are an archive being handed in.",
                ),
                Panel(
                    "Arrival to searchable, distribution",
                    [Query("sum by (le) (increase(rasd_end_to_end_seconds_bucket[$__rate_interval]))", "{{le}}")],
                    "s",
                    "Articles by the time they took.",
                    type="heatmap",
                    axis_minimum=None,
                ),
                Panel(
                    "Work on one record, p99",
                    [
                        Query(
                            "histogram_quantile(0.99, sum by (le, stage) "
                            '(rate(rasd_stage_seconds_bucket{stage=~"$stage"}[$__rate_interval])))',
                            "{{stage}}",
                        )
                    ],
                    "s",
                    "Computing time alone, without waiting in Kafka.",
                ),
                Panel(
                    "Oldest waiting record by stage",
                    [Query('stage:rasd_consumer_lag_seconds:max{stage=~"$stage"}', "{{stage}}")],
                    "s",
                    "How long the record that waits longest has waited for the stage.",
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
                    "Records in Kafka that the stage has still to finish.",
                ),
                Panel(
                    "Time to work it off",
                    [Query('stage:rasd_backlog_seconds:estimate{stage=~"$stage"} < +Inf', "{{stage}}")],
                    "s",
                    "Waiting records divided by the speed of the last five minutes. A stage that stands has no value.",
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
                    "Seconds of work a second. The stage with the highest value is the next to need more workers.",
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
                    "poison is a defect of Rasd; every other reason is the record's.",
                    stacked=True,
                ),
                Panel(
                    "Waits for a server that was away",
                    [
                        Query(
                            'sum by (stage) (increase(rasd_stage_retries_total{stage=~"$stage"}[$__rate_interval]))',
                            "{{stage}}",
                        )
                    ],
                    "short",
                    "Tries that failed because Kafka or Elasticsearch did not answer. Nothing is lost by them.",
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
                    "unchanged: the index had this version or a later one. retried: Elasticsearch had no room.",
                ),
            ),
        ),
    ),
)
