"""The detail dashboards: workers and query API."""

from deploy.grafana.panels import ROUTE, STAGE, WORKER, Dashboard, Panel, Query, Row, quantiles

WORKERS = Dashboard(
    uid="workers",
    title="Rasd: workers",
    description="Load, partitions and tables of each worker process.",
    variables=(WORKER, STAGE),
    rows=(
        Row(
            "Processes",
            (
                Panel(
                    "CPU",
                    [
                        Query(
                            'rate(process_cpu_seconds_total{job="rasd-worker",instance=~"$instance"}'
                            "[$__rate_interval]) + "
                            'rate(rasd_stage_process_cpu_seconds_total{job="rasd-worker",instance=~"$instance"}'
                            "[$__rate_interval])",
                            "{{instance}}",
                        )
                    ],
                    "percentunit",
                    "Of the worker and its stage process. Share of one core; 100 % is one core in full use.",
                ),
                Panel(
                    "Memory",
                    [
                        Query('process_resident_memory_bytes{job="rasd-worker",instance=~"$instance"}', "{{instance}}"),
                        Query(
                            'rasd_stage_process_resident_memory_bytes{job="rasd-worker",instance=~"$instance"}',
                            "{{instance}} stages",
                        ),
                    ],
                    "bytes",
                    "Resident memory of the worker and of its stage process; they share some of it. docker-compose.yml "
                    "limits both together to 2 GiB.",
                ),
                Panel(
                    "Open files",
                    [Query('process_open_fds{job="rasd-worker",instance=~"$instance"}', "{{instance}}")],
                    "short",
                    "Sockets and tables. A value that only rises indicates a leak.",
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
                    "Delay of timers. Above the session timeout, Kafka reassigns the worker's partitions.",
                ),
                Panel(
                    "Restarts after a crash",
                    [Query('rasd_worker_restarts{instance=~"$instance"}', "{{instance}}")],
                    "short",
                    "Number of times that the worker restarted itself.",
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
                    "One for each worker that joins or leaves. More than that indicates expiring sessions.",
                ),
                Panel(
                    "Time spent in rebalances",
                    [
                        Query(
                            'rate(rasd_rebalance_seconds_sum{instance=~"$instance"}[$__rate_interval])',
                            "{{instance}}",
                        )
                    ],
                    "percentunit",
                    "Share of time in which no records were consumed: partitions were reassigned or tables restored.",
                ),
                Panel(
                    "Versions",
                    [Query("rasd_build_info")],
                    "short",
                    "Version of Rasd and of Python in each process.",
                    type="table",
                    instant=True,
                ),
            ),
        ),
        Row(
            "Work",
            (
                Panel(
                    "Records consumed by worker",
                    [
                        Query(
                            "sum by (instance) (rate("
                            'rasd_records_in_total{instance=~"$instance",stage=~"$stage"}[$__rate_interval]))',
                            "{{instance}}",
                        )
                    ],
                    "reqps",
                    "Unequal rates indicate unequal partitions or a slow machine.",
                    stacked=True,
                ),
                Panel(
                    "Records in a batch",
                    quantiles("rasd_batch_records", where='instance=~"$instance",stage=~"$stage"'),
                    "short",
                    "Small batches: the stage keeps up. Full batches (RASD_BATCH_SIZE): it is behind.",
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
                    "One partition far above the others indicates many records with one key, or a hanging worker.",
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
                    "Articles in the clusterer's time window (RASD_DEDUPE_WINDOW_HOURS).",
                ),
                Panel(
                    "Last recovery",
                    [Query('rasd_table_recovery_seconds{instance=~"$instance"}', "{{instance}}")],
                    "s",
                    "Time to restore the worker's tables from Kafka at the last partition assignment.",
                ),
                Panel(
                    "Written to the archive",
                    [Query("sum(rate(rasd_archive_bytes_total[$__rate_interval]))", "bytes")],
                    "Bps",
                    "Bytes per second that the tap archive writes, compressed; 0 without the tap.",
                ),
                Panel(
                    "Archive files finished",
                    [Query("sum(increase(rasd_archive_files_total[$__rate_interval]))", "files")],
                    "short",
                    "At least one in RASD_ARCHIVE_FILE_SECONDS while pages arrive.",
                ),
                Panel(
                    "Free disk space for tables",
                    [Query('rasd_state_disk_free_bytes{instance=~"$instance"}', "{{instance}}")],
                    "bytes",
                    "Free space on the disk of RASD_STATE_DIR.",
                ),
            ),
        ),
    ),
)

API = Dashboard(
    uid="api",
    title="Rasd: query API",
    description="Request rates and response times of the query API and the live feed.",
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
                    "Responses per second, by status.",
                    stacked=True,
                ),
                Panel(
                    "Response time",
                    quantiles("rasd_api_seconds", where='route=~"$route"', by="route", legend="{{route}} "),
                    "s",
                    "Time from the request to the first byte of the response.",
                ),
                Panel(
                    "Refusals by limit",
                    [Query("sum by (limit) (rate(rasd_api_limited_total[$__rate_interval]))", "{{limit}}")],
                    "cps",
                    "Requests and connections refused or cut off, by second (docs/reference/http-api.md, Limits).",
                ),
                Panel(
                    "Clients of the live feed",
                    [Query("sum(rasd_live_clients)", "clients")],
                    "short",
                    "Open connections.",
                ),
                Panel(
                    "Lag of the live feed",
                    [Query("max(rasd_live_lag_messages)", "records")],
                    "short",
                    "Records that the live feed has not read. /livez of the API fails if it stops while there are any.",
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
                    "Delay of timers, which adds to the response time of every request.",
                ),
            ),
        ),
    ),
)
