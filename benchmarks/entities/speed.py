"""Articles and tokens a second on one core, from body to entities, and memory.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.entities.speed ../shared/corpus [--backend accurate]

Bodies of at least 450 tokens each are cut from the unlabelled news, in the order of its days. `cold` begins right after
loading; `warm` are the next articles, other texts than the first. Batch 32 hands the tagger the sentences of 32
articles at once. Seconds are processor seconds of this process.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import psutil
from threadpoolctl import threadpool_limits

from agents.entities import corpus as corpora
from agents.entities.article import find_entities
from agents.entities.tagger import Tagger, load_tagger
from agents.text.tokens import sentences, tokenize

LENGTH = 450


def bodies(corpus: Path) -> Iterator[str]:
    """Texts of at least 450 tokens, a line a sentence."""
    lines: list[str] = []
    count = 0
    for tokens in corpora.unlabelled(corpus):
        lines.append(" ".join(tokens))
        count += len(tokens)
        if count >= LENGTH:
            yield "\n".join(lines)
            lines, count = [], 0


def measure(name: str, texts: Sequence[str], run: Callable[[], object]) -> None:
    """Print how fast `run` went through the texts."""
    tokens = sum(len(tokenize(text)) for text in texts)
    start = time.process_time()
    run()
    seconds = time.process_time() - start
    print(f"{name:<32}{len(texts) / seconds:8.0f} articles/s{tokens / seconds:10.0f} tokens/s")


def one_by_one(texts: Sequence[str], tagger: Tagger) -> None:
    """Everything that the stage does with a body."""
    for text in texts:
        find_entities(text, tagger)


def in_batches(texts: Sequence[str], tagger: Tagger) -> None:
    """Tokenisation and tagging, 32 articles at once."""
    for start in range(0, len(texts), 32):
        batch: list[list[str]] = []
        for text in texts[start : start + 32]:
            tokens = tokenize(text)
            batch += [[token.text for token in tokens[part]] for part in sentences(text, tokens)]
        tagger.tag_batch(batch)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--backend", default="fast")
    parser.add_argument("--articles", type=int, default=640, help="in each measurement")
    options = parser.parse_args()
    texts = list(islice(bodies(options.corpus), 4 * options.articles))
    parts = [texts[start : start + options.articles] for start in range(0, len(texts), options.articles)]
    process = psutil.Process()
    before = process.memory_info().rss
    start = time.process_time()
    tagger = load_tagger(options.backend)
    loaded = process.memory_info().rss
    print(f"loaded in {time.process_time() - start:.1f} s; {(loaded - before) / 1e6:.0f} MB")
    with threadpool_limits(1):
        measure("batch 1, cold", parts[0], lambda: one_by_one(parts[0], tagger))
        measure("batch 1, warm", parts[1], lambda: one_by_one(parts[1], tagger))
        measure("batch 32, warm (tagging)", parts[2], lambda: in_batches(parts[2], tagger))
        measure("batch 1, every word known", parts[1], lambda: one_by_one(parts[1], tagger))
    print(f"caches and working memory: {(process.memory_info().rss - loaded) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
