"""The dashboard of standing searches and their alerts."""

from deploy.grafana.panels import Dashboard, Panel, Query, Row, quantiles

_ARTICLES = "sum(rate(rasd_alerts_articles_total[$__rate_interval]))"

ALERTS = Dashboard(
    uid="alerts",
    title="Rasd: alerts",
    description="Standing searches: matching, alerts and their delivery.",
    rows=(
        Row(
            "Delivery",
            (
                Panel(
                    "Oldest undelivered alert",
                    [Query("max(rasd_alerts_undelivered_seconds)")],
                    "s",
                    "`rasd alerts deliveries --state pending` names target and fault.",
                    type="stat",
                    thresholds=((60, "yellow"), (900, "red")),
                ),
                Panel(
                    "Undelivered alerts",
                    [Query("sum(rasd_alerts_undelivered)", "waiting or tried again")],
                    "short",
                    "An alert counts once for each target.",
                ),
                Panel(
                    "Failing targets",
                    [Query("sum(rasd_alerts_failing_targets)", "targets")],
                    "short",
                    "Targets that failed three times in a row. One message at a time is tried.",
                ),
                Panel(
                    "Attempts per minute",
                    [
                        Query(
                            "60 * sum by (outcome) (rate(rasd_alerts_deliveries_total[$__rate_interval]))",
                            "{{outcome}}",
                        )
                    ],
                    "short",
                    "delivered; failed, and tried again; dead, given up; cancelled.",
                ),
                Panel(
                    "Arrival to delivery",
                    quantiles("rasd_alerts_delay_seconds"),
                    "s",
                    "From the arrival of the article that caused the alert. Goal: median below 2 s, p99 below 5 s.",
                    width=16,
                ),
            ),
        ),
        Row(
            "Matching",
            (
                Panel(
                    "Alerts per minute",
                    [Query("60 * sum by (kind) (rate(rasd_alerts_total[$__rate_interval]))", "{{kind}}")],
                    "short",
                    "Alerts that became due, by kind.",
                    stacked=True,
                ),
                Panel(
                    "Articles and matches per minute",
                    [
                        Query(f"60 * {_ARTICLES}", "articles"),
                        Query("60 * sum(rate(rasd_alerts_matches_total[$__rate_interval]))", "matches"),
                    ],
                    "short",
                    "A match is one article that one standing search matches.",
                ),
                Panel(
                    "Standing searches",
                    [
                        Query("max(rasd_alerts_searches)", "active"),
                        Query(
                            f"sum(rate(rasd_alerts_tried_total[$__rate_interval])) / {_ARTICLES}",
                            "tried on an article",
                        ),
                    ],
                    "short",
                    "Only searches of which the article has a word are tried.",
                ),
                Panel(
                    "Time for one article",
                    [
                        Query(
                            f"sum(rate(rasd_alerts_matching_seconds_total[$__rate_interval])) / {_ARTICLES}", "matching"
                        )
                    ],
                    "s",
                    "Finding the article's terms, and trying searches on it.",
                ),
            ),
        ),
    ),
)
