"""The dashboard of what the articles say."""

from deploy.grafana.panels import Articles, Dashboard, Panel, Query, Row

CONTENT = Dashboard(
    uid="content",
    title="Rasd: content",
    description="What the articles are: counts of the index, and what the stages see.",
    since="now-24h",
    rows=(
        Row(
            "Articles that arrived",
            (
                Panel(
                    "Articles by outlet",
                    Articles("source", over_time=True, size=10),
                    "short",
                    "The ten outlets with the most articles. One that goes flat has stopped, or changed its pages.",
                    width=12,
                    stacked=True,
                ),
                Panel(
                    "Articles by language",
                    Articles("language", over_time=True, size=6),
                    "short",
                    "As detected. Much that is not `ar` means a wrong feed.",
                    width=12,
                    stacked=True,
                ),
                Panel(
                    "Outlets",
                    Articles("source"),
                    "short",
                    "Articles of each.",
                    type="bargauge",
                ),
                Panel(
                    "Largest stories",
                    Articles("facets.fold", size=10),
                    "short",
                    "Ids of the clusters with the most articles.",
                    type="bargauge",
                ),
                Panel(
                    "Stories",
                    Articles(None, distinct="facets.fold", over_time=True),
                    "short",
                    "Different stories that arrived, copies counted once (approximately, above 3,000).",
                ),
            ),
        ),
        Row(
            "Who and where",
            (
                Panel("People", Articles("facets.persons"), "short", "Articles that name them.", type="bargauge"),
                Panel(
                    "Organisations",
                    Articles("facets.organisations"),
                    "short",
                    "Articles that name them.",
                    type="bargauge",
                ),
                Panel("Places", Articles("facets.places"), "short", "Articles that name them.", type="bargauge"),
                Panel(
                    "Countries",
                    Articles("facets.countries", over_time=True, size=10),
                    "short",
                    "Articles with a place in the country, by ISO 3166 code.",
                    width=12,
                ),
                Panel(
                    "Entities and places an article",
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
                    "On average. A fall is a defect of a stage, or another kind of text.",
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
                    "Articles that repeat an earlier one. A sudden change is a source's doing or a defect.",
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
                    "posting_capped, candidates_capped, moves_capped: so many articles are alike that the oldest were "
                    "left out. "
                    "forgotten: articles that left the window. other_algorithm: fingerprints of another version.",
                    width=12,
                ),
            ),
        ),
        Row(
            "Refused",
            (
                Panel(
                    "Dead letters of the last day by reason",
                    [Query("sum by (reason) (increase(rasd_dead_letters_total[24h]))", "{{reason}}")],
                    "short",
                    "Why records never became articles.",
                    type="bargauge",
                    instant=True,
                    width=24,
                    height=7,
                ),
            ),
        ),
    ),
)
