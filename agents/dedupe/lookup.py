"""The look-up: which story an article is a copy of. The one stateful step of the pipeline.

A cluster is its canonical article and the later articles that are copies of it. In the order of the stream (when an
article first came, then its id), each article joins the most similar canonical article of the window, or else becomes
canonical itself. That definition says nothing of the order of arrival, and neither do the results: an article that
arrives after its juniors (workers run at their own speeds) takes the place that it would have had, and the articles
whose clusters change by that are told as `Move`s. As members never attract anyone, no chain of weak pairs forms.

The table holds all state, one record an article; everything else is derived from it by `rebuild`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from typing import Any

from agents.dedupe.compare import CompareConfig, Features, Match, compare
from agents.dedupe.fingerprint import FingerprintConfig
from agents.dedupe.postings import Postings, Rank
from agents.dedupe.state import Known
from streams.records import Cluster, FingerprintedArticle


@dataclass(frozen=True, slots=True)
class LookupConfig:
    """How the look-up works.

    Attributes:
        algorithm: the fingerprints that are compared; others are kept apart.
        rows: signature values in a band. One finds every copy; beyond a million articles two save comparisons.
        window: seconds that may lie between two copies.
        bucket: seconds of articles that are forgotten together.
        most_forgotten: articles forgotten at one look-up, so that none takes long.
        most_postings: newest articles that are considered of one band.
        compare: what a copy is.
    """

    algorithm: str = FingerprintConfig().algorithm
    rows: int = 1
    window: float = 72 * 3600.0
    bucket: float = 3600.0
    most_forgotten: int = 64
    most_postings: int = 200
    compare: CompareConfig = field(default_factory=CompareConfig)


@dataclass(frozen=True, slots=True)
class Move:
    """An article that was answered before now belongs elsewhere.

    Attributes:
        article_id: which article.
        cluster: its cluster from now on. If the article was canonical, its id was a cluster's and is now an alias of
            `cluster.id`.
    """

    article_id: str
    cluster: Cluster


def ignore(_event: str) -> None:
    """Count nothing."""


class Lookup:
    """Finds and keeps clusters.

    Args:
        table: one JSON record an article, by article id. Only this object writes it.
        config: see `LookupConfig`.
        count: called with the name of each event worth a metric: `posting_capped`, `other_algorithm`, `forgotten`.
    """

    def __init__(
        self, table: MutableMapping[str, Any], config: LookupConfig, count: Callable[[str], None] = ignore
    ) -> None:
        self._table = table
        self._config = config
        self._count = count
        self._moves: list[Move] = []
        self.rebuild()

    def rebuild(self) -> None:
        """Derive the index from the table: after a start, a recovery, a rebalance."""
        self._leaders = Postings(self._config.most_postings, lambda: self._count("posting_capped"))
        self._members = Postings(self._config.most_postings, lambda: self._count("posting_capped"))
        self._copies: dict[str, set[str]] = {}
        self._buckets: dict[int, set[str]] = {}
        self._newest: Rank = (0.0, "")
        self._decisions = 0
        for article_id, record in self._table.items():
            self._file(Known.from_json(article_id, record))

    def assign(self, article: FingerprintedArticle, now: float) -> Cluster:
        """The cluster of an article, remembered with one write.

        An article that is known with this fingerprint gets the answer that it got: a replay changes nothing. One that
        is known with another fingerprint was edited and is decided anew, in its old place; the canonical article of
        a cluster of several stays canonical, because its copies refer to it.

        Args:
            article: with its fingerprint.
            now: seconds since the epoch; an `ingested_at` beyond it is taken as it.
        """
        if article.fingerprint.algorithm != self._config.algorithm:
            self._count("other_algorithm")
        features = Features(article.fingerprint)
        known = self._load(article.id)
        if known is None:
            known = self._insert((round(min(article.ingested_at.timestamp(), now), 3), article.id), features)
        elif known.features.fingerprint != article.fingerprint:
            known = self._edit(known, features)
        for moved, cluster in known.moves.items():
            self._move(moved, cluster, known.decided)
        self._forget()
        return known.cluster

    def take_moves(self) -> list[Move]:
        """What the last look-up changed for articles that were answered before; a replay gives it again."""
        moves, self._moves = self._moves, []
        return moves

    def _insert(self, rank: Rank, features: Features) -> Known:
        cluster = self._decide(rank, features, ())
        known = Known(rank, self._decisions + 1, features, cluster)
        if known.leads and rank < self._newest:
            moves = self._overtaken(known)
            joined = sum(moved.canonical_id == rank[1] for moved in moves.values())
            known = replace(known, moves=moves, cluster=cluster.model_copy(update={"size": 1 + joined}))
        self._write(known)
        return known

    def _edit(self, known: Known, features: Features) -> Known:
        self._unfile(known)
        if not (known.leads and self._copies.get(known.article_id)):
            return self._insert(known.rank, features)
        edited = replace(known, features=features, decided=self._decisions + 1, moves={})
        self._write(edited)
        return edited

    def _decide(self, rank: Rank, features: Features, newcomers: Iterable[Known], gone: Iterable[str] = ()) -> Cluster:
        """The cluster of an article among the canonical articles before it, `newcomers` included, `gone` left out."""
        best: tuple[float, Rank, Match] | None = None
        for leader in (*self._found(self._leaders, rank, features, gone), *newcomers):
            if leader.rank < rank and self._near_in_time(leader.rank, rank):
                match = compare(features, leader.features, self._config.compare)
                if match and (best is None or (-match.score, leader.rank) < best[:2]):
                    best = (-match.score, leader.rank, match)
        if best is None:
            return _cluster(rank[1], "first", 1.0, 1)
        leader_id = best[1][1]
        return _cluster(leader_id, best[2].relation, best[2].score, 2 + len(self._copies.get(leader_id, ())))

    def _overtaken(self, late: Known) -> dict[str, Cluster]:
        """New clusters of articles after `late`, which becomes canonical though they came before it.

        They are decided again in their order; whoever stops or begins to be canonical by that concerns further ones.
        """
        moves: dict[str, Cluster] = {}
        promoted, demoted = [late], set[str]()
        queue = sorted(self._juniors(late))
        seen = set(queue)
        while queue:
            rank = heappop(queue)
            junior = self._load(rank[1])
            # A member whose canonical article is forgotten keeps its cluster.
            if junior is None or junior.cluster.canonical_id not in self._table:
                continue
            newcomers = [leader for leader in promoted if self._meet(leader.features, junior.features)]
            cluster = self._decide(rank, junior.features, newcomers, demoted)
            if cluster.canonical_id == junior.cluster.canonical_id:
                continue
            moves[rank[1]] = cluster
            concerned: Iterable[Rank] = ()
            if junior.leads:
                demoted.add(rank[1])
                concerned = [copy.rank for copy in map(self._load, self._copies.get(rank[1], ())) if copy]
            elif cluster.canonical_id == rank[1]:
                promoted.append(junior)
                concerned = self._juniors(junior)
            for further in concerned:
                if further not in seen:
                    seen.add(further)
                    heappush(queue, further)
        return self._sized(moves)

    def _sized(self, moves: Mapping[str, Cluster]) -> dict[str, Cluster]:
        """The same moves with the sizes that the clusters will have."""
        sizes: dict[str, int] = {}
        for target in {cluster.canonical_id for cluster in moves.values()}:
            stayed = sum(copy not in moves for copy in self._copies.get(target, ()))
            came = sum(c.canonical_id == target and moved != target for moved, c in moves.items())
            sizes[target] = 1 + stayed + came
        return {moved: c.model_copy(update={"size": sizes[c.canonical_id]}) for moved, c in moves.items()}

    def _juniors(self, leader: Known) -> Iterator[Rank]:
        """Articles after `leader` that may be its copies."""
        keys = self._keys(leader.features)
        for rank in self._leaders.find(keys) | self._members.find(keys):
            if rank > leader.rank and self._near_in_time(leader.rank, rank):
                yield rank

    def _found(self, postings: Postings, rank: Rank, features: Features, gone: Iterable[str]) -> Iterator[Known]:
        for candidate in postings.find(self._keys(features)):
            if candidate < rank and candidate[1] not in gone:
                known = self._load(candidate[1])
                if known is not None:
                    yield known

    def _move(self, article_id: str, cluster: Cluster, decided: int) -> None:
        """Carry out a move, unless a later decision has overtaken it, and tell of it either way."""
        known = self._load(article_id)
        if known is None:
            return
        if known.decided < decided:
            self._unfile(known)
            known = replace(known, cluster=cluster, decided=decided)
            self._write(known)
        self._moves.append(Move(article_id, known.cluster))

    def _near_in_time(self, one: Rank, other: Rank) -> bool:
        return abs(one[0] - other[0]) <= self._config.window

    def _meet(self, one: Features, other: Features) -> bool:
        return not set(self._keys(one)).isdisjoint(self._keys(other))

    def _keys(self, features: Features) -> list[int]:
        """What an article is filed under: its exact hash and its bands; the hash alone if of another algorithm."""
        fingerprint = features.fingerprint
        keys = [_key(f"{fingerprint.algorithm} {fingerprint.exact}".encode())]
        if fingerprint.algorithm == self._config.algorithm:
            keys.extend(map(_key, features.bands(self._config.rows)))
        return keys

    def _load(self, article_id: str) -> Known | None:
        record = self._table.get(article_id)
        return None if record is None else Known.from_json(article_id, record)

    def _write(self, known: Known) -> None:
        self._table[known.article_id] = known.to_json()
        self._file(known)

    def _file(self, known: Known) -> None:
        """Enter an article in everything that is derived from the table."""
        (self._leaders if known.leads else self._members).add(self._keys(known.features), known.rank)
        if not known.leads:
            self._copies.setdefault(known.cluster.canonical_id, set()).add(known.article_id)
        self._buckets.setdefault(self._bucket(known.rank), set()).add(known.article_id)
        self._newest = max(self._newest, known.rank)
        self._decisions = max(self._decisions, known.decided)

    def _unfile(self, known: Known) -> None:
        (self._leaders if known.leads else self._members).remove(self._keys(known.features), known.rank)
        canonical = known.cluster.canonical_id
        if not known.leads and canonical in self._copies:
            self._copies[canonical].discard(known.article_id)
            if not self._copies[canonical]:
                del self._copies[canonical]
        self._buckets[self._bucket(known.rank)].discard(known.article_id)

    def _bucket(self, rank: Rank) -> int:
        return int(rank[0] // self._config.bucket)

    def _forget(self) -> None:
        """Drop articles of the oldest bucket when all of it lies before the window."""
        oldest = min(self._buckets)
        if (oldest + 1) * self._config.bucket > self._newest[0] - self._config.window:
            return
        for article_id in sorted(self._buckets[oldest])[: self._config.most_forgotten]:
            known = self._load(article_id)
            if known is not None:
                self._unfile(known)
                del self._table[article_id]
                self._count("forgotten")
        if not self._buckets[oldest]:
            del self._buckets[oldest]


def _cluster(canonical_id: str, relation: str, score: float, size: int) -> Cluster:
    return Cluster.model_validate(
        {"id": canonical_id, "canonical_id": canonical_id, "relation": relation, "score": score, "size": size}
    )


def _key(value: bytes) -> int:
    """A number of at most 60 bits, which costs half of what the bytes do."""
    return int.from_bytes(hashlib.blake2b(value, digest_size=8).digest(), "little") >> 4
