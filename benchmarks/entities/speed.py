"""Measure articles and tokens a second on one core, from body to entities, and memory.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.entities.speed ../shared/corpus [--backend camel]

Bodies of at least 450 tokens each are cut from the unlabelled news, in the order of its days. `cold` begins right after
loading; `warm` are the next articles, which are other texts. A batch is the articles that are tagged in one call.
Seconds are processor seconds of this process.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

import psutil
from threadpoolctl import threadpool_limits

from agents.entities.mentions.extract import find_entities
from agents.entities.taggers.base import Tagger
from agents.entities.taggers.registry import load_tagger
from agents.entities.training import corpus as corpora
from agents.text.tokens import tokenize

LENGTH = 450


def bodies(corpus: Path) -> Iterator[str]:
    """Yield texts of at least `LENGTH` tokens, a line for each sentence."""
    lines: list[str] = []
    count = 0
    for tokens in corpora.unlabelled(corpus):
        lines.append(" ".join(tokens))
        count += len(tokens)
        if count >= LENGTH:
            yield "\n".join(lines)
            lines, count = [], 0


def measure(name: str, texts: Sequence[str], run: Callable[[], object]) -> None:
    """Time `run` and print its articles and tokens a second."""
    tokens = sum(len(tokenize(text)) for text in texts)
    start = time.process_time()
    run()
    seconds = time.process_time() - start
    print(f"{name:<32}{len(texts) / seconds:8.0f} articles/s{tokens / seconds:10.0f} tokens/s")


def tag(texts: Sequence[str], tagger: Tagger, size: int) -> None:
    """Find the entities of bodies as the stage does, `size` at once."""
    for start in range(0, len(texts), size):
        find_entities(texts[start : start + size], tagger)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--backend", default="fast")
    parser.add_argument("--articles", type=int, default=640, help="in each measurement")
    options = parser.parse_args()
    texts = list(islice(bodies(options.corpus), 5 * options.articles))
    parts = [texts[start : start + options.articles] for start in range(0, len(texts), options.articles)]
    process = psutil.Process()
    before = process.memory_info().rss
    start = time.process_time()
    tagger = load_tagger(options.backend)
    loaded = process.memory_info().rss
    print(f"loaded in {time.process_time() - start:.1f} s; {(loaded - before) / 1e6:.0f} MB")
    with threadpool_limits(1):
        measure("cold, batch 64", parts[0], lambda: tag(parts[0], tagger, 64))
        for part, size in zip(parts[1:], (1, 8, 32, 64), strict=True):
            measure(f"warm, batch {size}", part, partial(tag, part, tagger, size))
        measure("batch 64, every word known", parts[4], lambda: tag(parts[4], tagger, 64))
    print(f"caches and working memory: {(process.memory_info().rss - loaded) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
