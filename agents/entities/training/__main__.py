"""Train the embedded tagger: `python -m agents.entities.training --corpus ../shared/corpus`.

The same corpus, packages and kind of machine give the same file, byte for byte.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from threadpoolctl import threadpool_limits

from agents.entities.model.cnn import Layers
from agents.entities.model.file import SHIPPED, Model, save
from agents.entities.taggers.embedded import NETWORKS
from agents.entities.training import corpus as corpora
from agents.entities.training.place_words import place_words
from agents.entities.training.train import (
    KINDS_STEP,
    LEAST_KEPT,
    know_kinds,
    read_news,
    train,
    train_networks,
)
from agents.entities.training.word_statistics import DIMENSIONS, word_statistics


def main(arguments: Sequence[str] | None = None) -> int:
    """Train on all of the training material and write the model file."""
    parser = argparse.ArgumentParser(prog="python -m agents.entities.training", description=main.__doc__)
    parser.add_argument(
        "--corpus", type=Path, required=True, help="folder of anercorp/, aqmar/, ner-more/ and saudinewsnet/"
    )
    parser.add_argument("--output", type=Path, default=SHIPPED, help="model file (default: %(default)s)")
    options = parser.parse_args(arguments)
    # More threads add in another order, and the last digits would differ.
    with threadpool_limits(1):
        _say("counting and clustering the words of the unlabelled news")
        news = read_news(options.corpus)
        statistics = word_statistics(news, place_words(), LEAST_KEPT)
        sentences, added = corpora.anercorp(options.corpus), corpora.aqmar(options.corpus)
        fine = corpora.wikifane(options.corpus)
        networks: list[Layers] = []
        for layers in train_networks(sentences, added, statistics, NETWORKS, fine):
            networks.append(layers)
            _say(f"fitted network {len(networks)}")
        _say("tagging the words of the news with the first network")
        words = know_kinds(statistics, networks[0], news[::KINDS_STEP])
        _say("fitting the random field")
        linear = train(sentences, words)
    save(Model(statistics.vectors, DIMENSIONS, linear, tuple(networks)), options.output)
    _say(f"{options.output}: {options.output.stat().st_size / 1e6:.1f} MB")
    return 0


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
