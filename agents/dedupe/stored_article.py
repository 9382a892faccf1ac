"""One article as the look-up remembers it, and its form in the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.dedupe.compare import Features
from agents.dedupe.postings import Rank
from streams.records import Cluster, Fingerprint


@dataclass(frozen=True, slots=True)
class Known:
    """An article of the window.

    Attributes:
        rank: its place in the stream.
        decided: number of the decision that gave it its cluster; later decisions have higher numbers.
        features: its fingerprint.
        cluster: its cluster; `size` is what was known when it was given.
        moves: ids of the articles whose clusters its arrival changed, with their new clusters.
    """

    rank: Rank
    decided: int
    features: Features
    cluster: Cluster
    moves: Mapping[str, Cluster] = field(default_factory=dict)

    @property
    def article_id(self) -> str:
        """The article's id."""
        return self.rank[1]

    @property
    def leads(self) -> bool:
        """Whether it is the canonical article of its cluster."""
        return self.cluster.canonical_id == self.article_id

    def to_json(self) -> dict[str, Any]:
        """The record in the table; the article's id is its key and not repeated."""
        record: dict[str, Any] = {
            "at": self.rank[0],
            "no": self.decided,
            "fp": list(self.features.fingerprint.model_dump().values()),
            "in": _pack(self.cluster, self.article_id),
        }
        if self.moves:
            record["moves"] = {moved: _pack(cluster, moved) for moved, cluster in self.moves.items()}
        return record

    @classmethod
    def from_json(cls, article_id: str, record: Mapping[str, Any]) -> Known:
        """Read it back. A fingerprint of an earlier version may lack the fields that were added at the end since."""
        values = zip(Fingerprint.model_fields, record["fp"], strict=False)
        return cls(
            rank=(record["at"], article_id),
            decided=record["no"],
            features=Features(Fingerprint.model_construct(**dict(values))),
            cluster=_unpack(record["in"], article_id),
            moves={moved: _unpack(packed, moved) for moved, packed in record.get("moves", {}).items()},
        )


def _pack(cluster: Cluster, article_id: str) -> list[Any]:
    """A cluster's id is its canonical article's; null stands for the article itself, the most frequent case."""
    canonical = None if cluster.canonical_id == article_id else cluster.canonical_id
    return [canonical, cluster.relation, cluster.score, cluster.size]


def _unpack(packed: list[Any], article_id: str) -> Cluster:
    canonical = article_id if packed[0] is None else packed[0]
    return Cluster.model_construct(
        id=canonical, canonical_id=canonical, relation=packed[1], score=packed[2], size=packed[3]
    )
