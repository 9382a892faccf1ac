"""The demo's sample articles are what deploy/demo/README.md and expected.json say they are.

Nothing of the pipeline is run here but the decoding of raw records: the material itself is under test.
"""

from __future__ import annotations

import base64
import json
import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from streams.errors import Reason, Rejected
from streams.records import Cluster, RawArticle, decode
from tests.unit.demo.readers import (
    ARTICLES,
    EXPECTED,
    EXPECTED_ARTICLES,
    ROOT,
    body,
    file_text,
    fold,
    raw_records,
    repair,
    source_text,
    unmarked,
)

CORPUS = ROOT.parent / "shared" / "corpus" / "saudinewsnet"
SHINGLE = 8  # words in a row that two writers do not share by chance


def article_ids(value: dict[str, Any]) -> str:
    return str(value["key"])


every_article = pytest.mark.parametrize("index", range(len(EXPECTED_ARTICLES)), ids=map(article_ids, EXPECTED_ARTICLES))


def test_expected_names_every_file_and_no_other() -> None:
    on_disk = {str(p.relative_to(ARTICLES)) for p in ARTICLES.rglob("*") if p.is_file()} - {"expected.json"}
    assert on_disk == {*EXPECTED["inputs"], *EXPECTED["broken"]}
    named = {a["file"] for a in EXPECTED_ARTICLES} | {d["file"] for d in EXPECTED["dead_letters"]}
    assert named == on_disk


def test_readme_describes_every_file() -> None:
    readme = (ARTICLES.parent / "README.md").read_text(encoding="utf-8")
    for name in [*EXPECTED["inputs"], *EXPECTED["broken"]]:
        assert f"`{name}`" in readme


def test_enough_and_varied() -> None:
    languages = Counter(a["language"] for a in EXPECTED_ARTICLES)
    assert languages["ar"] >= 44
    assert {"fr", "en", "fa"} < languages.keys()
    assert {Path(name).suffix for name in EXPECTED["inputs"]} == {".jsonl", ".json", ".html", ".txt"}
    sources = {r.source for name in EXPECTED["inputs"] if "json" in name for r in raw_records(name)}
    assert len(sources) >= 8
    words = [len(body(i).split()) for i in range(len(EXPECTED_ARTICLES))]
    assert max(words) >= 900
    assert min(words) <= 25
    assert sum(120 <= n <= 400 for n in words) > len(words) / 2


def test_every_record_but_the_broken_ones_decodes() -> None:
    for name in EXPECTED["inputs"]:
        if Path(name).suffix in {".jsonl", ".json"}:
            for record in raw_records(name):
                record.content_bytes()
                assert re.match(r"https://[\w.-]*example\.(com|org|net)/", record.url), record.url


def test_archive_has_the_field_names_of_saudinewsnet() -> None:
    rows = json.loads((ARTICLES / "inbox" / "archive.json").read_bytes())
    assert all(row.keys() == {"source", "url", "date_extracted", "title", "author", "content"} for row in rows)
    assert all(record.fetched_at for record in raw_records("inbox/archive.json"))


@pytest.mark.parametrize("letter", EXPECTED["dead_letters"], ids=lambda d: f"{d['file']}:{d.get('line', 1)}")
def test_dead_letters_are_at_fault_as_said(letter: dict[str, Any]) -> None:
    reason = Reason(letter["reason"])
    path = ARTICLES / letter["file"]
    if path.suffix == ".html":
        assert re.search(r"<article>\s*</article>", path.read_text(encoding="utf-8"))
        return
    line = path.read_bytes().splitlines()[letter["line"] - 1]
    if reason is Reason.EMPTY_BODY:
        assert not decode(RawArticle, line).content.strip()
        return
    with pytest.raises(Rejected) as caught:
        decode(RawArticle, line).content_bytes()
    assert caught.value.reason is reason


