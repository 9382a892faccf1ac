"""The look-up: which story an article is a copy of. The one stateful step of the pipeline.

A cluster is its canonical article and the later articles that are copies of it. In the order of the stream (when an
article first came, then its id), each article joins the cluster of the window to whose canonical article it is most
similar (`compare.joins`), or else becomes canonical itself. That definition says nothing of the order of arrival, and
neither do the results: an article that arrives after its juniors, because workers run at their own speeds, takes the
place that it would have had, and the articles whose clusters change by that are told as `Move`s.

Work on one article is bounded (`most_postings`, `most_candidates`, `most_redecided`): where thousands resemble each
other, those that share most bands are looked at. Beyond a bound, which is counted, the order of arrival may tell.

The table holds all state, one record an article; everything else is derived from it by `rebuild`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from types import MappingProxyType
from typing import Any

from agents.dedupe.cluster_index import Catalogue, Neighbours
from agents.dedupe.compare import CompareConfig, Features, compare, joins
from agents.dedupe.fingerprint import FingerprintConfig
from agents.dedupe.postings import Rank
from agents.dedupe.stored_article import Known
from streams.records import Cluster, FingerprintedArticle

LOOKUP_EVENTS = ("posting_capped", "candidates_capped", "moves_capped", "other_algorithm", "forgotten")


@dataclass(frozen=True, slots=True)
class LookupConfig:
    """How the look-up works.

    Attributes:
        algorithm: the fingerprints that are compared; others are kept apart.
        permutations: values of a signature.
        rows: of them in a band. One finds every copy; beyond a million articles two save comparisons.
        window: seconds that may lie between two copies.
        bucket: seconds of articles that are forgotten together.
        most_forgotten: articles forgotten at one look-up, so that none takes long.
        most_postings: newest articles that are considered of one band.
        most_candidates: articles before and after one that it is compared with, those that share most bands.
        most_redecided: articles that are decided again because one came late.
        most_decoded: records kept decoded in memory, about 10 KB each, 25 in a flood.
        compare: what a copy is.
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
        count: called with the name of each event worth a metric, of `LOOKUP_EVENTS`.
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

    def __len__(self) -> int:
        """Articles that are remembered."""
        return len(self._catalogue)

    def rebuild(self) -> None:
        """Derive the catalogue from the table: after a start, a recovery, a rebalance."""
        config = self._config
        self._recent: dict[str, Known] = {}
        self._catalogue = Catalogue(
            algorithm=config.algorithm,
            permutations=config.permutations,
            rows=config.rows,
            bucket=config.bucket,
            most_postings=config.most_postings,
            most_candidates=config.most_candidates,
            count=self._count,
        )
        for article_id, record in self._table.items():
            self._catalogue.file(Known.from_json(article_id, record))
        self._catalogue.sort()

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
        known = self._load(article.id)
        if known is None:
            rank = (round(min(article.ingested_at.timestamp(), now), 3), article.id)
            known = self._insert(rank, Features(article.fingerprint))
        else:
            # Fetched again, it still appeared when it first did, as its place in the stream is the first.
            fingerprint = article.fingerprint.model_copy(update={"hour": known.features.fingerprint.hour})
            if fingerprint != known.features.fingerprint:
                known = self._edit(known, Features(fingerprint))
        for moved, cluster in known.moves.items():
            self._move(moved, cluster, known.decided)
        self._forget()
        self.decision = known.decided
        return known.cluster

    def moves(self) -> list[Move]:
        """What the last `assign` changed for articles that were answered before; a replay gives it again."""
        return self._moves

    def _insert(self, rank: Rank, features: Features) -> Known:
        near = self._neighbours(rank, features)
        cluster = self._decide(rank, features, near.before, {})
        known = Known(rank, self._catalogue.decisions + 1, features, cluster)
        self._catalogue.file(known)
        if near.after:
            moves = self._overtaken(known, near.after)
            joined = sum(cluster.canonical_id == known.article_id for cluster in moves.values())
            size = 1 + joined if known.leads else known.cluster.size
            known = replace(known, moves=moves, cluster=known.cluster.model_copy(update={"size": size}))
        self._write(known)
        return known

    def _edit(self, known: Known, features: Features) -> Known:
        self._catalogue.remove(self._catalogue.number(known))
        if not (known.leads and self._catalogue.copies(known.article_id)):
            self._catalogue.part(known)
            return self._insert(known.rank, features)
        edited = replace(known, features=features, decided=self._catalogue.decisions + 1, moves={})
        self._catalogue.file(edited)
        self._write(edited)
        return edited

    def _neighbours(self, rank: Rank, features: Features) -> Neighbours:
        return self._catalogue.neighbours(rank, features.fingerprint, self._config.window)

    def _decide(self, rank: Rank, features: Features, seniors: Iterable[str], pending: Mapping[str, Known]) -> Cluster:
        """The cluster of an article, given the articles before it that share a key with it."""
        members: dict[str, list[Known]] = {}
        for senior in self._loaded(seniors, features, pending):
            members.setdefault(senior.cluster.canonical_id, []).append(senior)
        best: tuple[float, Rank, Cluster] | None = None
        for canonical_id, known in members.items():
            canonical = self._load(canonical_id, pending)
            if canonical is None or not self._near_in_time(canonical.rank, rank):
                continue
            # Of thirty copies the canonical one may not be among the candidates; they share a key all the same.
            met = any(member.article_id == canonical_id for member in known) or self._catalogue.share_key(
                features.fingerprint, canonical.features.fingerprint
            )
            copies = (member.features for member in known)
            match = joins(features, canonical.features, copies, self._config.compare, met=met)
            if match and (best is None or (-match.score, canonical.rank) < best[:2]):
                size = 2 + len(self._catalogue.copies(canonical_id))
                cluster = _cluster(canonical_id, match.relation, match.score, size)
                best = (-match.score, canonical.rank, cluster)
        return _cluster(rank[1], "first", 1.0, 1) if best is None else best[2]

    def _overtaken(self, late: Known, after: Iterable[str]) -> dict[str, Cluster]:
        """New clusters of articles that came before `late` though their place is after it.

        They are decided again in the order of their places. Whoever changes cluster by that concerns further ones.
        """
        pending = {late.article_id: late}
        queue = sorted(self._concerned(late, None, after))
        seen = set(queue)
        left = self._config.most_redecided
        while queue and left:
            left -= 1
            rank = heappop(queue)
            junior = self._load(rank[1])
            # A member whose canonical article is forgotten keeps its cluster.
            if junior is None or self._load(junior.cluster.canonical_id) is None:
                continue
            near = self._neighbours(rank, junior.features)
            cluster = self._decide(rank, junior.features, near.before, pending)
            if cluster.canonical_id == junior.cluster.canonical_id:
                continue
            pending[rank[1]] = changed = replace(junior, cluster=cluster)
            copies = map(self._load, self._catalogue.copies(rank[1]) if junior.leads else ())
            concerned = self._concerned(changed, junior.cluster.canonical_id, near.after)
            for further in concerned | {copy.rank for copy in copies if copy is not None}:
                if further not in seen:
                    seen.add(further)
                    heappush(queue, further)
        if queue:
            self._count("moves_capped")
        return self._moves_of(late.article_id, pending)

    def _concerned(self, changed: Known, left: str | None, after: Iterable[str]) -> set[Rank]:
        """Which of the articles after one may change cluster because it came to its cluster, or `left` another.

        Those that are copies of it and were in the cluster that it left, or may find its new one the better one; and
        their canonical articles, which may be too many to be met.
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

    def _loaded(self, ids: Iterable[str], features: Features, pending: Mapping[str, Known]) -> Iterator[Known]:
        """Articles of these ids that were fingerprinted by the same algorithm."""
        for article_id in ids:
            known = self._load(article_id, pending)
            if known is not None and known.features.fingerprint.algorithm == features.fingerprint.algorithm:
                yield known

    def _moves_of(self, late_id: str, pending: Mapping[str, Known]) -> dict[str, Cluster]:
        """The clusters of all pending articles but the late one, with the sizes that they will have."""
        sizes: dict[str, int] = {}
        for target in {known.cluster.canonical_id for known in pending.values()}:
            stayed = sum(copy not in pending for copy in self._catalogue.copies(target))
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
            self._catalogue.part(known)
            known = replace(known, cluster=cluster, decided=decided)
            self._catalogue.join(known)
            self._write(known)
        self._moves.append(Move(article_id, known.cluster, known.decided))

    def _near_in_time(self, one: Rank, other: Rank) -> bool:
        return abs(one[0] - other[0]) <= self._config.window

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

    def _forget(self) -> None:
        """Drop articles of the oldest bucket when all of it lies before the window."""
        for number, article_id in self._catalogue.outdated(self._config.window, self._config.most_forgotten):
            self._catalogue.remove(number)
            known = self._load(article_id)
            if known is not None:
                self._catalogue.part(known)
                del self._table[article_id]
                self._recent.pop(article_id, None)
                self._count("forgotten")


def _cluster(canonical_id: str, relation: str, score: float, size: int) -> Cluster:
    return Cluster.model_validate(
        {"id": canonical_id, "canonical_id": canonical_id, "relation": relation, "score": score, "size": size}
    )
