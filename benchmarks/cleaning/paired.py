"""Measure the speed of the stage in two checkouts in turn, so that other work on the machine disturbs both alike."""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from agents.clean.page import Limits, clean_page
from benchmarks.cleaning import corpus, speed
from streams.errors import Rejected
from streams.records import RawArticle

_NOW = datetime(2024, 3, 5, tzinfo=UTC)
_HTML_PAGES, _TEXT_PAGES, _WARM, _TIMES = 60, 120, 20, 4
_CHILD = "--child"


def rate(pages: Sequence[RawArticle]) -> float:
    """Return pages a second of processor time, each page by its fastest time of four."""
    for raw in pages[:_WARM]:
        _seconds(raw)
    return len(pages) / sum(min(_seconds(raw) for _ in range(_TIMES)) for raw in pages)


def _seconds(raw: RawArticle) -> float:
    start = time.process_time()
    with suppress(Rejected):  # a refusal takes time, too
        clean_page(raw, ingested_at=_NOW, limits=Limits())
    return time.process_time() - start


def _child(folder: Path) -> None:
    articles = list(itertools.islice(corpus.saudinewsnet(folder, 1), _TEXT_PAGES))
    html = [speed.as_html(raw) for raw in articles[:_HTML_PAGES]]
    print(json.dumps({"HTML": rate(html), "text": rate(articles)}))


def _apart(checkout: Path, folder: Path) -> dict[str, float]:
    """Return the rates of a checkout, whose modules this file measures in a process of its own."""
    command = [sys.executable, str(Path(__file__).resolve()), _CHILD, str(folder)]
    done = subprocess.run(
        command,
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        capture_output=True,
        check=False,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{checkout}: {done.stderr}")
    rates: dict[str, float] = json.loads(done.stdout)
    return rates


def main() -> None:
    """Measure both checkouts in turn and print median [least, most] and the median of the ratios."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cleaning.paired", description=__doc__)
    parser.add_argument("corpus", type=Path, help="folder that holds saudinewsnet/")
    parser.add_argument("other", type=Path, help="another checkout, whose packages this Python has, too")
    parser.add_argument("--rounds", type=int, default=5, help="processes of each checkout")
    options = parser.parse_args()
    checkouts = (options.other.resolve(), Path(__file__).resolve().parents[2])
    rounds = [[_apart(checkout, options.corpus.resolve()) for checkout in checkouts] for _ in range(options.rounds)]
    for kind in ("HTML", "text"):
        rates = [[found[side][kind] for found in rounds] for side in (0, 1)]
        shown = [f"{statistics.median(each):.0f} [{min(each):.0f}, {max(each):.0f}]" for each in rates]
        ratios = [here / other for other, here in zip(*rates, strict=True)]
        spread = f"{statistics.median(ratios):.2f} [{min(ratios):.2f}, {max(ratios):.2f}]"
        print(f"{kind} pages/s: other {shown[0]}, here {shown[1]}; ratio {spread}")


if __name__ == "__main__":
    if sys.argv[1:2] == [_CHILD]:
        _child(Path(sys.argv[2]))
    else:
        main()
