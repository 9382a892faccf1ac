"""The dashboard of watched sources."""

from deploy.grafana.panels import Dashboard, Panel, Query, Row, quantiles

SOURCES = Dashboard(
    uid="sources",
    title="Rasd: sources",
    description="Watched sources: which need somebody, how often they are visited, and how soon their items come.",
    since="now-24h",
    rows=(
        Row(
            "Now",
            (
                Panel(
                    "Watched sources",
                    [Query("sum(rasd_watch_sources)")],
                    "short",
                    "Sources of all processes that watch.",
                    type="stat",
                    height=5,
                    instant=True,
                ),
                Panel(
                    "Need attention",
                    [Query("count(max by (name) (rasd_watch_source_abnormal)) or vector(0)")],
                    "short",
                    "Sources that are silent, failing, blocked or abnormal otherwise; `rasd sources health`.",
                    type="stat",
                    height=5,
                    thresholds=((1, "orange"),),
                    instant=True,
                ),
                Panel(
                    "New items an hour",
                    [Query("sum(increase(rasd_watch_items_total[1h]))")],
                    "short",
                    "Items sent to articles.raw in the last hour.",
                    type="stat",
                    height=5,
                    instant=True,
                ),
                Panel(
                    "Sources that need attention",
                    [Query("max by (name, verdict) (rasd_watch_source_abnormal)")],
                    "short",
                    "By name and verdict. `rasd sources show NAME` gives the reason and what to do.",
                    type="table",
                    width=12,
                    height=9,
                    instant=True,
                ),
                Panel(
                    "Sources by verdict",
                    [Query("sum by (verdict) (rasd_watch_sources)", "{{verdict}}")],
                    "short",
                    "quiet: little comes at this hour of the week. silent: its history makes that unlikely.",
                    width=12,
                    height=9,
                    stacked=True,
                ),
            ),
        ),
        Row(
            "Items",
            (
                Panel(
                    "Age of new items",
                    quantiles("rasd_watch_item_age_seconds"),
                    "s",
                    "From the date that the list gives to articles.raw, of items at most six hours old.",
                    width=12,
                ),
                Panel(
                    "New items",
                    [Query("60 * sum(rate(rasd_watch_items_total[$__rate_interval]))", "items")],
                    "cpm",
                    "Items sent to articles.raw.",
                    width=12,
                ),
                Panel(
                    "Dead letters",
                    [
                        Query(
                            "sum by (reason) (increase(rasd_watch_dead_letters_total[$__rate_interval]))", "{{reason}}"
                        )
                    ],
                    "short",
                    "Items of which neither the page nor a text in the feed could be had.",
                ),
                Panel(
                    "Gaps",
                    [Query("sum(increase(rasd_watch_gaps_total[$__rate_interval]))", "visits")],
                    "short",
                    "Visits whose list had nothing in common with what was seen before: items may have been missed.",
                ),
                Panel(
                    "Interval between visits",
                    quantiles("rasd_watch_interval_seconds"),
                    "s",
                    "As the schedule chooses it after a successful visit.",
                ),
            ),
        ),
        Row(
            "Requests",
            (
                Panel(
                    "Visits by outcome",
                    [Query("60 * sum by (outcome) (rate(rasd_watch_visits_total[$__rate_interval]))", "{{outcome}}")],
                    "cpm",
                    "unchanged: the server answered 304. Everything besides that and changed is a kind of fault.",
                    width=12,
                    stacked=True,
                ),
                Panel(
                    "Requests",
                    [Query("60 * sum(rate(rasd_watch_requests_total[$__rate_interval]))", "requests")],
                    "cpm",
                    "All requests: lists, articles, robots.txt.",
                    width=12,
                ),
                Panel(
                    "CPU",
                    [Query('rate(process_cpu_seconds_total{job="rasd-watch"}[$__rate_interval])', "{{instance}}")],
                    "percentunit",
                    "Share of one core.",
                    width=12,
                ),
                Panel(
                    "Memory",
                    [Query('process_resident_memory_bytes{job="rasd-watch"}', "{{instance}}")],
                    "bytes",
                    "Resident memory.",
                    width=12,
                ),
            ),
        ),
    ),
)