def test_dead_letters_cover_every_broken_line() -> None:
    for name in EXPECTED["broken"]:
        lines = (ARTICLES / name).read_bytes().splitlines()
        assert [d["line"] for d in EXPECTED["dead_letters"] if d["file"] == name] == list(range(1, len(lines) + 1))
    expected = {d["reason"] for d in EXPECTED["dead_letters"]}
    # The others need a limit, a defect, a source that is watched, or a damaged disk.
    elsewhere = {Reason.TOO_LARGE, Reason.INDEX_REFUSED, Reason.POISON, Reason.NOT_FETCHED, Reason.UNREADABLE}
    assert expected == set(Reason) - elsewhere - {Reason.TOO_SLOW, Reason.TOO_MUCH_MEMORY, Reason.CRASHED}


def test_every_inbox_record_is_expected_somewhere() -> None:
    lines = {(a["file"], a.get("line")) for a in [*EXPECTED_ARTICLES, *EXPECTED["dead_letters"]]}
    for name in EXPECTED["inputs"]:
        if name.endswith(".jsonl"):
            count = len((ARTICLES / name).read_bytes().splitlines())
            assert {(name, n) for n in range(1, count + 1)} <= lines
    indexed = [a["index"] for a in EXPECTED_ARTICLES if a["file"] == "inbox/archive.json"]
    assert indexed == list(range(len(raw_records("inbox/archive.json"))))


@every_article
def test_expectation_stands_on_the_page(index: int) -> None:
    expected, text = EXPECTED_ARTICLES[index], source_text(index)
    assert expected["title"] in text
    assert "�" not in text
    for field in ("subtitle", "byline", "dateline"):
        assert expected.get(field) is None or unmarked(expected[field]) in unmarked(text), field
    for caption in expected.get("captions", []):
        assert f"{caption['text']} ({caption['credit']})" in text
    outlet = body(index)
    for name in [*expected["persons"], *(p["name"] for p in (*expected["places"], *expected.get("places_also", [])))]:
        assert unmarked(name) in unmarked(outlet), name
    if "canonical" in expected:
        assert f'rel="canonical" href="{expected["canonical"]}"' in file_text(ARTICLES / expected["file"])
    if expected["file"].endswith((".json", ".jsonl")):
        at = expected.get("line", expected.get("index", 0) + 1) - 1
        assert raw_records(expected["file"])[at].url == expected["url"]


@every_article
def test_what_must_be_absent_from_the_body_is_on_the_page(index: int) -> None:
    for chrome in EXPECTED_ARTICLES[index].get("absent", []):
        assert chrome in source_text(index), "an expectation that cannot fail"


def test_keys_and_titles_tell_articles_apart() -> None:
    assert max(Counter(a["key"] for a in EXPECTED_ARTICLES).values()) == 1
    assert max(Counter(a["title"] for a in EXPECTED_ARTICLES).values()) == 1


# Stories


