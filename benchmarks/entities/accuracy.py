"""Measure strict-span F1 of the embedded tagger, cross-validated and out of domain.

    python -m benchmarks.entities.accuracy ../shared/corpus                      # five folds, then both domains
    python -m benchmarks.entities.accuracy ../shared/corpus --networks 0 --without places
    python -m benchmarks.entities.accuracy ../shared/corpus --folds 0 2 --no-aqmar
    python -m benchmarks.entities.accuracy ../shared/corpus --folds 1 --no-more
    python -m benchmarks.entities.accuracy ../shared/corpus --folds 0 --no-domains --accurate

The folds are contiguous parts of ANERcorp's train split; each is tagged by models that were trained on the other four.
The word statistics come from the unlabelled news alone, and the list of known names leaves out what the other folds
contradict, so that nothing has read the text of its own fold.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from agents.entities.evaluation import score_tags
from agents.entities.model.context import ContextVectors
from agents.entities.model.crf import Floats
from agents.entities.model.features import OUTSIDE, FeatureCache, WordEntry
from agents.entities.model.normalise import normalise
from agents.entities.taggers.accurate import geometric_mean, unsure_sentences
from agents.entities.taggers.clitics_in_names import part_names
from agents.entities.taggers.embedded import NETWORKS_SHARE, weights
from agents.entities.taggers.known_names import Names, by_first_word, raise_known
from agents.entities.taggers.name_consistency import lend
from agents.entities.taggers.viterbi import decode
from agents.entities.training import corpus as corpora
from agents.entities.training.accurate import encoder
from agents.entities.training.corpus import Tagged
from agents.entities.training.known_names import agreed, read_names
from agents.entities.training.place_words import place_words
from agents.entities.training.train import (
    KINDS_STEP,
    LEAST_KEPT,
    know_kinds,
    networks_of,
    read_news,
    train,
    train_networks,
)
from agents.entities.training.word_statistics import GRANULARITIES, WordStatistics, word_statistics
from agents.scoring import Score

Tags = list[list[str]]
SHARES = (0.4, 0.55, 0.7)
ABLATIONS = ("places", "classes", "wide-classes", "vectors", "kinds")


def without(statistics: WordStatistics, names: Sequence[str]) -> WordStatistics:
    """Remove the named parts from the statistics."""

    def reduced(entry: WordEntry) -> WordEntry:
        if "places" in names:
            entry = replace(entry, places=())
        if "classes" in names:
            entry = replace(entry, classes=())
        if "wide-classes" in names:
            entry = replace(entry, classes=entry.classes[: len(GRANULARITIES)])
        return entry

    words = {word: reduced(entry) for word, entry in statistics.words.items()}
    vectors = np.zeros_like(statistics.vectors) if "vectors" in names else statistics.vectors
    return WordStatistics(words, vectors)


@dataclass(frozen=True, slots=True)
class Added:
    """Hold what the networks learn beside the sentences of ANERcorp, in their first epochs.

    Attributes:
        sentences: sentences of Wikipedia.
        fine: sentences with fine classes.
    """

    sentences: Sequence[Tagged] = ()
    fine: Sequence[Tagged] = ()


@dataclass(frozen=True, slots=True)
class Parts:
    """Hold the probabilities, [tokens, tags] each, that models trained on one part of a corpus give to another.

    Attributes:
        linear: those of the random field.
        networks: those of each network.
        features: extracts the features of a word.
        names: the list of known names.
        context: those of the network that reads context vectors; None without it.
    """

    linear: Floats
    networks: list[Floats]
    features: FeatureCache
    names: Names
    context: Floats | None = None


def probabilities(
    training: Sequence[Tagged],
    added: Added,
    held: Sequence[Tagged],
    statistics: WordStatistics,
    *,
    news: Sequence[Sequence[str]],
    count: int,
    listed: Sequence[str],
    context: ContextVectors | None = None,
) -> Parts:
    """Train the random field and each network on one part, and compute their probabilities for another.

    Args:
        added: what the networks are trained on as well.
        news: sentences that the first network tags to set the kinds of words; empty leaves these unset.
        count: number of networks.
        listed: lines of the list of known names (`read_names`).
        context: computes context vectors for a further network.
    """
    tokens = [sentence.tokens for sentence in held]
    layers = list(train_networks(training, added.sentences, statistics, count, added.fine))
    words = know_kinds(statistics, layers[0], news) if news else statistics.words
    linear = train(training, words)
    networks = [networks_of([each], statistics, linear.features) for each in layers]
    apart = [network.probabilities(tokens)[0] for network in networks]
    names = by_first_word(agreed(listed, training, linear.features.stem))
    if context is None:
        return Parts(linear.probabilities(tokens), apart, linear.features, names)
    (reader,) = train_networks(training, added.sentences, statistics, 1, added.fine, context=context)
    vectors = np.concatenate([context(sentence) for sentence in tokens])
    (read,) = networks_of([reader], statistics, linear.features).probabilities(tokens, vectors)
    return Parts(linear.probabilities(tokens), apart, linear.features, names, read)


def lent(probability: Floats, held: Sequence[Tagged], parts: Parts) -> Floats:
    """Return the probabilities as the tagger has them in the end: names raised, and parted at clitics."""
    tokens = [sentence.tokens for sentence in held]
    normalised = [[normalise(token) or OUTSIDE for token in sentence] for sentence in tokens]
    stem, words = parts.features.stem, parts.features.words
    raised = raise_known(normalised, probability, stem, parts.names)
    return part_names(normalised, lend(tokens, raised, stem, words), words)


def tags_of(probability: Floats, held: Sequence[Tagged]) -> Tags:
    """Decode the tags of each sentence."""
    lengths = [len(sentence.tags) for sentence in held]
    tags, _ = decode(probability, lengths)
    ends = np.cumsum(lengths).tolist()
    return [tags[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def variants(parts: Parts, held: Sequence[Tagged]) -> dict[str, Floats]:
    """Average the random field, one network, and the field with 1, 2, … of them, the networks with several shares.

    `+` marks known names, name consistency and names parted at clitics.
    """
    found = {"crf": parts.linear}
    if parts.networks:
        found["network"] = parts.networks[0]
    for count in range(1, len(parts.networks) + 1):
        for share in SHARES:
            models = np.stack([parts.linear, *parts.networks[:count]])
            found[f"crf + {count} at {share}"] = np.einsum("m,mtk->tk", weights(count, share), models)
    if parts.context is not None:
        found |= {"network with context": parts.context, "accurate": accurate(parts, parts.context, held)}
    return found | {f"{name} +": lent(probability, held, parts) for name, probability in found.items()}


def accurate(parts: Parts, context: Floats, held: Sequence[Tagged]) -> Floats:
    """Return the probabilities of the tagger `accurate`, as `SecondReading` has them."""
    models = np.stack([parts.linear, parts.networks[0]])
    probability: Floats = np.einsum("m,mtk->tk", weights(1, NETWORKS_SHARE), models)
    lengths = np.array([len(sentence.tags) for sentence in held])
    chosen = np.isin(np.arange(len(held)), unsure_sentences(probability, lengths)).repeat(lengths)
    return np.where(chosen[:, None], geometric_mean(np.stack([*models, context])), probability)


def show(name: str, scores: Mapping[str, Score]) -> None:
    """Print one line: precision, recall and F1 of each class and of all."""
    figures = "  ".join(f"{kind} {s.precision:.3f} {s.recall:.3f} {s.f1:.3f}" for kind, s in scores.items())
    print(f"{name:<34}{figures}", flush=True)


def judge(name: str, parts: Parts, held: Sequence[Tagged]) -> dict[str, Tags]:
    """Score every variant on one held-out part, and return the tags of each."""
    found = {variant: tags_of(probability, held) for variant, probability in variants(parts, held).items()}
    for variant, tags in found.items():
        show(f"{name} {variant}", score_tags([sentence.tags for sentence in held], tags))
    return found


def main() -> None:
    """Print precision, recall and F1 of PER, LOC, ORG and micro."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--folds", type=int, nargs="*", default=list(range(5)), help="which of the five folds")
    parser.add_argument("--networks", type=int, default=1, help="of different seeds")
    parser.add_argument("--without", nargs="*", default=[], choices=ABLATIONS)
    parser.add_argument("--no-aqmar", action="store_true", help="do not train on AQMAR too")
    parser.add_argument("--no-more", action="store_true", help="learn from neither WikiFANE nor ANT (ner-more/)")
    parser.add_argument("--accurate", action="store_true", help="measure the tagger accurate too (needs e5/)")
    parser.add_argument("--no-domains", action="store_true", help="leave out ANERcorp to AQMAR and back")
    options = parser.parse_args()
    start = time.process_time()
    with threadpool_limits(1):
        news = read_news(options.corpus, corpora.NEWS[:1] if options.no_more else corpora.NEWS)
        statistics = without(word_statistics(news, place_words(), LEAST_KEPT), options.without)
        taught = [] if "kinds" in options.without or not options.networks else news[::KINDS_STEP]
        tagged, wiki = corpora.anercorp(options.corpus), corpora.aqmar(options.corpus)
        fine = [] if options.no_more else corpora.wikifane(options.corpus)
        added = Added([] if options.no_aqmar else wiki, fine)
        print(f"without {options.without}; share as shipped {NETWORKS_SHARE}; each: precision recall F1", flush=True)
        listed = list(read_names(options.corpus / "ner-more" / "gazetteers"))
        context = encoder(options.corpus)[2] if options.accurate else None
        gold: Tags = []
        guessed: dict[str, Tags] = {}
        for fold, (training, held) in enumerate(corpora.splits(tagged, 5)):
            if fold not in options.folds:
                continue
            parts = probabilities(
                training, added, held, statistics, news=taught, count=options.networks, listed=listed, context=context
            )
            gold += [list(sentence.tags) for sentence in held]
            for variant, tags in judge(f"fold {fold}", parts, held).items():
                guessed.setdefault(variant, []).extend(tags)
        for variant, tags in guessed.items():
            show(f"all folds {variant}", score_tags(gold, tags))
        if not options.no_domains:
            for name, training, held in (("to AQMAR", tagged, wiki), ("from AQMAR", wiki, tagged)):
                parts = probabilities(
                    training, Added(), held, statistics, news=taught, count=options.networks, listed=listed
                )
                judge(name, parts, held)
    print(f"{time.process_time() - start:.0f} s of one core")


if __name__ == "__main__":
    main()
