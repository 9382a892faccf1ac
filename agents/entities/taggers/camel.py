"""camel-tools' transformer as a tagger (Obeid et al., 2020): for those who have its model.

Its `NERecognizer` loads the model; what it loaded is run here, for three reasons. Its `predict` returns no label for a
word that its tokenizer drops, so that all later labels of the sentence shift; it has no scores; and it pads every
sentence to 256 pieces, where the sentences of an article have thirty or so.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any, ClassVar

from agents.entities.bio import repair
from agents.entities.evaluation.columns import read_tag
from agents.entities.model.features import WordEntry
from agents.entities.taggers.embedded import Tagging
from streams.errors import OperatorError, Retryable

PACKAGE = "ner-arabert"
_MODEL = Path("data", "ner", "arabert")
# What one pass reads at most: BERT's 512 less the two pieces that frame it is its limit; its training stopped at 256.
_PIECES = 254
# A run of signs («-----») is a piece each. No name is as long.
_MOST_PIECES_OF_A_WORD = 50
_SENTENCES = 32


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a sentence that is read at once.

    Attributes:
        pieces: numbers of the word pieces, without those that frame a sentence.
        firsts: index in `pieces` of each word's first piece, and the word's place among all words.
    """

    pieces: list[int]
    firsts: list[tuple[int, int]]


def segments(words: Sequence[Sequence[int]], start: int, limit: int = _PIECES) -> Iterator[Segment]:
    """Cut a sentence where it grows too long.

    Args:
        words: the pieces of each word. Words without a piece, or of too many, are left out.
        start: place of the first word among all words.
        limit: most pieces of a segment.
    """
    current = Segment([], [])
    for place, pieces in enumerate(words, start=start):
        if not 0 < len(pieces) <= _MOST_PIECES_OF_A_WORD:
            continue
        if len(current.pieces) + len(pieces) > limit:
            yield current
            current = Segment([], [])
        current.firsts.append((len(current.pieces), place))
        current.pieces.extend(pieces)
    if current.pieces:
        yield current


def data_folder() -> Path:
    """Where `camel_data` puts its packages."""
    return Path(os.environ.get("CAMELTOOLS_DATA", Path.home() / ".camel_tools")).expanduser()


@dataclass(frozen=True, slots=True)
class CamelTagger:
    """The transformer behind `camel_tools.ner.NERecognizer`, loaded when it is first asked.

    The first call imports torch and reads half a gigabyte; every call computes long: the stage runner calls it in a
    thread. Calls from several threads take turns.

    Attributes:
        words: what the unlabelled news knows of words.
        model: folder of the model.
    """

    words: Mapping[str, WordEntry]
    model: Path
    # Some sixty segments; on one core, several seconds.
    most_texts: ClassVar[int] = 4
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _loaded: list[Any] = field(default_factory=list)

    def tag(self, tokens: Sequence[str]) -> list[str]:
        """The BIO tags of one sentence, one a token."""
        return self.tag_texts([[tokens]])[0][0].tags

    def tag_texts(self, texts: Sequence[Sequence[Sequence[str]]]) -> list[list[Tagging]]:
        """The tags and scores of the sentences of each text. Words that the model cannot read are O with score 1.

        Raises:
            Retryable: the model cannot be loaded.
        """
        with self._lock:
            recognizer = self._recognizer()
            parts: list[Segment] = []
            starts = [0]
            for tokens in chain.from_iterable(texts):
                parts.extend(segments([_pieces(recognizer.tokenizer, token) for token in tokens], starts[-1]))
                starts.append(starts[-1] + len(tokens))
            tags, scores = ["O"] * starts[-1], [1.0] * starts[-1]
            # Of like length together, so that little is padded.
            parts.sort(key=lambda part: len(part.pieces))
            for first in range(0, len(parts), _SENTENCES):
                for place, label, score in _labels(recognizer, parts[first : first + _SENTENCES]):
                    tags[place], scores[place] = read_tag(label), score
        taggings = (Tagging(repair(tags[start:end]), scores[start:end]) for start, end in pairwise(starts))
        return [list(islice(taggings, len(text))) for text in texts]

    def _recognizer(self) -> Any:
        if not self._loaded:
            try:
                from camel_tools.ner import NERecognizer  # noqa: PLC0415  (imports torch: 17 s)

                recognizer = NERecognizer(str(self.model), use_gpu=False)
            except Exception as error:  # whatever transformers makes of a damaged folder; no record is at fault
                raise Retryable(f"camel-tools cannot load {self.model}: {error}") from error
            recognizer.model.eval()
            self._loaded.append(recognizer)
        return self._loaded[0]


def _pieces(tokenizer: Any, word: str) -> list[int]:
    numbers: list[int] = tokenizer.convert_tokens_to_ids(tokenizer.tokenize(word))
    return numbers


def _labels(recognizer: Any, parts: Sequence[Segment]) -> Iterator[tuple[int, str, float]]:
    """The place of each word, its likeliest label in the model's own set, and the probability of that."""
    import torch  # noqa: PLC0415

    tokenizer = recognizer.tokenizer
    longest = max(len(part.pieces) for part in parts) + 2
    pieces = torch.full((len(parts), longest), tokenizer.pad_token_id)
    seen = torch.zeros_like(pieces)
    for row, part in enumerate(parts):
        framed = [tokenizer.cls_token_id, *part.pieces, tokenizer.sep_token_id]
        pieces[row, : len(framed)] = torch.tensor(framed)
        seen[row, : len(framed)] = 1
    with torch.no_grad():
        likely = recognizer.model(input_ids=pieces, attention_mask=seen).logits.softmax(dim=-1).max(dim=-1)
    scores, labels = likely.values.tolist(), likely.indices.tolist()
    for row, part in enumerate(parts):
        for inside, place in part.firsts:
            yield place, recognizer.labels_map[labels[row][inside + 1]], scores[row][inside + 1]


def load_camel(words: Mapping[str, WordEntry]) -> CamelTagger:
    """The tagger on the model that `camel_data` installed. Looks whether all is there; loads nothing yet.

    Raises:
        OperatorError: torch or transformers, or the model, is not installed.
    """
    missing = [name for name in ("torch", "transformers") if find_spec(name) is None]
    if missing:
        raise OperatorError(
            f"the entities backend camel needs {' and '.join(missing)}",
            hint="in the folder of Rasd's source: pip install '.[neural]'; or RASD_ENTITIES_BACKEND=fast",
        )
    folder = data_folder()
    for path in (folder / "catalogue.json", folder / _MODEL / "config.json"):
        if not path.is_file():
            raise OperatorError(
                f"the entities backend camel has no model: {path} is not there",
                hint=f"camel_data -i {PACKAGE} installs it, where CAMELTOOLS_DATA says; or RASD_ENTITIES_BACKEND=fast",
            )
    return CamelTagger(words, folder / _MODEL)
