"""Assign articles to clusters of near-duplicates. The one stateful step of the pipeline.

A cluster is a canonical article and the later articles that are copies of it. Articles are ordered by rank: when an
article first arrived, then its id. In that order, each article joins the cluster within the window whose canonical
article it resembles most (`compare.joins`), or becomes canonical itself. This definition does not mention the order in
which articles reach this step, so the result does not depend on it either: an article that arrives after articles of
higher rank, because workers run at different speeds, gets the cluster that it would have had in order, and every
article whose cluster changes as a consequence is reported as a `ClusterMove`.

The work for one article is bounded by `most_postings`, `most_candidates` and `most_redecided`: where thousands of
articles resemble each other, only those that share the most bands are compared. Every bound that is hit is counted;
beyond it, the result may depend on the order of arrival.

All state is in the table, one record an article. `rebuild` derives everything else from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from types import MappingProxyType
from typing import Any

from agents.dedupe.cluster_index import ClusterIndex, Neighbours
from agents.dedupe.compare import CompareConfig, Features, compare, joins
from agents.dedupe.fingerprint import FingerprintConfig
from agents.dedupe.postings import Rank
from agents.dedupe.stored_article import StoredArticle, known_fields
from streams.records import Cluster, ClusterMove, FingerprintedArticle

# Values of the label `event` of rasd_lookup_events_total.
CLUSTERER_EVENTS = ("posting_capped", "candidates_capped", "moves_capped", "other_algorithm", "forgotten")


@dataclass(frozen=True, slots=True)
class ClustererConfig:
    """Configure a `Clusterer`.

    Attributes:
        algorithm: `Fingerprint.algorithm` of the fingerprints to compare; articles with another one are never compared
            with these.
        permutations: values in a signature.
        rows: signature values in a band. 1 finds every copy; beyond a million articles, 2 saves comparisons.
        window: maximum time between two copies, in seconds.
        bucket: width of the time buckets in which articles expire, in seconds.
        most_forgotten: maximum number of articles that expire in one call, which bounds its duration.
        most_postings: maximum number of articles, newest first, to consider for each band.
        most_candidates: maximum number of earlier articles, and of later ones, to compare an article with: those that
            share the most bands.
        most_redecided: maximum number of articles to decide again because of one late arrival.
        most_decoded: records to keep decoded in memory; about 10 KB each, 25 KB when thousands resemble each other.
        compare: when two texts are copies.
    """

    algorithm: str = FingerprintConfig().algorithm
    permutations: int = FingerprintConfig().permutations
    rows: int = 1
    window: float = 72 * 3600.0
    bucket: float = 3600.0
    most_forgotten: int = 64
    most_postings: int = 128
    most_candidates: int = 24
    most_redecided: int = 1000
    most_decoded: int = 4096
    compare: CompareConfig = field(default_factory=CompareConfig)


def ignore(_event: str) -> None:
    """Ignore an event: the default of `Clusterer`'s `count`."""


def no_report() -> None:
    """Report nothing: the default of `Clusterer`'s `progress`."""


