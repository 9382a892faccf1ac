"""Train the network of the tagger `accurate`: `python -m agents.entities.training.accurate --corpus ../shared/corpus`.

It reads what is known of words from the model file of `fast` (`python -m agents.entities.training`), which comes first.
The same corpus, model, packages and kind of machine give the same file, byte for byte.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from agents.entities.model import context_network
from agents.entities.model.context import UNKNOWN, ContextVectors, context_vectors
from agents.entities.model.file import read_shipped
from agents.entities.model.pieces import Pieces
from agents.entities.training import corpus as corpora
from agents.entities.training.encoder_graph import encoder_graph, read_pieces
from agents.entities.training.train import train_networks
from agents.entities.training.word_statistics import WordStatistics


def main(arguments: Sequence[str] | None = None) -> int:
    """Train on all of the training material and write the file."""
    parser = argparse.ArgumentParser(prog="python -m agents.entities.training.accurate", description=main.__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder of anercorp/, aqmar/, ner-more/ and e5/")
    parser.add_argument(
        "--output", type=Path, default=context_network.SHIPPED, help="model file (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    graph, scores, context = encoder(options.corpus)
    model = read_shipped(0)
    # More threads add in another order, and the last digits would differ.
    with threadpool_limits(1):
        (layers,) = train_networks(
            corpora.anercorp(options.corpus),
            corpora.aqmar(options.corpus),
            WordStatistics(dict(model.words), model.vectors),
            1,
            corpora.wikifane(options.corpus),
            context=context,
        )
    context_network.save(graph, scores, layers, options.output)
    sys.stderr.write(f"{options.output}: {options.output.stat().st_size / 1e6:.1f} MB\n")
    return 0


def encoder(corpus: Path) -> tuple[bytes, dict[str, float], ContextVectors]:
    """Return the ONNX model of the layers, the log probabilities of pieces, and what computes context vectors by them.

    Args:
        corpus: folder of e5/.
    """
    with np.load(corpus / "e5" / "e5-small-arabic.npz") as weights:
        graph = encoder_graph(weights)
    scores = read_pieces(corpus / "e5" / "pieces.tsv")
    return graph, scores, context_vectors(graph, Pieces(scores, UNKNOWN))


if __name__ == "__main__":
    sys.exit(main())