def stories() -> dict[str, list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for index, article in enumerate(EXPECTED_ARTICLES):
        groups[article["story"]].append(index)
    return groups


def test_each_story_begins_with_its_first() -> None:
    relations = set(get_args(Cluster.model_fields["relation"].annotation))
    for members in stories().values():
        said = [EXPECTED_ARTICLES[i]["relation"] for i in members]
        assert said[0] == "first"
        assert set(said) <= relations
        assert "first" not in said[1:]
    assert len(stories()["red-sea-line"]) == 5
    assert {a["relation"] for a in EXPECTED_ARTICLES} == {"first", "exact", "near", "contains"}


def jaccard(a: set[str], b: set[str]) -> float:
    return len(a & b) / len(a | b)


def copies() -> Iterator[tuple[str, str, str, str]]:
    for members in stories().values():
        for i in members[1:]:
            article = EXPECTED_ARTICLES[i]
            yield article["key"], article["relation"], body(members[0]), body(i)


@pytest.mark.parametrize(("relation", "first", "copy"), [pytest.param(*c[1:], id=c[0]) for c in copies()])
def test_copies_are_related_as_said(relation: str, first: str, copy: str) -> None:
    a, b = fold(first), fold(copy)
    if relation == "exact":
        assert a == b
    elif relation == "contains":
        assert a[: len(b)] == b
        assert len(b) < 0.75 * len(a)
    else:
        assert a != b
        assert jaccard(set(a), set(b)) > 0.7


def test_other_stories_share_few_words() -> None:
    firsts = [members[0] for members in stories().values()]
    words = {i: set(fold(body(i))) for i in firsts}
    close = {
        frozenset({EXPECTED_ARTICLES[i]["key"], EXPECTED_ARTICLES[j]["key"]})
        for i in firsts
        for j in firsts
        if i < j and jaccard(words[i], words[j]) > 0.25
    }
    assert close == {frozenset({"gold-1", "gold-2"}), frozenset({"weather-1", "weather-2"})}


@pytest.mark.parametrize("pair", [("gold-1", "gold-2"), ("weather-1", "weather-2")], ids="-".join)
def test_templates_share_words_and_not_numbers(pair: tuple[str, str]) -> None:
    keys = [a["key"] for a in EXPECTED_ARTICLES]
    one, two = (fold(body(keys.index(key))) for key in pair)
    words = [[w for w in text if not w[0].isdigit()] for text in (one, two)]
    numbers = [{w for w in text if w[0].isdigit() and len(w) > 1} for text in (one, two)]
    assert words[0] == words[1]
    assert min(map(len, numbers)) >= 8
    assert jaccard(*numbers) < 0.35


# Bytes


def encoded(name: str) -> RawArticle:
    return next(r for r in raw_records("inbox/encodings.jsonl") if r.encoding == name)


@pytest.mark.parametrize(("declared", "real"), [("iso-8859-6", "iso-8859-6"), ("auto", "windows-1256")])
def test_encoded_records_are_bytes_of_that_charset_alone(declared: str, real: str) -> None:
    data = base64.b64decode(encoded(declared).content)
    with pytest.raises(UnicodeDecodeError):
        data.decode("utf-8")
    assert re.search(r"[\u0621-\u064a]{3}", data.decode(real))


def test_cp1256_page_declares_its_charset() -> None:
    data = (ARTICLES / "inbox" / "alsanabel-aswan-cp1256.html").read_bytes()
    assert b"charset=windows-1256" in data
    with pytest.raises(UnicodeDecodeError):
        data.decode("utf-8")


def test_utf16_text_begins_with_its_mark() -> None:
    data = (ARTICLES / "inbox" / "mokha-coffee-utf16.txt").read_bytes()
    assert data[:2] in {b"\xff\xfe", b"\xfe\xff"}


def test_mojibake_is_utf8_read_as_cp1252() -> None:
    record = next(r for r in raw_records("inbox/encodings.jsonl") if "Ø" in r.content)
    assert not re.search(r"[\u0621-\u064a]", record.content)
    assert re.search(r"[\u0621-\u064a]{3}", repair(record.content))


# Habits of the press


def test_a_page_repeats_its_captions_four_times() -> None:
    text = file_text(ARTICLES / "inbox" / "almina-page.txt")
    for index in (0, 1):
        caption = EXPECTED_ARTICLES[index]["captions"][0]
        assert text.count(f"{caption['text']} ({caption['credit']})") == 4
        assert text.splitlines().count(EXPECTED_ARTICLES[index]["title"]) == 2
    assert text.splitlines().count("TT") == 2


def test_pages_hold_two_and_three_articles() -> None:
    parts = Counter(a["file"] for a in EXPECTED_ARTICLES if "part" in a)
    assert sorted(parts.values()) == [2, 3]


@pytest.mark.parametrize(
    ("habit", "pattern", "least"),
    [
        ("Arabic-Indic numbers", r"[٠-٩]+٫[٠-٩]+", 1),
        ("a word with all its vowel marks", r"(?:[\u0621-\u064a][\u064b-\u0652]+){4,}", 1),
        ("tatweel", r"[\u0628-\u064a]\u0640+[\u0628-\u064a]", 1),
        ("ZWNJ between letters", r"[\u0621-\u06cc]\u200c[\u0621-\u06cc]", 2),
        ("ZWJ after a Hijri year", r"14\d\d ه\u200d", 1),
        ("the Prophet's honorific as one character", "ﷺ", 1),
        ("a Hijri date", r"\d+ (?:ربيع|جمادى) (?:الأول|الأولى) 14\d\d", 1),
        (
            "a month in both calendars, eastern name second",
            r"\d+ [\u0621-\u064a]+ \((?:تشرين|كانون) [\u0621-\u064a]+\)",
            2,
        ),
        ("a month in both calendars, eastern name first", r"(?:تشرين|كانون) [\u0621-\u064a]+/[\u0621-\u064a]+", 2),
        ("a Maghrebi month", r"غشت|شتنبر", 2),
        ("a Latin name", r"[A-Z][A-Za-z]{4,}", 1),
        ("a dateline with its agency", r"\w \(بيدر\) - ", 2),
        ("a related-story line", r"اقرأ أيضاً|مواضيع ذات صلة|مقالات ذات صلة", 3),
        ("a share widget", r"شارك", 3),
        ("a photo credit of a world agency", r"\((?:رويترز|أ\.ف\.ب)\)", 4),
    ],
)
def test_habit_occurs(habit: str, pattern: str, least: int) -> None:
    arabic = [i for i, a in enumerate(EXPECTED_ARTICLES) if a["language"] in {"ar", "fa"}]
    assert sum(bool(re.search(pattern, source_text(i))) for i in arabic) >= least, habit


def test_html_pages_differ_in_their_build() -> None:
    pages = [p.read_bytes() for p in sorted((ARTICLES / "inbox").glob("*.html"))]
    for feature in (b"application/ld+json", b"og:title", b"<figcaption>", b"<nav", b"<footer", b"<br><br>"):
        assert any(feature in page for page in pages), feature
    assert any(b"<br>" in page and b"<p>" not in page for page in pages)


# Searches


def test_searches_ask_for_titles_that_are_there() -> None:
    titles = {a["title"] for a in EXPECTED_ARTICLES}
    assert len(EXPECTED["searches"]) >= 12
    for search in EXPECTED["searches"]:
        assert search["query"].strip()
        assert search["titles"]
        assert set(search["titles"]) <= titles


# Origin


def shingles(words: list[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(words[i : i + SHINGLE]) for i in range(len(words) - SHINGLE + 1))


@pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the shared corpus ../shared/corpus/saudinewsnet is not on this machine"
)
def test_no_text_of_the_corpus_is_copied() -> None:
    ours = {
        s: EXPECTED_ARTICLES[i]["key"] for i in range(len(EXPECTED_ARTICLES)) for s in shingles(fold(source_text(i)))
    }
    vocabulary = {word for shingle in ours for word in shingle}
    known: dict[str, list[str]] = {}  # newspapers repeat themselves: folding a token once is what makes this quick

    def ours_alone(token: str) -> list[str]:
        words = fold(token)
        known[token] = words if vocabulary.issuperset(words) else []
        return known[token]

    seen = 0
    for day in sorted(CORPUS.glob("*.zip")):
        with zipfile.ZipFile(day) as archive:
            articles = json.loads(archive.read(archive.namelist()[0]))
        for article in articles:
            run: list[str] = []
            for token in [*(article["content"] or "").split(), "."]:
                if words := known[token] if token in known else ours_alone(token):
                    run += words
                elif run:
                    for shingle in shingles(run):
                        assert shingle not in ours, f"{ours[shingle]}: {' '.join(shingle)}"
                    run = []
            seen += 1
    assert seen > 10_000
