"""Evaluate places against articles labelled by hand (benchmarks/places/gold.jsonl).

Each line of a gold file is one article: `url`, `source`, `half` (tune or test), `length` of its text in code points,
`content` (the text; if left out, a folder of dumps must hold it), and `mentions` with offsets into the text of the
corpus, each with `kind`, `country`, `lat`, `lon` and, if GeoNames has the place, `geonameid`. A mention that two
careful readers may judge differently (a place inside an organisation's name, «المملكة») is `optional`: it counts
neither if found nor if missed.

A mention is right if its place is right: a country by its code; a division if it is a division of that country with its
seat within 30 km; any other place within 30 km (regions and waters also by their name, since a point represents an
area).
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from agents.geotag.country_votes import distance_km
from agents.geotag.geotagger import Geotagger, geotag_article
from agents.scoring import Score
from agents.text.utf8 import decode_utf8
from streams.errors import OperatorError
from streams.records import Article, Place, PlaceKind, RawArticle, Span, Url

#: Maximum distance in km of a right place from the labelled point.
NEAR_KM = 30.0
HALVES = ("tune", "test")


class _LabelledMention(BaseModel):
    model_config = ConfigDict(extra="forbid")

    start: int = Field(ge=0)
    end: int
    optional: bool = False
    kind: PlaceKind = "city"
    country: str | None = None
    name_en: str | None = None
    lat: float = Field(default=0.0, ge=-90, le=90)
    lon: float = Field(default=0.0, ge=-180, le=180)
    geonameid: int | None = None

    @model_validator(mode="after")
    def _is_placed(self) -> _LabelledMention:
        if not self.optional and not {"kind", "lat", "lon"} <= self.model_fields_set:
            raise ValueError("a mention that is not optional needs kind, lat and lon")
        return self


class _Label(BaseModel):
    model_config = ConfigDict(extra="ignore")

    url: Url
    source: str = Field(min_length=1, max_length=200)
    half: str = ""
    length: int
    content: str | None = Field(default=None, min_length=1)
    title: str | None = None
    mentions: list[_LabelledMention]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One wrong mention.

    Attributes:
        url: of the article.
        cause: `spurious` (there is no place), `missed`, `misplaced` (another place) or `wrong kind`.
        text: the words.
        gold, found: descriptions of the labelled and of the found place; empty if there is none.
    """

    url: str
    cause: str
    text: str
    gold: str
    found: str


