"""The same pure functions in a bare loop, with no Kafka: python -m benchmarks.pipeline.bare FILE

Prints how many articles were made, and how many a second, by one process, models loaded before the clock starts.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from streams.engine.in_process import LocalPipeline
from streams.observability.logs import configure_logging
from streams.records import RawArticle, decode
from streams.settings import Settings


def main(path: Path) -> None:
    """Enrich every line of a JSON Lines file, as many at once as a worker takes."""
    settings = Settings(_env_file=None)
    configure_logging(settings)
    lines = path.read_bytes().splitlines()
    pipeline = LocalPipeline(settings)
    articles = 0
    started = time.perf_counter()
    for start in range(0, len(lines), settings.batch_size):
        raws = [decode(RawArticle, line) for line in lines[start : start + settings.batch_size]]
        for enriched in pipeline.enrich(raws):
            articles += sum(len(article.to_json()) > 0 for article in enriched.articles)
    print(articles, articles / (time.perf_counter() - started))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
