"""The dashboard about the articles' content."""

from deploy.grafana.panels import Articles, Dashboard, Panel, Query, Row

CONTENT = Dashboard(
    uid="content",
    title="Rasd: content",
    description="Content of the articles, counted in the index and by the stages.",
    since="now-24h",
    rows=(
        Row(
            "Arrivals",
            (
                Panel(
                    "Articles by outlet",
                    Articles("source", over_time=True, size=10),
                    "short",
                    "The ten outlets with the most articles. One that drops to zero has stopped or changed its pages.",
                    width=12,
                    stacked=True,
                ),
                Panel(
                    "Articles by language",
                    Articles("language", over_time=True, size=6),
                    "short",
                    "Detected languages. Many articles other than `ar` indicate a wrong feed.",
                    width=12,
                    stacked=True,
                ),
                Panel(
                    "Outlets",
                    Articles("source"),
                    "short",
                    "Articles per outlet.",
                    type="bargauge",
                ),
                Panel(
                    "Largest stories",
                    Articles("facets.fold", size=10),
                    "short",
                    "Clusters with the most articles, by id.",
                    type="bargauge",
                ),
                Panel(
                    "Stories",
                    Articles(None, distinct="facets.fold", over_time=True),
                    "short",
                    "Distinct stories that arrived, counting copies once; approximate above 3,000.",
                ),
            ),
        ),
        Row(
            "People and places",
            (
                Panel("People", Articles("facets.persons"), "short", "Articles that name a person.", type="bargauge"),
                Panel(
                    "Organisations",
                    Articles("facets.organisations"),
                    "short",
                    "Articles that name an organisation.",
                    type="bargauge",
                ),
                Panel("Places", Articles("facets.places"), "short", "Articles that name a place.", type="bargauge"),
                Panel(
                    "Countries",
                    Articles("facets.countries", over_time=True, size=10),
                    "short",
                    "Articles that name a place in the country (ISO 3166 code).",
                    width=12,
                ),
                Panel(
                    "Entities and places per article",
                    [
                        Query(
                            "sum by (type) (rate(rasd_article_entities_sum[$__rate_interval])) "
                            "/ sum by (type) (rate(rasd_article_entities_count[$__rate_interval]))",
                            "{{type}}",
                        ),
                        Query(
                            "sum(rate(rasd_article_places_sum[$__rate_interval])) "
                            "/ sum(rate(rasd_article_places_count[$__rate_interval]))",
                            "places",
                        ),
                    ],
                    "short",
                    "Averages. A drop indicates a bug in a stage or a different kind of text.",
                    width=12,
                ),
            ),
        ),
        Row(
            "Copies",
            (
                Panel(
                    "Articles by relation",
                    [Query("sum by (relation) (rate(rasd_clusters_total[$__rate_interval]))", "{{relation}}")],
                    "reqps",
                    "first: a new story. exact, near, contains: a copy. update: a later version of the same article.",
                    width=12,
                    stacked=True,
                ),
                Panel(
                    "Share of copies",
                    [
                        Query(
                            'sum(rate(rasd_clusters_total{relation!="first"}[$__rate_interval])) '
                            "/ sum(rate(rasd_clusters_total[$__rate_interval]))",
                            "copies",
                        )
                    ],
                    "percentunit",
                    "Share of articles that repeat an earlier one. A sudden change comes from a source or from a bug.",
                    width=12,
                ),
                Panel(
                    "Moves",
                    [Query("sum(rate(rasd_cluster_moves_total[$__rate_interval]))", "articles")],
                    "reqps",
                    "Articles that were passed on before an earlier copy of theirs arrived, and changed their cluster.",
                    width=12,
                ),
                Panel(
                    "Look-up",
                    [Query("sum by (event) (rate(rasd_lookup_events_total[$__rate_interval]))", "{{event}}")],
                    "reqps",
                    "posting_capped, candidates_capped, moves_capped: too many similar articles, the oldest were left "
                    "out. forgotten: articles that left the time window. other_algorithm: fingerprints of another "
                    "version.",
                    width=12,
                ),
            ),
        ),
        Row(
            "Dead letters",
            (
                Panel(
                    "Dead letters of the last day by reason",
                    [Query("sum by (reason) (increase(rasd_dead_letters_total[24h]))", "{{reason}}")],
                    "short",
                    "Why records were rejected.",
                    type="bargauge",
                    instant=True,
                    width=24,
                    height=7,
                ),
            ),
        ),
    ),
)