@dataclass(slots=True)
class Report:
    """Result of one half or of both.

    Attributes:
        articles: number of articles.
        mentions: score of single mentions.
        places: score of the distinct places of each article.
        mistakes: one for each wrong mention.
    """

    articles: int = 0
    mentions: Score = field(default_factory=Score)
    places: Score = field(default_factory=Score)
    mistakes: list[Mistake] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Format the result as lines of text."""
        rows = [f"{self.articles} articles"]
        for name, score in (("mentions", self.mentions), ("places", self.places)):
            rows.append(
                f"{name}: precision {score.precision:.3f} ({score.right}/{score.found}), "
                f"recall {score.recall:.3f} ({score.right}/{score.gold}), F1 {score.f1:.3f}"
            )
        return rows


def evaluate_places(
    gold: Path,
    corpus: Path | None = None,
    half: str | None = None,
    prepare: Callable[[Article], Article] | None = None,
) -> Report:
    """Geotag the articles of a gold file and compare the result with the labels.

    Args:
        gold: file of labels.
        corpus: folder with the dumps (.zip of JSON arrays, as SaudiNewsNet) that hold the articles whose lines have no
            `content`.
        half: `tune` or `test`; None for both.
        prepare: applied to each article before geotagging, such as the entity stage.

    Raises:
        OperatorError: a file is missing or damaged, or no file holds the text of an article as it was labelled.
    """
    rows = [row for row in _read_gold(gold) if half in {None, row.get("half")}]
    if not rows:
        raise OperatorError(f"{gold} has no lines" + (f" of the half {half}" if half else ""))
    texts = _texts(rows, gold, corpus)
    geotagger = Geotagger.load()
    report = Report()
    for row in rows:
        raw = texts.get(row["url"])
        if raw is None or len(raw.content) != row["length"]:
            raise OperatorError(
                f"{corpus or gold} does not hold {row['url']} as it was labelled ({row['length']} characters)"
            )
        article = Article(
            id=row["url"],
            url=raw.url,
            source=raw.source,
            language="ar",
            title=raw.title,
            body=raw.content,
            ingested_at=datetime.now(UTC),
        )
        _compare(report, row, geotag_article(prepare(article) if prepare else article, geotagger))
    return report


def _texts(rows: Sequence[Mapping[str, Any]], gold: Path, corpus: Path | None) -> dict[str, RawArticle]:
    found = {row["url"]: RawArticle.model_validate(row) for row in rows if "content" in row}
    absent = {row["url"] for row in rows} - found.keys()
    if absent and corpus is None:
        raise OperatorError(
            f"{gold} has no text of {min(absent)}", status=2, hint="--corpus names the folder of dumps that hold it"
        )
    return found | (_read_corpus(corpus, absent) if corpus and absent else {})


def _read_gold(path: Path) -> list[dict[str, Any]]:
    rows = []
    try:
        data = path.read_bytes()
    except OSError as error:
        raise OperatorError(f"cannot read {path}: {error.strerror}", status=2) from error
    lines = decode_utf8(data, path, "utf-8-sig").split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = _Label.model_validate_json(line).model_dump(exclude_unset=True)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise OperatorError(f"{path}:{number}: {where}: {first['msg']}".replace(": :", ":")) from error
        rows.append(row)
    return rows


def _read_corpus(folder: Path, urls: set[str]) -> dict[str, RawArticle]:
    found: dict[str, RawArticle] = {}
    for path in sorted(folder.glob("*.zip")):
        for record in _records(path):
            if record.get("url") in urls:
                found.setdefault(record["url"], RawArticle.model_validate(record))
    return found


def _records(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield from json.loads(archive.read(name))
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise OperatorError(f"cannot read {path}: {error}", status=2) from error


def _compare(report: Report, row: Mapping[str, Any], article: Article) -> None:
    report.articles += 1
    gold: Sequence[Mapping[str, Any]] = row["mentions"]
    found = [(span, place) for place in article.places for span in place.mentions]
    hit: set[int] = set()
    for span, place in sorted(found, key=lambda pair: pair[0].start):
        index = _overlapping(span, gold)
        if index is not None and gold[index].get("optional"):
            continue
        report.mentions.found += 1
        text = article.body[span.start : span.end]
        if index is None:
            report.mistakes.append(Mistake(row["url"], "spurious", text, "", _describe(place)))
        elif same_place(place, gold[index]):
            report.mentions.right += index not in hit
            hit.add(index)
        else:
            hit.add(index)
            cause = "wrong kind" if _km(place, gold[index]) <= NEAR_KM else "misplaced"
            report.mistakes.append(Mistake(row["url"], cause, text, _label(gold[index]), _describe(place)))
    needed = [index for index, mention in enumerate(gold) if not mention.get("optional")]
    report.mentions.gold += len(needed)
    for index in needed:
        if index not in hit:
            mention = gold[index]
            text = article.body[mention["start"] : mention["end"]]
            report.mistakes.append(Mistake(row["url"], "missed", text, _label(mention), ""))
    _compare_places(report.places, [gold[index] for index in needed], gold, article.places)


def _compare_places(
    score: Score, needed: Iterable[Mapping[str, Any]], gold: Sequence[Mapping[str, Any]], places: Iterable[Place]
) -> None:
    distinct = {(m["kind"], m["country"], m["lat"], m["lon"]): m for m in needed}
    score.gold += len(distinct)
    left = dict(distinct)
    for place in places:
        indices = [_overlapping(span, gold) for span in place.mentions]
        if all(index is not None and gold[index].get("optional") for index in indices):
            continue
        score.found += 1
        match = next((key for key, mention in left.items() if same_place(place, mention)), None)
        if match is not None:
            score.right += 1
            del left[match]


def _overlapping(span: Span, gold: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the index of the label that overlaps a span most, or None."""
    best, most = None, 0
    for index, mention in enumerate(gold):
        shared = min(span.end, mention["end"]) - max(span.start, mention["start"])
        if shared > most:
            best, most = index, shared
    return best


def same_place(place: Place, gold: Mapping[str, Any]) -> bool:
    """Return whether a place is the labelled one; see the module's docstring."""
    if gold["kind"] == "country" or place.kind == "country":
        return (place.kind, place.country) == (gold["kind"], gold["country"])
    if gold["kind"] == "division":
        return (place.kind, place.country) == ("division", gold["country"]) and _km(place, gold) <= NEAR_KM
    if gold["kind"] in {"region", "water"} and place.name_en == gold.get("name_en"):
        return True
    return _km(place, gold) <= NEAR_KM


def _km(place: Place, gold: Mapping[str, Any]) -> float:
    return distance_km((place.lat, place.lon), (gold["lat"], gold["lon"]))


def _label(gold: Mapping[str, Any]) -> str:
    return f"{gold.get('name_en') or ''} {gold['kind']} {gold['country']} {gold['lat']},{gold['lon']}".strip()


def _describe(place: Place) -> str:
    return f"{place.name_en} {place.kind} {place.country} {place.lat},{place.lon} ({place.confidence})"
