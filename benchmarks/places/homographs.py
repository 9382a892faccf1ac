"""Measure names that are spelt like other words: «وصل إلى قطر», «قطر الأنبوب».

    python -m benchmarks.places.homographs [--part seen|unseen|later|last] [--mistakes]

`homographs.jsonl` holds composed sentences, each with one marked word (`start`, `end`), whether it is a place there,
and its country (null for a region). All stages run on each sentence. Of the `unseen` third, drawn by its place in the
list as it was composed, no mistake was listed while rules were written. The `later` ones were composed when these rules
stood, run once, and then served for further ones; the `last` ones likewise after those.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agents.entities.mentions.extract import tag_articles
from agents.entities.taggers.embedded import load
from agents.geotag.geotagger import Geotagger, geotag_article
from streams.records import Article

SENTENCES = Path(__file__).parent / "homographs.jsonl"
PARTS = ("seen", "unseen", "later", "last")


def judge(sentence: dict[str, Any], article: Article) -> str:
    """Return `right`, `none` (rightly no place), `spurious`, `missed` or `misplaced`."""
    found = [
        place
        for place in article.places
        for span in place.mentions
        if span.start < sentence["end"] and span.end > sentence["start"]
    ]
    if not sentence["place"]:
        return "spurious" if found else "none"
    if not found:
        return "missed"
    return "right" if found[0].country == sentence["country"] else "misplaced"


def main() -> None:
    """Print precision and recall of the marked words of each part, and how many main places are none."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=PARTS, help="only this part")
    parser.add_argument("--mistakes", action="store_true", help="list the mistakes of the seen parts")
    options = parser.parse_args()
    sentences = [json.loads(line) for line in SENTENCES.read_text(encoding="utf-8").splitlines()]
    now = datetime.now(UTC)
    articles = [
        Article(id=str(n), url=f"urn:s:{n}", source="s", language="ar", body=s["text"], ingested_at=now)
        for n, s in enumerate(sentences)
    ]
    tagger, geotagger = load(), Geotagger.load()
    tagged = [article.model_copy(update={"trace": {"entities": {}}}) for article in tag_articles(articles, tagger)]
    outcomes = [judge(s, geotag_article(a, geotagger)) for s, a in zip(sentences, tagged, strict=True)]
    for part in [options.part] if options.part else PARTS:
        numbers = [n for n in range(len(sentences)) if sentences[n]["part"] == part]
        count = Counter(outcomes[n] for n in numbers)
        claimed = count["right"] + count["misplaced"] + count["spurious"]
        places = count["right"] + count["misplaced"] + count["missed"]
        print(
            f"{part}: {len(numbers)} sentences, precision {count['right'] / claimed:.3f} ({count['right']}/{claimed}), "
            f"recall {count['right'] / places:.3f} ({count['right']}/{places}), "
            f"right {(count['right'] + count['none']) / len(numbers):.3f}"
        )
        if options.mistakes and part != "unseen":
            for n in numbers:
                if outcomes[n] not in {"right", "none"}:
                    word = sentences[n]["text"][sentences[n]["start"] : sentences[n]["end"]]
                    print(f"  {outcomes[n]} {word}: {sentences[n]['text']}")


if __name__ == "__main__":
    main()
