"""Tag with camel-tools' transformer (Obeid et al., 2020), whose model the operator installs: the tagger `camel`.

camel-tools' `NERecognizer` loads the model, and this module runs it, for three reasons. `NERecognizer.predict` returns
no label for a word that its tokenizer drops, so that all later labels of the sentence shift; it gives no scores; and it
pads every sentence to 256 pieces, where the sentences of an article have about thirty.
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

from agents.entities.bio import read_tag, repair
from agents.entities.model.features import WordEntry
from agents.entities.model.file import read_shipped
from agents.entities.taggers.base import Tagging
from streams.errors import OperatorError, Retryable

PACKAGE = "ner-arabert"
_MODEL = Path("data", "ner", "arabert")
# Most pieces of one pass. BERT reads 512, the two that frame a sentence included, but was trained on 256 at most.
_PIECES = 254
# Each sign of a run («-----») is a piece of its own. No name has as many pieces.
_MOST_PIECES_OF_A_WORD = 50
_SENTENCES = 32


@dataclass(frozen=True, slots=True)
class Segment:
    """Hold a part of a sentence that the model reads in one pass.

    Attributes:
        pieces: ids of the word pieces, without those that frame a sentence.
        firsts: for each word, the index in `pieces` of its first piece, and the word's index among all words.
    """

    pieces: list[int]
    firsts: list[tuple[int, int]]


def segments(words: Sequence[Sequence[int]], start: int, limit: int = _PIECES) -> Iterator[Segment]:
    """Split a sentence into segments of at most `limit` pieces.

    Args:
        words: [words][pieces] ids. Words without a piece, or of more than `_MOST_PIECES_OF_A_WORD`, are left out.
        start: index of the first word among all words.
        limit: most pieces of a segment.
    """
    current = Segment([], [])
    for index, pieces in enumerate(words, start=start):
        if not 0 < len(pieces) <= _MOST_PIECES_OF_A_WORD:
            continue
        if len(current.pieces) + len(pieces) > limit:
            yield current
            current = Segment([], [])
        current.firsts.append((len(current.pieces), index))
        current.pieces.extend(pieces)
    if current.pieces:
        yield current


def data_folder() -> Path:
    """Return the folder that `camel_data` installs models in: CAMELTOOLS_DATA, else ~/.camel_tools."""
    return Path(os.environ.get("CAMELTOOLS_DATA", Path.home() / ".camel_tools")).expanduser()


@dataclass(frozen=True, slots=True)
class CamelTagger:
    """Run the transformer of `camel_tools.ner.NERecognizer`, which the first call loads.

    The first call imports torch (17 s) and reads half a gigabyte; an article takes up to seconds of one core. Calls
    from several threads take turns.

    Attributes:
        words: what the unlabelled news knows of normalised words.
        model: folder of the model.
    """

    words: Mapping[str, WordEntry]
    model: Path
    # Some sixty segments; on one core, several seconds.
    most_texts: ClassVar[int] = 4
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _loaded: list[Any] = field(default_factory=list)

    def tag_texts(self, texts: Sequence[Sequence[Sequence[str]]]) -> list[list[Tagging]]:
        """Tag the sentences of texts, as `Tagger`; words that the model cannot read are O with score 1.

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
            # Segments of like length are padded little when they are read together.
            parts.sort(key=lambda part: len(part.pieces))
            for first in range(0, len(parts), _SENTENCES):
                for index, label, score in _labels(recognizer, parts[first : first + _SENTENCES]):
                    tags[index], scores[index] = read_tag(label), score
        taggings = (Tagging(repair(tags[start:end]), scores[start:end]) for start, end in pairwise(starts))
        return [list(islice(taggings, len(text))) for text in texts]

    def _recognizer(self) -> Any:
        if not self._loaded:
            try:
                from camel_tools.ner import NERecognizer  # noqa: PLC0415  (imports torch: 17 s)

                recognizer = NERecognizer(str(self.model), use_gpu=False)
            except Exception as error:  # transformers raises anything for a damaged folder; no record is at fault
                raise Retryable(f"camel-tools cannot load {self.model}: {error}") from error
            recognizer.model.eval()
            self._loaded.append(recognizer)
        return self._loaded[0]


def _pieces(tokenizer: Any, word: str) -> list[int]:
    numbers: list[int] = tokenizer.convert_tokens_to_ids(tokenizer.tokenize(word))
    return numbers


def _labels(recognizer: Any, parts: Sequence[Segment]) -> Iterator[tuple[int, str, float]]:
    """Yield each word's index among all words, its likeliest label in the model's own set, and its probability."""
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
        for inside, index in part.firsts:
            yield index, recognizer.labels_map[labels[row][inside + 1]], scores[row][inside + 1]


def load() -> CamelTagger:
    """Make the tagger `camel`, with the shipped model's words; its own model is loaded by the first call.

    Raises:
        OperatorError: torch, transformers or the model that `camel_data` installs is missing, or the shipped model file
            cannot be read.
    """
    folder = find_model()
    return CamelTagger(read_shipped(0).words, folder)


def find_model() -> Path:
    """Find the folder of the model that `camel_data` installed.

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
    return folder / _MODEL
