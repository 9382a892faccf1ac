"""Measure whether stories of one template stay apart and rewritten copies are joined, on composed texts.

    python -m benchmarks.dedupe.templates [--show]

`templates.jsonl` holds for each kind of routine news (weather, prayer times, exchange rates, obituaries, matches …) an
article, another article of the same template with other facts, and an edited copy of the first under another headline.
All stages run on each pair in this process, with an empty state; the other article comes from another outlet and from
the same one, the copy from another outlet two hours later.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from streams.engine.in_process import LocalPipeline
from streams.records import RawArticle, decode
from streams.settings import get_settings

TEXTS = Path(__file__).with_name("templates.jsonl")


def joined(one: dict[str, str], other: dict[str, str], *, one_outlet: bool) -> bool:
    """Return whether two articles get into one cluster."""
    records = [
        {
            **text,
            "url": f"https://{source}.example.com/{number}",
            "source": source,
            "published_at": f"2026-11-28T{7 + 2 * number:02}:00:00Z",
        }
        for number, (text, source) in enumerate(((one, "first"), (other, "first" if one_outlet else "second")))
    ]
    results = LocalPipeline(get_settings()).enrich([decode(RawArticle, json.dumps(r).encode()) for r in records])
    return len({article.cluster.id for result in results for article in result.articles if article.cluster}) == 1


def main() -> None:
    """Print how many pairs of each sort are judged right."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", action="store_true", help="print the kinds that are wrong")
    options = parser.parse_args()
    cases = [json.loads(line) for line in TEXTS.read_text(encoding="utf-8").splitlines()]
    wrong: dict[str, list[str]] = {"templates of two outlets": [], "templates of one outlet": [], "copies": []}
    for case in cases:
        if joined(case["article"], case["other"], one_outlet=False):
            wrong["templates of two outlets"].append(case["kind"])
        if joined(case["article"], case["other"], one_outlet=True):
            wrong["templates of one outlet"].append(case["kind"])
        if not joined(case["article"], case["copy"], one_outlet=False):
            wrong["copies"].append(case["kind"])
    for name, kinds in wrong.items():
        print(f"{name}: {len(cases) - len(kinds)} of {len(cases)} right", *(kinds if options.show else ()))


if __name__ == "__main__":
    main()
