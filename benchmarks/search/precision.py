"""How exactly names and words are found in news: python -m benchmarks.search.precision CORPUS [--every N] [--fewest N]

Draws names and common words by a seed, searches them in SaudiNewsNet as an index with Rasd's terms would, and as one
with the stock `arabic` analyzer, and judges from the printed text alone: an article is right if it prints the name or
word itself, after clitics (and, for words, with an article and attached pronouns), by letters. Names of countries
count in their relative forms (مصري) as well. Of common words, the forms beyond that criterion by which Rasd finds an
article (broken plurals, conjugations, relative forms) were read once, without their sentences: judged_forms.tsv has
those that a reader of the query expects, then those that are another word. A form that it lacks counts as another word
and is printed. It cannot tell two senses of one spelling. Articles are tagged first, as in the
pipeline. Needs a running Elasticsearch (`rasd up`) for the stock analyzer.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import random
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from agents.geotag.gazetteer import Gazetteer, Strength
from agents.index.build.names import COUNTRIES
from streams.elastic.client import make_client
from streams.engine.in_process import LocalPipeline
from streams.errors import RasdError
from streams.records import Article, RawArticle
from streams.search.request import Filters
from streams.settings import get_settings
from streams.words.index import article_words
from streams.words.lexicon import lexicon, stop_words

# The forms of the words drawn with seeds 17 and 19 were read to mend the rules, and then are no measure of them.
SEED, WORD_SEED = 17, 23
JUDGED = Path(__file__).parent / "judged_forms.tsv"
DRAWN = 60
FEWEST_NAMES, FEWEST_WORDS = 10, 100
STEMS = "benchmark-precision"
# The criterion's own letters: only what no reader takes for another word.
_LETTERS = str.maketrans("أإآٱىة", "اااايه", "".join(map(chr, [*range(0x64B, 0x653), 0x640, 0x670])))
_WORD = re.compile("[ء-غف-ي]+")
# عبد العزيز is printed as one word too.
_SERVANT = re.compile("([وفبلك]?عبد) (?=ال[ء-غف-ي]{2})")
_CLITICS = ("", "و", "ف")
_PREPOSITIONS = ("", "ب", "ل", "ك")
_PRONOUNS = ("ه", "ها", "هم", "هما", "هن", "نا", "ي", "كم")


def printed_words(text: str) -> set[str]:
    """Return the words of a text by the criterion's letters."""
    plain = text.translate(_LETTERS)
    return {*_WORD.findall(plain), *_WORD.findall(_SERVANT.sub(r"\1", plain))}


def with_clitics(word: str) -> set[str]:
    """Return a word after all clitics; ل and the article become لل."""
    found = {first + second + word for first in _CLITICS for second in _PREPOSITIONS}
    if word.startswith("ال"):
        found |= {first + "ل" + word[1:] for first in _CLITICS}
    return found


def inflected(word: str) -> set[str]:
    """Return a word with and without article, after clitics, with attached pronouns."""
    stem = word[:-1] + "ت" if word.endswith("ه") else word
    owned = {stem + pronoun for pronoun in _PRONOUNS}
    return {form for base in ({word, "ال" + word} | owned) for form in with_clitics(base)}


