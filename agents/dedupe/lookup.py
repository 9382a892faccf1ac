"""The look-up: which story an article is a copy of. The one stateful step of the pipeline.

A cluster is its canonical article and the later articles that are copies of it. In the order of the stream (when an
article first came, then its id), each article joins the cluster of the window to whose canonical article it is most
similar (`compare.joins`), or else becomes canonical itself. That definition says nothing of the order of arrival, and
neither do the results: an article that arrives after its juniors, because workers run at their own speeds, takes the
place that it would have had, and the articles whose clusters change by that are told as `Move`s.

The table holds all state, one record an article; everything else is derived from it by `rebuild`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from types import MappingProxyType
from typing import Any

from agents.dedupe.compare import CompareConfig, Features, joins
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
        most_decoded: records kept decoded in memory, about 10 KB each.
        compare: what a copy is.
    """

    algorithm: str = FingerprintConfig().algorithm
    rows: int = 1
    window: float = 72 * 3600.0
    bucket: float = 3600.0
    most_forgotten: int = 64
    most_postings: int = 200
    most_decoded: int = 4096
    compare: CompareConfig = field(default_factory=CompareConfig)


@dataclass(frozen=True, slots=True)
class Move:
    """An article that was answered before now belongs elsewhere.

    Attributes:
        article_id: which article.
        cluster: its cluster from now on. If the article was canonical, its id was a cluster's and is now an alias of
            `cluster.id`.
        decision: number of the decision; of two about one article, the greater holds.
    """

    article_id: str
    cluster: Cluster
    decision: int = field(default=0, compare=False)


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
        self.decision = 0
        self.rebuild()

    def rebuild(self) -> None:
        """Derive the index from the table: after a start, a recovery, a rebalance."""
        self._recent: dict[str, Known] = {}
        self._postings = Postings(self._config.most_postings, lambda: self._count("posting_capped"))
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
        self._moves = []
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
        self.decision = known.decided
        return known.cluster

    def moves(self) -> list[Move]:
        """What the last `assign` changed for articles that were answered before; a replay gives it again."""
        return self._moves

    def _insert(self, rank: Rank, features: Features) -> Known:
        seniors, juniors = self._met(rank, features, {})
        known = Known(rank, self._decisions + 1, features, self._decide(rank, features, seniors, {}))
        if juniors:
            self._postings.add(self._keys(features), rank)
            moves = self._overtaken(known, juniors)
            joined = sum(cluster.canonical_id == known.article_id for cluster in moves.values())
            size = 1 + joined if known.leads else known.cluster.size
            known = replace(known, moves=moves, cluster=known.cluster.model_copy(update={"size": size}))
        self._write(known)
        return known

    def _edit(self, known: Known, features: Features) -> Known:
        self._unfile(known)
        if not (known.leads and self._copies.get(known.article_id)):
            return self._insert(known.rank, features)
        edited = replace(known, features=features, decided=self._decisions + 1, moves={})
        self._write(edited)
        return edited

    def _met(self, rank: Rank, features: Features, pending: Mapping[str, Known]) -> tuple[list[Known], list[Known]]:
        """The articles of the window that share a key with this one: those before it, those after it."""
        seniors, juniors = list[Known](), list[Known]()
        for other in self._postings.find(self._keys(features)):
            known = self._load(other[1], pending) if other != rank and self._near_in_time(other, rank) else None
            if known is not None:
                (seniors if other < rank else juniors).append(known)
        return seniors, juniors

    def _decide(self, rank: Rank, features: Features, seniors: list[Known], pending: Mapping[str, Known]) -> Cluster:
        """The cluster of an article, given the articles before it that share a key with it."""
        members: dict[str, list[Features]] = {}
        for senior in seniors:
            members.setdefault(senior.cluster.canonical_id, []).append(senior.features)
        best: tuple[float, Rank, Cluster] | None = None
        for canonical_id, copies in members.items():
            canonical = self._load(canonical_id, pending)
            if canonical is None or not self._near_in_time(canonical.rank, rank):
                continue
            match = joins(features, canonical.features, copies, self._config.compare)
            if match and (best is None or (-match.score, canonical.rank) < best[:2]):
                size = 2 + len(self._copies.get(canonical_id, ()))
                cluster = _cluster(canonical_id, match.relation, match.score, size)
                best = (-match.score, canonical.rank, cluster)
        return _cluster(rank[1], "first", 1.0, 1) if best is None else best[2]

    def _overtaken(self, late: Known, juniors: Iterable[Known]) -> dict[str, Cluster]:
        """New clusters of articles that came before `late` though their place is after it.

        They are decided again in the order of their places. Whoever changes cluster by that concerns further ones.
        """
        pending = {late.article_id: late}
        queue = sorted(junior.rank for junior in juniors)
        seen = set(queue)
        while queue:
            rank = heappop(queue)
            junior = self._load(rank[1])
            # A member whose canonical article is forgotten keeps its cluster.
            if junior is None or self._load(junior.cluster.canonical_id) is None:
                continue
            seniors, concerned = self._met(rank, junior.features, pending)
            cluster = self._decide(rank, junior.features, seniors, pending)
            if cluster.canonical_id == junior.cluster.canonical_id:
                continue
            pending[rank[1]] = replace(junior, cluster=cluster)
            if junior.leads:
                copies = map(self._load, sorted(self._copies.get(rank[1], ())))
                concerned.extend(copy for copy in copies if copy is not None)
            for further in concerned:
                if further.rank not in seen:
                    seen.add(further.rank)
                    heappush(queue, further.rank)
        return self._moves_of(late.article_id, pending)

    def _moves_of(self, late_id: str, pending: Mapping[str, Known]) -> dict[str, Cluster]:
        """The clusters of all pending articles but the late one, with the sizes that they will have."""
        sizes: dict[str, int] = {}
        for target in {known.cluster.canonical_id for known in pending.values()}:
            stayed = sum(copy not in pending for copy in self._copies.get(target, ()))
            came = sum(k.cluster.canonical_id == target and moved != target for moved, k in pending.items())
            sizes[target] = 1 + stayed + came
        return {
            moved: known.cluster.model_copy(update={"size": sizes[known.cluster.canonical_id]})
            for moved, known in pending.items()
            if moved != late_id
        }

    def _move(self, article_id: str, cluster: Cluster, decided: int) -> None:
        """Carry out a move, unless a later decision has overtaken it, and tell of it either way."""
        known = self._load(article_id)
        if known is None:
            return
        if known.decided < decided:
            self._unfile(known)
            known = replace(known, cluster=cluster, decided=decided)
            self._write(known)
        self._moves.append(Move(article_id, known.cluster, known.decided))

    def _near_in_time(self, one: Rank, other: Rank) -> bool:
        return abs(one[0] - other[0]) <= self._config.window

    def _keys(self, features: Features) -> list[int]:
        """What an article is filed under: its exact hash and its bands; the hash alone if of another algorithm."""
        fingerprint = features.fingerprint
        name = f"{fingerprint.algorithm} {fingerprint.exact}".encode()
        exact = int.from_bytes(hashlib.blake2b(name, digest_size=7).digest(), "little") << 8
        if fingerprint.algorithm != self._config.algorithm:
            return [exact]
        return [exact, *features.bands(self._config.rows)]

    def _load(self, article_id: str, pending: Mapping[str, Known] = MappingProxyType({})) -> Known | None:
        """An article of the window, as it will be after the `pending` decisions."""
        known = pending.get(article_id) or self._recent.get(article_id)
        if known is None:
            record = self._table.get(article_id)
            if record is None:
                return None
            known = Known.from_json(article_id, record)
            self._remember(known)
        return known

    def _remember(self, known: Known) -> None:
        """Keep a decoded record at hand: what was compared is likely to be compared again."""
        self._recent[known.article_id] = known
        if len(self._recent) > self._config.most_decoded:
            del self._recent[next(iter(self._recent))]

    def _write(self, known: Known) -> None:
        self._table[known.article_id] = known.to_json()
        self._remember(known)
        self._file(known)

    def _file(self, known: Known) -> None:
        """Enter an article in everything that is derived from the table."""
        self._postings.add(self._keys(known.features), known.rank)
        if not known.leads:
            self._copies.setdefault(known.cluster.canonical_id, set()).add(known.article_id)
        self._buckets.setdefault(self._bucket(known.rank), set()).add(known.article_id)
        self._newest = max(self._newest, known.rank)
        self._decisions = max(self._decisions, known.decided)

    def _unfile(self, known: Known) -> None:
        self._postings.remove(self._keys(known.features), known.rank)
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
                self._recent.pop(article_id, None)
                self._count("forgotten")
        if not self._buckets[oldest]:
            del self._buckets[oldest]


def _cluster(canonical_id: str, relation: str, score: float, size: int) -> Cluster:
    return Cluster.model_validate(
        {"id": canonical_id, "canonical_id": canonical_id, "relation": relation, "score": score, "size": size}
    )
