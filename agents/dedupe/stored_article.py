"""Define what the clusterer stores of an article, and its JSON form in the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.dedupe.compare import Features
from agents.dedupe.postings import Rank
from streams.records import Cluster, Fingerprint


@dataclass(frozen=True, slots=True)
class StoredArticle:
    """An article within the window.

    Attributes:
        rank: when the article first arrived, and its id.
        decided: number of the decision that gave it its cluster; later decisions have higher numbers.
        features: its fingerprint.
        cluster: its cluster; `size` is the size at the time of the decision.
        moves: new cluster of each article whose cluster changed when this one arrived, by article id.
    """

    rank: Rank
    decided: int
    features: Features
    cluster: Cluster
    moves: Mapping[str, Cluster] = field(default_factory=dict)

    @property
    def article_id(self) -> str:
        """Return the article's id."""
        return self.rank[1]

    @property
    def leads(self) -> bool:
        """Return whether this is the canonical article of its cluster."""
        return self.cluster.canonical_id == self.article_id

    def to_json(self) -> dict[str, Any]:
        """Return the record for the table. The article's id is the key and not part of the record."""
        record: dict[str, Any] = {
            "at": self.rank[0],
            "no": self.decided,
            "fp": [getattr(self.features.fingerprint, name) for name in Fingerprint.model_fields],
            "in": _pack(self.cluster, self.article_id),
        }
        if self.moves:
            record["moves"] = {moved: _pack(cluster, moved) for moved, cluster in self.moves.items()}
        return record

    @classmethod
    def from_json(cls, article_id: str, record: Mapping[str, Any]) -> StoredArticle:
        """Read a record of the table.

        A record of an earlier version may lack the fields that have since been added at the end of `Fingerprint`.
        """
        values = zip(Fingerprint.model_fields, record["fp"], strict=False)
        return cls(
            rank=(record["at"], article_id),
            decided=record["no"],
            features=Features(Fingerprint.model_construct(**dict(values))),
            cluster=_unpack(record["in"], article_id),
            moves={moved: _unpack(packed, moved) for moved, packed in record.get("moves", {}).items()},
        )


def known_fields(fingerprint: Fingerprint) -> Fingerprint:
    """Return a copy without the fields of a later release.

    The table has no room for them: it holds values by position. With them, a replayed article would differ from what is
    stored of it, and would be taken for an edited one.
    """
    return Fingerprint.model_construct(**{name: getattr(fingerprint, name) for name in Fingerprint.model_fields})


def _pack(cluster: Cluster, article_id: str) -> list[Any]:
    """Pack a cluster for the table. A canonical id of None means the article itself, the most frequent case."""
    canonical = None if cluster.canonical_id == article_id else cluster.canonical_id
    return [canonical, cluster.relation, cluster.score, cluster.size]


def _unpack(packed: list[Any], article_id: str) -> Cluster:
    canonical = article_id if packed[0] is None else packed[0]
    return Cluster.model_construct(
        id=canonical, canonical_id=canonical, relation=packed[1], score=packed[2], size=packed[3]
    )