class Clusterer:
    """Assign articles to clusters and keep the state that this needs.

    Args:
        table: article id to JSON record (`StoredArticle.to_json`). Only this object may write to it.
        config: window and bounds.
        count: called with one of `CLUSTERER_EVENTS` when that event happens.
        progress: called for each article that is decided again because of a late one, which may be many.
    """

    def __init__(
        self,
        table: MutableMapping[str, Any],
        config: ClustererConfig,
        count: Callable[[str], None] = ignore,
        progress: Callable[[], object] = no_report,
    ) -> None:
        self._table = table
        self._config = config
        self._count = count
        self._progress = progress
        self._moves: list[ClusterMove] = []
        self.decision = 0
        self.rebuild()

    def __len__(self) -> int:
        """Return the number of articles in the table."""
        return len(self._index)

    def rebuild(self) -> None:
        """Derive the index from the table. Needed after a start, a recovery or a rebalance."""
        config = self._config
        self._recent: dict[str, StoredArticle] = {}
        self._index = ClusterIndex(
            algorithm=config.algorithm,
            permutations=config.permutations,
            rows=config.rows,
            bucket=config.bucket,
            most_postings=config.most_postings,
            most_candidates=config.most_candidates,
            count=self._count,
        )
        for article_id, record in self._table.items():
            self._index.add(StoredArticle.from_json(article_id, record))
        self._index.sort()

    def assign(self, article: FingerprintedArticle, now: float) -> Cluster:
        """Assign an article to a cluster and store the decision with one write to the table.

        An article already stored with this fingerprint gets the same answer as before, so a replay changes nothing. One
        stored with another fingerprint was edited: it is decided again and keeps its rank. The canonical article of a
        cluster with copies stays canonical, because the copies refer to it.

        Args:
            article: the article with its fingerprint.
            now: seconds since the epoch; a later `ingested_at` is replaced by it.

        Returns:
            The article's cluster. `decision` holds the number of the decision, and `moves()` the articles whose
            clusters changed.
        """
        self._moves = []
        fingerprint = known_fields(article.fingerprint)
        if fingerprint.algorithm != self._config.algorithm:
            self._count("other_algorithm")
        stored = self._load(article.id)
        if stored is None:
            rank = (round(min(article.ingested_at.timestamp(), now), 3), article.id)
            stored = self._insert(rank, Features(fingerprint))
        else:
            # An article that is fetched again keeps the hour of its first appearance, as it keeps its rank.
            fingerprint = fingerprint.model_copy(update={"hour": stored.features.fingerprint.hour})
            if fingerprint != stored.features.fingerprint:
                stored = self._edit(stored, Features(fingerprint))
        for moved, cluster in stored.moves.items():
            self._move(moved, cluster, stored.decided)
        self._forget()
        self.decision = stored.decided
        return stored.cluster

    def moves(self) -> list[ClusterMove]:
        """Return the moves that the last `assign` caused. A replay of the same article returns them again.

        When a moved article was canonical, its id, which named a cluster, is from now on an alias of `cluster.id`.
        """
        return self._moves

    def _insert(self, rank: Rank, features: Features) -> StoredArticle:
        near = self._neighbours(rank, features)
        cluster = self._decide(rank, features, near.before, {})
        stored = StoredArticle(rank, self._index.decisions + 1, features, cluster)
        self._index.add(stored)
        if near.after:
            moves = self._overtaken(stored, near.after)
            joined = sum(cluster.canonical_id == stored.article_id for cluster in moves.values())
            size = 1 + joined if stored.leads else stored.cluster.size
            stored = replace(stored, moves=moves, cluster=stored.cluster.model_copy(update={"size": size}))
        self._write(stored)
        return stored

    def _edit(self, stored: StoredArticle, features: Features) -> StoredArticle:
        self._index.remove(self._index.number(stored))
        if not (stored.leads and self._index.copies(stored.article_id)):
            self._index.leave_cluster(stored)
            return self._insert(stored.rank, features)
        edited = replace(stored, features=features, decided=self._index.decisions + 1, moves={})
        self._index.add(edited)
        self._write(edited)
        return edited

    def _neighbours(self, rank: Rank, features: Features) -> Neighbours:
        return self._index.neighbours(rank, features.fingerprint, self._config.window)

    def _decide(
        self, rank: Rank, features: Features, seniors: Iterable[str], pending: Mapping[str, StoredArticle]
    ) -> Cluster:
        """Decide the cluster of an article, given the earlier articles that share a key with it."""
        members: dict[str, list[StoredArticle]] = {}
        for senior in self._loaded(seniors, features, pending):
            members.setdefault(senior.cluster.canonical_id, []).append(senior)
        best: tuple[float, Rank, Cluster] | None = None
        for canonical_id, found in members.items():
            canonical = self._load(canonical_id, pending)
            if canonical is None or not self._near_in_time(canonical.rank, rank):
                continue
            # With more copies than candidates, the canonical article may not be among them, yet share a key.
            met = any(member.article_id == canonical_id for member in found) or self._index.share_key(
                features.fingerprint, canonical.features.fingerprint
            )
            copies = (member.features for member in found)
            match = joins(features, canonical.features, copies, self._config.compare, met=met)
            if match and (best is None or (-match.score, canonical.rank) < best[:2]):
                size = 2 + len(self._index.copies(canonical_id))
                cluster = _cluster(canonical_id, match.relation, match.score, size)
                best = (-match.score, canonical.rank, cluster)
        return _cluster(rank[1], "first", 1.0, 1) if best is None else best[2]

    def _overtaken(self, late: StoredArticle, after: Iterable[str]) -> dict[str, Cluster]:
        """Decide again the articles that arrived before `late` although their rank is higher; return changed clusters.

        They are decided in the order of their ranks. An article that changes cluster may affect further articles, which
        are then decided too.
        """
        pending = {late.article_id: late}
        queue = sorted(self._concerned(late, None, after))
        seen = set(queue)
        left = self._config.most_redecided
        while queue and left:
            left -= 1
            self._progress()
            rank = heappop(queue)
            junior = self._load(rank[1])
            # A member whose canonical article has expired keeps its cluster.
            if junior is None or self._load(junior.cluster.canonical_id) is None:
                continue
            near = self._neighbours(rank, junior.features)
            cluster = self._decide(rank, junior.features, near.before, pending)
            if cluster.canonical_id == junior.cluster.canonical_id:
                continue
            pending[rank[1]] = changed = replace(junior, cluster=cluster)
            copies = map(self._load, self._index.copies(rank[1]) if junior.leads else ())
            concerned = self._concerned(changed, junior.cluster.canonical_id, near.after)
            for further in concerned | {copy.rank for copy in copies if copy is not None}:
                if further not in seen:
                    seen.add(further)
                    heappush(queue, further)
        if queue:
            self._count("moves_capped")
        return self._moves_of(late.article_id, pending)

    def _concerned(self, changed: StoredArticle, left: str | None, after: Iterable[str]) -> set[Rank]:
        """Return the ranks of later articles that may change cluster because `changed` joined its cluster.

        These are the copies of `changed` that are in the cluster that it `left`, or for which its new cluster may be
        the better one; and their canonical articles, which need not share a key with `changed`.
        """
        found: set[Rank] = set()
        for junior in self._loaded(after, changed.features, {}):
            if junior.cluster.canonical_id == changed.cluster.canonical_id:
                continue
            match = compare(junior.features, changed.features, self._config.compare)
            lost = junior.leads or junior.cluster.canonical_id == left
            if match is None or (changed.leads and not lost and match.score < junior.cluster.score):
                continue
            found.add(junior.rank)
            canonical = self._load(junior.cluster.canonical_id)
            if canonical is not None and canonical.rank > changed.rank:
                found.add(canonical.rank)
        return found

    def _loaded(
        self, ids: Iterable[str], features: Features, pending: Mapping[str, StoredArticle]
    ) -> Iterator[StoredArticle]:
        """Load the articles with these ids whose fingerprints have the same algorithm."""
        for article_id in ids:
            stored = self._load(article_id, pending)
            if stored is not None and stored.features.fingerprint.algorithm == features.fingerprint.algorithm:
                yield stored

    def _moves_of(self, late_id: str, pending: Mapping[str, StoredArticle]) -> dict[str, Cluster]:
        """Return the clusters of all pending articles except the late one, with their final sizes."""
        sizes: dict[str, int] = {}
        for target in {stored.cluster.canonical_id for stored in pending.values()}:
            stayed = sum(copy not in pending for copy in self._index.copies(target))
            came = sum(k.cluster.canonical_id == target and moved != target for moved, k in pending.items())
            sizes[target] = 1 + stayed + came
        return {
            moved: stored.cluster.model_copy(update={"size": sizes[stored.cluster.canonical_id]})
            for moved, stored in pending.items()
            if moved != late_id
        }

    def _move(self, article_id: str, cluster: Cluster, decided: int) -> None:
        """Apply a move unless a later decision has superseded it; report the article's cluster either way."""
        stored = self._load(article_id)
        if stored is None:
            return
        if stored.decided < decided:
            self._index.leave_cluster(stored)
            stored = replace(stored, cluster=cluster, decided=decided)
            self._index.join_cluster(stored)
            self._write(stored)
        cluster = stored.cluster.model_copy(update={"decision": stored.decided})
        self._moves.append(ClusterMove(id=article_id, cluster=cluster))

    def _near_in_time(self, one: Rank, other: Rank) -> bool:
        return abs(one[0] - other[0]) <= self._config.window

    def _load(
        self, article_id: str, pending: Mapping[str, StoredArticle] = MappingProxyType({})
    ) -> StoredArticle | None:
        """Return a stored article as it will be after the `pending` decisions, or None if it is not stored."""
        stored = pending.get(article_id) or self._recent.get(article_id)
        if stored is None:
            record = self._table.get(article_id)
            if record is None:
                return None
            stored = StoredArticle.from_json(article_id, record)
            self._remember(stored)
        return stored

    def _remember(self, stored: StoredArticle) -> None:
        """Cache a decoded record: an article that was compared is likely to be compared again."""
        self._recent[stored.article_id] = stored
        if len(self._recent) > self._config.most_decoded:
            del self._recent[next(iter(self._recent))]

    def _write(self, stored: StoredArticle) -> None:
        self._table[stored.article_id] = stored.to_json()
        self._remember(stored)

    def _forget(self) -> None:
        """Remove up to `most_forgotten` articles of the oldest bucket if all of it lies outside the window."""
        for number, article_id in self._index.outdated(self._config.window, self._config.most_forgotten):
            self._index.remove(number)
            stored = self._load(article_id)
            if stored is not None:
                self._index.leave_cluster(stored)
                del self._table[article_id]
                self._recent.pop(article_id, None)
                self._count("forgotten")


def _cluster(canonical_id: str, relation: str, score: float, size: int) -> Cluster:
    return Cluster.model_validate(
        {"id": canonical_id, "canonical_id": canonical_id, "relation": relation, "score": score, "size": size}
    )
