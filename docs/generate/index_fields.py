"""docs/reference/index-fields.md: every field of an article index, from the index templates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from docs.generate.defaults import DEFAULTS
from docs.generate.markdown import code, document, sentence, table
from docs.generate.records import article_description
from streams.elastic.templates import component_templates, index_template

INTRODUCTION = """
Fields of the indices behind the alias `rasd-read` (`RASD_INDEX_PREFIX` renames it), made from the index template. A
document is the article as [records.md](records.md) describes it, with `@timestamp`, `facets`, `forms` and `families`
added. The mapping is
`dynamic: false`: what it does not name is kept in the document and returned with it, but can be neither searched nor
counted. [search.md](../explanation/search.md) explains the analysis.
"""

# What a mapping does to a text field, by its analyzer or normalizer.
ANALYSIS = {
    "word_families": "Terms that Rasd made, with a space between them.",
    "word_forms": "The same; `|` joins the forms of one word.",
    "ar_name": "Words without differences of spelling (vowel signs, forms of alef, digits, case).",
    "ar_fold": "The whole value without differences of spelling, as one term.",
}

# Fields that are not fields of an article, or are one in another form.
ADDED = {
    "@timestamp": "When it appeared: `published_at`, else `fetched_at`, but not after `ingested_at`. Sorts results.",
    "event.ingested": "`ingested_at` under its name in the Elastic Common Schema.",
    "url.full": "`url` under its name in the Elastic Common Schema.",
    "source.fold": "`source` without differences of spelling, for filters.",
    "forms.title": "Forms of the words of `title`: normalised, after `~` without clitics, after `=` as printed.",
    "forms.subtitle": "Forms of the words of `subtitle`: normalised, after `~` without clitics, after `=` as printed.",
    "forms.body": "Forms of the words of `body`: normalised, after `~` without clitics, after `=` as printed.",
    "families.title": "Families of the words of `title`, names after `@`; no stop words.",
    "families.subtitle": "Families of the words of `subtitle`, names after `@`; no stop words.",
    "families.body": "Families of the words of `body`, names after `@`; no stop words.",
    "families.captions": "Families of the words of `captions`, names after `@`; no stop words.",
    "byline.words": "`byline` by its words.",
    "names.persons": "Keys of the persons' names, which their spellings share; for the filter `person` and the facet.",
    "names.persons_words": "The persons' names by their words, without titles.",
    "names.organisations": "Keys of the organisations' names, which their spellings share.",
    "names.organisations_words": "The organisations' names by their words.",
    "names.speakers": "Keys of the names of the persons and organisations that are quoted, for the filter `said_by`.",
    "names.speakers_words": "The same names by their words.",
    "facets.fold": "Cluster of the article, else its own id: articles of one value are shown as one story.",
    "facets.persons": "Names of the persons mentioned, as printed, each once.",
    "facets.organisations": "Names of the organisations mentioned, as printed, each once.",
    "facets.locations": "Names of the locations mentioned, each once, resolved to a place or not.",
    "facets.places": "Arabic names of the resolved places, each once.",
    "facets.place_names": "All names of the resolved places, Arabic and English, for the filter `place`.",
    "facets.place_path": "Resolved places as `country/division/name`, and each part from the left, to count by level.",
    "facets.place_points": "Path and coordinates of the places (`YE/عدن@12.7800,45.0300`), to locate map tiles.",
    "facets.countries": "ISO 3166-1 alpha-2 codes of the resolved places.",
    "facets.divisions": "First-level divisions of the resolved places as `country/division`.",
    "facets.main_place": "Path of the main place.",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the mapping.

    Attributes:
        path: its name in queries.
        mapping: its definition.
    """

    path: str
    mapping: Mapping[str, Any]

    @property
    def searchable(self) -> bool:
        """Whether a query can ask for its values."""
        return bool(self.mapping["type"] != "object" and self.mapping.get("index", True))

    @property
    def aggregatable(self) -> bool:
        """Whether results can be counted and sorted by it: it has doc values, which text never has."""
        return bool(self.mapping["type"] not in {"object", "text"} and self.mapping.get("doc_values", True))

    @property
    def analysis(self) -> str:
        """The name of its analyzer or normalizer; empty if it has none."""
        return str(self.mapping.get("analyzer") or self.mapping.get("normalizer") or "")

    def meaning(self) -> str:
        """Return what the field holds.

        Raises:
            KeyError: it is neither a field of an article nor in `ADDED`.
        """
        return ADDED[self.path] if self.path in ADDED else article_description(self.path)


def page() -> str:
    """Return the page."""
    answers = {True: "yes", False: "no"}
    rows = (
        (
            code(field.path),
            _type(field),
            code(field.analysis),
            answers[field.searchable],
            answers[field.aggregatable],
            sentence(field.meaning()),
        )
        for field in fields()
    )
    analysis = component_templates(DEFAULTS)
    return document(
        "Index fields",
        INTRODUCTION,
        [
            table(("Field", "Type", "Analysis", "Searchable", "Aggregatable", "Meaning"), rows),
            "## Analysis",
            table(("Name", "Makes of a text"), ((code(name), ANALYSIS[name]) for name in _analysis_names(analysis))),
        ],
    )


def fields() -> list[Field]:
    """Return every field of the mapping, in its order, subfields after the field that they belong to."""
    mappings = index_template(DEFAULTS)["template"]["mappings"]
    return list(_flattened("", mappings["properties"]))


def _flattened(prefix: str, properties: Mapping[str, Any]) -> Iterator[Field]:
    for name, mapping in properties.items():
        path = f"{prefix}{name}"
        if "properties" in mapping:
            yield from _flattened(f"{path}.", mapping["properties"])
        else:
            yield Field(path, mapping)
            yield from _flattened(f"{path}.", mapping.get("fields", {}))


def _type(field: Field) -> str:
    kind = str(field.mapping["type"])
    if kind == "alias":
        return f"alias of {code(field.mapping['path'])}"
    # Objects with properties are not fields themselves: these are left as they are.
    return f"{code(kind)}, kept as it is" if kind == "object" else code(kind)


def _analysis_names(templates: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the analyzers and normalizers that the templates define."""
    for template in templates.values():
        analysis = template["template"].get("settings", {}).get("analysis", {})
        yield from analysis.get("analyzer", {})
        yield from analysis.get("normalizer", {})