def read_articles(corpus: Path, every: int) -> list[Article]:
    """Return every n-th article of SaudiNewsNet as the pipeline enriches it."""
    raws = []
    for path in sorted((corpus / "saudinewsnet").glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                rows = json.loads(archive.read(name).decode("utf-8-sig"))
                raws += [row for row in rows[::every] if row.get("content")]
    pipeline = LocalPipeline(get_settings())
    found = []
    for start in range(0, len(raws), 64):
        records = [RawArticle.model_validate(row) for row in raws[start : start + 64]]
        found += [article for outcome in pipeline.enrich(records) for article in outcome.articles]
        sys.stderr.write(f"\r{len(found):,} articles")
    return found


def names_drawn(count: Mapping[str, int]) -> list[str]:
    """Draw names of one word: towns, countries and what the tagger found to be a name, as often as they are printed."""
    gazetteer = Gazetteer.load()
    places = {
        name
        for name in gazetteer.one_word_names()
        if any(sense.strength == Strength.STRONG for sense in gazetteer.senses(name))
    }
    people = {form for form, entry in lexicon().names.items() if entry.always and not entry.nisba}
    frequent = sorted(name for name in places | people if count[name] >= FEWEST_NAMES and len(name) > 2)
    return sorted(random.Random(SEED).sample(frequent, min(DRAWN, len(frequent))))


def words_drawn(count: Mapping[str, int], fewest: int = FEWEST_WORDS) -> list[str]:
    """Draw common words without article or clitic, with `fewest` occurrences or more, also with the article."""
    names = lexicon().names
    frequent = sorted(
        word
        for word, times in count.items()
        if times >= fewest and len(word) > 2 and word not in names and word not in stop_words()
        and count["ال" + word] >= times / 10 and not word.startswith("ال")
    )  # fmt: skip
    return sorted(random.Random(WORD_SEED).sample(frequent, min(DRAWN, len(frequent))))


def judged_forms() -> dict[str, tuple[set[str], set[str]]]:
    """Return the forms of each word of judged_forms.tsv that a reader expects, and those that are another word."""
    found = {}
    for line in JUDGED.read_text(encoding="utf-8").splitlines():
        word, right, wrong = (line + "\t\t").split("\t")[:3]
        found[word] = (set(right.split()), set(wrong.split()))
    return found


def relative_forms() -> dict[str, set[str]]:
    """Return the relative forms of countries by each of their names, by the criterion's letters."""
    found: dict[str, set[str]] = {}
    with COUNTRIES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            forms = set()
            for nisba in filter(None, row["nisbas"].translate(_LETTERS).split("|")):
                bare = nisba.removeprefix("=").removeprefix("ال")
                forms |= {a + bare + b for a in ("", "ال") for b in ("", "ه", "ا", "ين", "ون", "ان", "ات", "يه", "ه")}
            for name in row["names"].translate(_LETTERS).split("|"):
                found[name] = {
                    other for other in row["names"].translate(_LETTERS).split("|") if " " not in other
                } | forms
    return found


async def stock_stems(words: Iterable[str]) -> dict[str, str]:
    """Return the term that stock `arabic` makes of each word; stop words are left out."""
    client = make_client(get_settings())
    found = {}
    try:
        await client.indices.delete(index=STEMS, ignore_unavailable=True)
        await client.indices.create(index=STEMS)
        distinct = sorted(set(words))
        for start in range(0, len(distinct), 2000):
            part = distinct[start : start + 2000]
            answer = await client.indices.analyze(index=STEMS, analyzer="arabic", text=" ".join(part))
            found.update({part[token["position"]]: token["token"] for token in answer["tokens"]})
        await client.indices.delete(index=STEMS)
    finally:
        await client.close()
    return found


def figures(
    queries: Collection[str], finds: Callable[[str], set[int]], right: Mapping[str, set[int]]
) -> tuple[float, float, list[str]]:
    """Return the precision and recall over all queries, and those below .97 in either with their figures."""
    hits = all_found = all_right = 0
    low = []
    for query in queries:
        found = finds(query)
        both = len(found & right[query])
        hits, all_found, all_right = hits + both, all_found + len(found), all_right + len(right[query])
        precision = both / len(found) if found else 1.0
        recall = both / len(right[query]) if right[query] else 1.0
        if min(precision, recall) < 0.97:
            low.append(f"{query} {precision:.2f}/{recall:.2f} of {len(right[query])}")
    return hits / max(1, all_found), hits / max(1, all_right), low


def measure(corpus: Path, every: int, fewest: int) -> None:
    """Measure and print."""
    articles = read_articles(corpus, every)
    texts = [printed_words("\n".join(filter(None, (a.title, a.subtitle, a.body)))) for a in articles]
    found = [article_words(article.model_dump(mode="python")).values() for article in articles]
    terms = [
        frozenset(family for words in texts_of for word in words for family in word.families) for texts_of in found
    ]
    count = Counter(word for text in texts for word in text)
    stems = asyncio.run(stock_stems(count))
    stock = [frozenset(stems[word] for word in text if word in stems) for text in texts]

    def by_rasd(query: str) -> set[int]:
        families = {family for word in Filters(q=query).wanted().words for family in word.families}
        return {number for number, found in enumerate(terms) if not families.isdisjoint(found)}

    def by_stock(query: str) -> set[int]:
        return {number for number, found in enumerate(stock) if stems.get(query) in found}

    relative = relative_forms()
    names, words = names_drawn(count), words_drawn(count, fewest)
    forms = {name: {f for base in {name} | relative.get(name, set()) for f in with_clitics(base)} for name in names}
    forms |= {word: inflected(word) for word in words}
    right = {
        query: {number for number, text in enumerate(texts) if not text.isdisjoint(printed)}
        for query, printed in forms.items()
    }
    judged = judged_forms()
    unread: list[str] = []
    expected: dict[str, set[int]] = {}
    for query in words:
        families = frozenset(family for word in Filters(q=query).wanted().words for family in word.families)
        good, bad = judged.get(query, (set[str](), set[str]()))
        expected[query] = set(right[query])
        for number, texts_of in enumerate(found):
            if number in right[query]:
                continue
            matched = {w.forms[0] for ws in texts_of for w in ws if not families.isdisjoint(w.families)}
            if matched & good:
                expected[query].add(number)
            unread += [f"{query} {form}" for form in matched - good - bad]
    print(f"\r{len(articles):,} articles, seeds {SEED} and {WORD_SEED}")
    print(f"{len(set(unread))} forms were not read: {'; '.join(sorted(set(unread))[:9])}")
    for kind, queries in (("names", names), ("words", words)):
        for system, finds in (("rasd", by_rasd), ("arabic", by_stock)):
            precision, recall, low = figures(queries, finds, right)
            if kind == "words":
                precision, _, low = figures(queries, finds, expected)
            shown = f"recall {recall:.3f}"
            if kind == "names" or system == "rasd":
                shown = f"precision {precision:.3f} {shown}"
            print(f"{len(queries)} {kind}, {system:6} {shown}; below .97: {len(low)}")
            if system == "rasd":
                print("  precision/recall: " + "; ".join(low))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="folder with saudinewsnet/")
    parser.add_argument("--every", type=int, default=5, help="take each n-th article")
    parser.add_argument("--fewest", type=int, default=FEWEST_WORDS, help="fewest occurrences of a word that is drawn")
    arguments = parser.parse_args()
    try:
        measure(arguments.corpus, arguments.every, arguments.fewest)
    except (OSError, RasdError) as error:
        sys.exit(f"benchmark: {error}")


if __name__ == "__main__":
    main()
