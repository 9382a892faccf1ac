"""Show keys of names in facets as the articles print them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streams.search.query import PRINTED_NAMES
from streams.words.names import NameKind, name_key

KINDS: Mapping[str, NameKind] = {"persons": "PER", "organisations": "ORG"}

Printed = dict[str, dict[str, str]]


def printed_names(answer: Mapping[str, Any]) -> Printed:
    """Return, for each facet of names, the most frequent printed form of each key that the response tells one for.

    Args:
        answer: the response to `build_facets`.
    """
    return {
        facet: _most_frequent(answer["aggregations"][f"{facet}_printed"]["buckets"], KINDS[facet])
        for facet in PRINTED_NAMES
        if f"{facet}_printed" in answer["aggregations"]
    }


def missing_names(answer: Mapping[str, Any], printed: Printed) -> dict[str, list[str]]:
    """Return the keys of each facet that `printed` has no form of."""
    found = {
        facet: [bucket["key"] for bucket in answer["aggregations"][facet]["buckets"] if bucket["key"] not in names]
        for facet, names in printed.items()
    }
    return {facet: keys for facet, keys in found.items() if keys}


def add_missing(printed: Printed, facet: str, keys: list[str], answer: Mapping[str, Any]) -> None:
    """Add the forms of keys from the response to `build_printed_names`."""
    for number, key in enumerate(keys):
        buckets = answer["aggregations"][str(number)]["names"]["buckets"]
        names = _most_frequent(buckets, KINDS[facet])
        if key in names:
            printed[facet][key] = names[key]


def with_printed_names(answer: Mapping[str, Any], printed: Printed) -> dict[str, Any]:
    """Return the response with printed forms in place of keys, and without the aggregations of printed forms."""
    aggregations = {
        name: value for name, value in answer["aggregations"].items() if name.removesuffix("_printed") == name
    }
    for facet, names in printed.items():
        buckets = answer["aggregations"][facet]["buckets"]
        shown = [bucket | {"key": names.get(bucket["key"], bucket["key"])} for bucket in buckets]
        aggregations[facet] = {"buckets": shown}
    return {**answer, "aggregations": aggregations}


def read_variants(answer: Mapping[str, Any], key: str, kind: NameKind) -> list[tuple[str, int]]:
    """Return the printed forms of one name with their numbers of articles, the most frequent first.

    Args:
        answer: the response to `build_printed_names` for this key alone.
        key: of the name.
        kind: whether it is a person's or an organisation's.
    """
    buckets = answer["aggregations"]["0"]["names"]["buckets"]
    return [(bucket["key"], bucket["doc_count"]) for bucket in buckets if name_key(bucket["key"], kind) == key]


def _most_frequent(buckets: list[dict[str, Any]], kind: NameKind) -> dict[str, str]:
    found: dict[str, str] = {}
    for bucket in buckets:  # the most frequent first
        found.setdefault(name_key(bucket["key"], kind), bucket["key"])
    return found
