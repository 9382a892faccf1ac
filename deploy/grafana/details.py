"""The dashboards behind the overview: workers and query API."""

from deploy.grafana.panels import ROUTE, STAGE, WORKER, Dashboard, Panel, Query, Row, quantiles

WORKERS = Dashboard(
    uid="workers",
    title="Rasd: workers",
    description="Each worker process: its load, its partitions, its tables.",
    variables=(WORKER, STAGE),
    rows=(
        Row(
            "Processes",
            (
                Panel(
                    "Processor",
                    [
                        Query(
                            'rate(process_cpu_seconds_total{job="rasd-worker",instance=~"$instance"}[$__rate_interval])',
                            "{{instance}}",
                        )
                    ],
                    "percentunit",
                    "Share of one core; 100 % is one core in full.",
                ),
                Panel(
                    "Memory",
                    [Query('process_resident_memory_bytes{job="rasd-worker",instance=~"$instance"}', "{{instance}}")],
                    "bytes",
                    "Resident memory, of which docker-compose.yml grants 1.5 GiB.",
                ),
                Panel(
                    "Open files",
                    [Query('process_open_fds{job="rasd-worker",instance=~"$instance"}', "{{instance}}")],
                    "short",
                    "Sockets and tables. A line that only rises is a leak.",
                ),
                Panel(
                    "Event loop delay, p99",
                    [
                        Query(
                            "histogram_quantile(0.99, sum by (le, instance) (rate("
                            'rasd_event_loop_delay_seconds_bucket{instance=~"$instance"}[$__rate_interval])))',
                            "{{instance}}",
                        )
                    ],
                    "s",
                    "How late a timer wakes. Past the session timeout Kafka gives the partitions to another worker.",
                ),
                Panel(
                    "Restarts after a crash",
                    [Query('rasd_worker_restarts{instance=~"$instance"}', "{{instance}}")],
                    "short",
                    "Times that the worker started again by itself.",
                ),
                Panel(
                    "Rebalances",
                    [
                        Query(
                            'increase(rasd_rebalance_seconds_count{instance=~"$instance"}[$__rate_interval])',
                            "{{instance}}",
                        )
                    ],
                    "short",
                    "Times that partitions moved: once for each worker that comes or goes. More: sessions expire.",
                ),
                Panel(
                    "Standstill by rebalances",
                    [
                        Query(
                            'rate(rasd_rebalance_seconds_sum{instance=~"$instance"}[$__rate_interval])',
                            "{{instance}}",
                        )
                    ],
                    "percentunit",
                    "Share of the time in which partitions moved or tables were read back, and nothing was taken.",
                ),
                Panel(
                    "Versions",
                    [Query("rasd_build_info")],
                    "short",
                    "What runs where.",
                    type="table",
                    instant=True,
                ),
            ),
        ),
        Row(
            "Work",
            (
                Panel(
                    "Records taken by worker",
                    [
                        Query(
                            "sum by (instance) (rate("
                            'rasd_records_in_total{instance=~"$instance",stage=~"$stage"}[$__rate_interval]))',
                            "{{instance}}",
                        )
                    ],
                    "reqps",
                    "Unequal lines mean unequal partitions or a slow machine.",
                    stacked=True,
                ),
                Panel(
                    "Records in a batch",
                    quantiles("rasd_batch_records", where='instance=~"$instance",stage=~"$stage"'),
                    "short",
                    "Small batches: the stage keeps up. Full ones (RASD_BATCH_SIZE): it is behind.",
                ),
                Panel(
                    "Waiting records by partition",
                    [
                        Query(
                            "max by (stage, partition) "
                            '(rasd_consumer_lag_messages{instance=~"$instance",stage=~"$stage"})',
                            "{{stage}} {{partition}}",
                        )
                    ],
                    "short",
                    "One partition far above the others: a source with one key, or a worker that hangs.",
                ),
            ),
        ),
        Row(
            "Tables",
            (
                Panel(
                    "Keys",
                    [
                        Query(
                            'sum by (table, instance) (rasd_table_keys{instance=~"$instance"})',
                            "{{table}} {{instance}}",
                        )
                    ],
                    "short",
                    "Articles that the near-duplicate search remembers (RASD_DEDUPE_WINDOW_HOURS).",
                ),
                Panel(
                    "Last recovery",
                    [Query('rasd_table_recovery_seconds{instance=~"$instance"}', "{{instance}}")],
                    "s",
                    "How long the worker read its tables back from Kafka when it last got partitions.",
                ),
                Panel(
                    "Room for tables",
                    [Query('rasd_state_disk_free_bytes{instance=~"$instance"}', "{{instance}}")],
                    "bytes",
                    "Free on the disk of RASD_STATE_DIR.",
                ),
            ),
        ),
    ),
)

API = Dashboard(
    uid="api",
    title="Rasd: query API",
    description="Who asks, how often, and how long they wait.",
    variables=(ROUTE,),
    rows=(
        Row(
            "Requests",
            (
                Panel(
                    "Requests by route",
                    [
                        Query(
                            "sum by (route, status) "
                            '(rate(rasd_api_requests_total{route=~"$route"}[$__rate_interval])) > 0',
                            "{{route}} {{status}}",
                        )
                    ],
                    "reqps",
                    "Answers a second by status.",
                    stacked=True,
                ),
                Panel(
                    "Time to answer",
                    quantiles("rasd_api_seconds", where='route=~"$route"', by="route", legend="{{route}} "),
                    "s",
                    "From the request until the answer begins.",
                ),
                Panel(
                    "Clients of the live feed",
                    [Query("sum(rasd_live_clients)", "clients")],
                    "short",
                    "Connections that are open now.",
                ),
                Panel(
                    "Lag of the live feed",
                    [Query("max(rasd_live_lag_messages)", "records")],
                    "short",
                    "Records that it has not read. /livez of the API fails when it stands still with some to read.",
                ),
                Panel(
                    "Event loop delay of the API, p99",
                    [
                        Query(
                            "histogram_quantile(0.99, sum by (le, instance) (rate("
                            'rasd_event_loop_delay_seconds_bucket{job="rasd-api"}[$__rate_interval])))',
                            "{{instance}}",
                        )
                    ],
                    "s",
                    "How late a timer wakes: what every request waits for besides its own work.",
                ),
            ),
        ),
    ),
)
