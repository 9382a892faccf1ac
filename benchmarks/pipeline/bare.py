"""The same pure functions in a bare loop, with no Kafka: python -m benchmarks.pipeline.bare FILE

Prints how many articles were made, and how many a second by one process, models loaded before the clock starts: by the
map stages alone, and by these with making the index's documents, which a worker does too.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from agents.index.documents import actions
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
    made = 0
    stages = documents = 0.0
    for start in range(0, len(lines), settings.batch_size):
        began = time.perf_counter()
        raws = [decode(RawArticle, line) for line in lines[start : start + settings.batch_size]]
        articles = [article for enriched in pipeline.enrich(raws) for article in enriched.articles]
        made += sum(len(article.to_json()) > 0 for article in articles)
        enriched_at = time.perf_counter()
        index = {article.id: settings.index_prefix for article in articles}
        size = sum(bulk.size for bulk in actions(articles, settings, index))
        assert size or not articles
        stages += enriched_at - began
        documents += time.perf_counter() - enriched_at
    print(made, made / stages, made / (stages + documents))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
