"""Decides which alerts are due. Pure: the same matches in the same order give the same alerts, live and in a rehearsal.

Time is the arrival of articles (`Match.moment`); `advance` tells how far it has come when nothing matches. Everything
that is remembered is in records that the caller stores, so that a process can continue where another one died. Taking
a match again changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from streams.alerts.digest_times import next_time
from streams.alerts.records import (
    MOST_ARTICLES,
    MOST_DIGEST_STORIES,
    MOST_STORIES,
    Alert,
    AlertStory,
    Arrival,
    Match,
    Mention,
    StoryState,
    Tally,
    words_hash,
)
from streams.alerts.standing_search import (
    Change,
    Digest,
    EachStory,
    Frequency,
    NewName,
    Silence,
    SourceQuiet,
    Spike,
    StandingSearch,
    digest,
)
from streams.records.fields import iso_time

HOUR = timedelta(hours=1)
# A spike needs a history; what is not known for a day has none.
SHORTEST_HISTORY = timedelta(days=1)
# How far an hour's number exceeds chance: three standard deviations of a Poisson distribution.
DEVIATIONS = 3.0
# Matching articles of a story that are counted: each is remembered by its id, as it may come again. A story of so many
# takes a megabyte in Kafka.
MOST_KNOWN_ARTICLES = 20_000
_MOST_NAMES = 5000
_MOST_WINDOW = 2000
_MOST_LINES = 10


class SearchMemory:
    """One standing search, what it remembers, and the alerts that it makes.

    Args:
        search: the search.
        tally, stories, alerts: as stored; empty for a new search.

    Attributes:
        search: the search, which may be replaced by a later revision of it.
        tally: what the condition remembers.
        stories, alerts: by key and id.
        changed_stories, changed_alerts: keys and ids of what changed since the caller cleared them.
        new_alerts: ids of the alerts made since.
        tally_changed: whether the tally did.
        quiet: for a digest, why sources are quiet at present, by name; the caller keeps it up to date.
    """

    def __init__(
        self,
        search: StandingSearch,
        tally: Tally | None = None,
        stories: Iterable[StoryState] = (),
        alerts: Iterable[Alert] = (),
    ) -> None:
        self.search = search
        self.tally = tally or Tally(since=search.created_at)
        self.stories: dict[str, StoryState] = {}
        self.alerts = {alert.id: alert for alert in alerts}
        self.changed_stories: set[str] = set()
        self.changed_alerts: set[str] = set()
        self.new_alerts: set[str] = set()
        self.tally_changed = False
        self.quiet: dict[str, str] = {}
        self._by_cluster: dict[str, str] = {}
        self._by_article: dict[str, str] = {}
        for state in stories:
            self._keep(state)

    def take(self, match: Match) -> None:
        """Take one match."""
        self.advance(match.moment)
        state, is_new = self._story_of(match)
        known = state.known.get(match.article)
        if match.section is not None and match.section not in state.story.searches:
            state.story = state.story.model_copy(update={"searches": (*state.story.searches, match.section)})
            self.changed_stories.add(state.key)
        if known == match.text:
            return
        state.touched = max(state.touched, match.moment)
        self.changed_stories.add(state.key)
        self._note(match)
        if known is None and len(state.known) >= MOST_KNOWN_ARTICLES:
            return  # what cannot be remembered would be counted again when it comes again
        versions = self._compare(state, match)
        if known is None:
            state.story = _with_article(state.story, match)
        state.known[match.article] = match.text
        self._by_article[match.article] = state.key
        if state.alert is not None:
            self._extend(state)
        self._apply(match, state, is_new=is_new, versions=versions)

    def move(self, article: str, cluster: str) -> None:
        """Take over that an article belongs to another cluster: what follows there belongs to the same story."""
        key = self._by_article.get(article)
        if key is not None:
            self._add_cluster(self.stories[key], cluster)

    def advance(self, now: datetime) -> None:
        """Take over that time has come to `now`: what waited for a deadline may be due."""
        condition, tally = self.search.when, self.tally
        if isinstance(condition, Digest):
            while (due := self.deadline()) is not None and now >= due:
                self.digest(due)
            return
        if tally.waiting and (until := self._paused_until()) is not None and now >= until:
            waiting = [self.stories[key] for key in tally.waiting if key in self.stories]
            tally.waiting = ()
            self._alert(until, waiting, _new_stories(len(waiting)), trigger=iso_time(until))
        if isinstance(condition, Silence) and not tally.silent and not self.search.paused:
            begin = max(filter(None, (tally.last_match, self.search.changed_at)))
            due = begin + timedelta(hours=condition.hours)
            if now >= due:
                tally.silent = True
                self._alert(
                    due,
                    (),
                    f"nothing has matched for {condition.hours:g} hours",
                    trigger=iso_time(begin),
                    numbers={"hours": condition.hours},
                )

    def deadline(self) -> datetime | None:
        """Return when `advance` may make an alert although nothing matches; None if it will not."""
        condition, tally = self.search.when, self.tally
        if isinstance(condition, Digest):
            if self.search.paused:
                return None
            after = max(filter(None, (tally.digested, self.search.changed_at)))
            return next_time(condition, self.search.zone, after)
        if tally.waiting:
            return self._paused_until()
        if isinstance(condition, Silence) and not tally.silent and not self.search.paused:
            begin = max(filter(None, (tally.last_match, self.search.changed_at)))
            return begin + timedelta(hours=condition.hours)
        return None

    def digest(self, due: datetime) -> None:
        """Make a digest of the stories that wait: those that most outlets have first, of these the newest.

        Without stories, there is one only if a source has become quiet since the last one.
        """
        tally = self.tally
        states = [self.stories[key] for key in tally.waiting if key in self.stories]
        states.sort(key=lambda s: (-len(s.story.outlets), -s.story.count, -s.story.moment.timestamp(), s.key))
        told, tally.quiet = set(tally.quiet), tuple(sorted(self.quiet))
        tally.waiting, tally.digested, self.tally_changed = (), due, True
        if states or not told.issuperset(self.quiet):
            lines = tuple(f"{name}: {self.quiet[name]}" for name in tally.quiet)
            self._alert(due, states, _new_stories(len(states)), trigger=iso_time(due), detail=lines)

    def sources(self, quiet: dict[str, str], now: datetime) -> None:
        """Take over which watched sources are quiet at present.

        Args:
            quiet: why, by name of the source.
            now: the present time.
        """
        if not isinstance(self.search.when, SourceQuiet) or self.search.paused:
            return
        told = set(self.tally.quiet)
        new = [name for name in sorted(quiet) if name not in told]
        if told != set(quiet):
            self.tally.quiet = tuple(sorted(quiet))
            self.tally_changed = True
        if new:
            reason = "a watched source is quiet" if len(new) == 1 else f"{len(new)} watched sources are quiet"
            lines = tuple(f"{name}: {quiet[name]}" for name in new)
            self._alert(now, (), reason, trigger=f"{iso_time(now)} {' '.join(new)}", detail=lines)

    def forget(self, before: datetime, needed: Collection[str] = ()) -> list[str]:
        """Forget the stories whose latest article is older, and older alerts except those that are needed.

        Args:
            before: what is older.
            needed: ids of alerts that may be sent again.

        Returns:
            The keys of the stories.
        """
        gone = [key for key, state in self.stories.items() if state.touched < before]
        for key in gone:
            state = self.stories.pop(key)
            for cluster in state.story.clusters:
                self._by_cluster.pop(cluster, None)
            for article in state.known:
                self._by_article.pop(article, None)
        for alert in [alert.id for alert in self.alerts.values() if alert.moment < before and alert.id not in needed]:
            del self.alerts[alert]
        return gone

    def _keep(self, state: StoryState) -> None:
        self.stories[state.key] = state
        for cluster in state.story.clusters:
            self._by_cluster.setdefault(cluster, state.key)
        for article in state.known:
            self._by_article[article] = state.key

    def _story_of(self, match: Match) -> tuple[StoryState, bool]:
        """Return the story of a match, and whether it is a new one.

        An article stays in the story that it came with, whatever cluster it has when it comes again.
        """
        key = self._by_article.get(match.article) or self._by_cluster.get(match.story)
        if key is not None:
            state = self.stories[key]
            self._add_cluster(state, match.story)
            return state, False
        state = StoryState(
            story=AlertStory(
                clusters=(match.story,),
                title=match.title,
                outlet=match.outlet,
                url=match.url,
                moment=match.moment,
                published_at=match.published_at,
                headline=match.headline,
                excerpts=match.excerpts,
                places=match.places,
                count=0,
            ),
            touched=match.moment,
        )
        self._keep(state)
        return state, True

    def _add_cluster(self, state: StoryState, cluster: str) -> None:
        if cluster in self._by_cluster:
            return
        state.story = state.story.model_copy(update={"clusters": (*state.story.clusters, cluster)})
        self._by_cluster[cluster] = state.key
        self.changed_stories.add(state.key)
        if state.alert is not None:
            self._extend(state)

    def _extend(self, state: StoryState) -> None:
        """Bring the story in its alert up to date."""
        alert = self.alerts.get(state.alert or "")
        if alert is None:
            return
        stories = tuple(state.story if story.clusters[0] == state.key else story for story in alert.stories)
        self.alerts[alert.id] = alert.model_copy(update={"stories": stories})
        self.changed_alerts.add(alert.id)

    def _note(self, match: Match) -> None:
        tally = self.tally
        tally.last_match = match.moment if tally.last_match is None else max(tally.last_match, match.moment)
        tally.since = match.moment if tally.since is None else min(tally.since, match.moment)
        tally.silent = False
        self.tally_changed = True

    def _compare(self, state: StoryState, match: Match) -> tuple[str, ...]:
        """Return how an article differs from the version of it before, line by line."""
        condition = self.search.when
        if not isinstance(condition, Change):
            return ()
        url = match.url
        if url not in state.versions and match.relation == "update":
            earlier = [m.url for m in state.story.articles if m.outlet == match.outlet and m.url in state.versions]
            url = earlier[-1] if earlier else url
        paragraphs = {words_hash(text): text for text in match.sentences}
        before = state.versions.get(url)
        state.versions[url] = (match.title or "", tuple(paragraphs))
        if before is None or match.history:
            return ()
        lines = []
        if condition.of != "text" and words_hash(before[0]) != words_hash(match.title or ""):
            lines += [f"- {before[0]}", f"+ {match.title or ''}"]
        if condition.of != "headline":
            added = [text for key, text in paragraphs.items() if key not in before[1]]
            removed = len(set(before[1]) - set(paragraphs))
            lines += [f"+ {text}" for text in added[:_MOST_LINES]]
            if removed:
                lines.append(f"({removed} paragraph{'s' if removed > 1 else ''} removed or changed)")
        return tuple(lines)

    def _apply(self, match: Match, state: StoryState, *, is_new: bool, versions: tuple[str, ...]) -> None:
        match self.search.when:
            case EachStory():
                if not match.history and state.alert is None:
                    self._alert_or_wait(match, state)
            case Digest():
                if state.alert is None:
                    self._wait(state)
            case Frequency() as condition:
                self._apply_frequency(condition, match, state)
            case Spike() as condition:
                self._apply_spike(condition, match, state, is_new=is_new)
            case NewName() as condition:
                self._apply_names(condition, match, state)
            case Change() if versions:
                self._alert(match.moment, [state], "an article was changed", trigger=match.text, detail=versions)

    def _alert_or_wait(self, match: Match, state: StoryState) -> None:
        until = self._paused_until()
        if until is not None and match.moment < until:
            self._wait(state)
            return
        self._alert(match.moment, [state], "a new story", trigger=match.article)

    def _wait(self, state: StoryState) -> None:
        if state.key not in self.tally.waiting:
            self.tally.waiting = (*self.tally.waiting, state.key)

    def _apply_frequency(self, condition: Frequency, match: Match, state: StoryState) -> None:
        if match.history:
            return
        self._open_window(match, state, timedelta(minutes=condition.minutes))
        window = self.tally.window
        counted = {
            "stories": {arrival.story for arrival in window},
            "outlets": {arrival.outlet for arrival in window},
            "articles": {arrival.article for arrival in window},
        }[condition.of]
        if len(counted) >= condition.count and not self._is_paused(match.moment):
            self.tally.window = ()
            reason = f"{len(counted)} {condition.of} within {condition.minutes:g} minutes"
            numbers = {"count": len(counted), "minutes": condition.minutes}
            states = self._windowed(window)
            self._alert(match.moment, states, reason, trigger=match.article, numbers=numbers, of=condition.of)

    def _apply_spike(self, condition: Spike, match: Match, state: StoryState, *, is_new: bool) -> None:
        if not is_new:
            return
        tally = self.tally
        hour = int(match.moment.timestamp() // 3600)
        oldest = hour - 24 * condition.days
        tally.hours = {at: n for at, n in tally.hours.items() if at >= oldest} | {hour: tally.hours.get(hour, 0) + 1}
        if match.history:
            return
        span = timedelta(minutes=condition.minutes)
        self._open_window(match, state, span)
        count = len({arrival.story for arrival in tally.window})
        begin = max(filter(None, (tally.since, match.moment - timedelta(days=condition.days))))
        if match.moment - begin < SHORTEST_HISTORY or count < condition.least or self._is_paused(match.moment):
            return
        expected = expected_stories(tally.hours, begin, match.moment, span)
        if count >= condition.factor * expected and count - expected >= DEVIATIONS * expected**0.5:
            window, tally.window = tally.window, ()
            reason = f"{count} stories within {condition.minutes:g} minutes, where {expected:.1f} are usual"
            numbers = {"count": count, "minutes": condition.minutes, "expected": round(expected, 2)}
            self._alert(match.moment, self._windowed(window), reason, trigger=match.article, numbers=numbers)

    def _apply_names(self, condition: NewName, match: Match, state: StoryState) -> None:
        tally = self.tally
        learning = match.history or match.moment < self.search.created_at + timedelta(hours=condition.learn_hours)
        paused = self._is_paused(match.moment)
        found = []
        for name in match.names:
            if name.partition(" ")[0] not in condition.types:
                continue
            stories = tally.names.get(name, ())
            # A known name has no stories any more.
            if name in tally.names and not stories:
                continue
            stories = (*stories, state.key) if state.key not in stories else stories
            if learning or (len(stories) >= condition.stories and not paused):
                tally.names[name] = ()
                if not learning:
                    found.append(name.partition(" ")[2])
            else:
                tally.names[name] = stories
        while len(tally.names) > _MOST_NAMES:
            del tally.names[next(iter(tally.names))]
        if found:
            reason = "a new name" if len(found) == 1 else f"{len(found)} new names"
            self._alert(match.moment, [state], reason, trigger=f"{match.article} {match.text}", detail=tuple(found))

    def _open_window(self, match: Match, state: StoryState, span: timedelta) -> None:
        arrival = Arrival(moment=match.moment, article=match.article, story=state.key, outlet=match.outlet)
        kept = [each for each in self.tally.window if each.moment > match.moment - span]
        self.tally.window = (*kept[-_MOST_WINDOW:], arrival)

    def _windowed(self, window: Sequence[Arrival]) -> list[StoryState]:
        keys = dict.fromkeys(arrival.story for arrival in window)
        return [self.stories[key] for key in keys if key in self.stories]

    def _paused_until(self) -> datetime | None:
        if self.tally.last_alert is None or not self.search.pause_minutes:
            return None
        return self.tally.last_alert + timedelta(minutes=self.search.pause_minutes)

    def _is_paused(self, moment: datetime) -> bool:
        until = self._paused_until()
        return until is not None and moment < until

    def _alert(
        self,
        moment: datetime,
        states: Sequence[StoryState],
        reason: str,
        *,
        trigger: str,
        detail: tuple[str, ...] = (),
        numbers: dict[str, float] | None = None,
        of: str = "stories",
    ) -> None:
        """Make an alert. Its id follows from what caused it, so that repeated work makes the same one."""
        search = self.search
        most = MOST_DIGEST_STORIES if search.when.kind == "digest" else MOST_STORIES
        alert = Alert(
            id=digest(search.id, search.when.kind, trigger),
            search=search.id,
            revision=search.revision,
            owner=search.owner,
            name=search.name,
            kind=search.when.kind,
            moment=moment,
            reason=reason,
            numbers=numbers or {},
            of=of,
            stories=tuple(state.story for state in states[:most]),
            count=len(states),
            detail=detail,
        )
        for state in states:
            state.alert = alert.id
            self.changed_stories.add(state.key)
        self.tally.last_alert = moment
        self.tally_changed = True
        self.alerts[alert.id] = alert
        self.changed_alerts.add(alert.id)
        self.new_alerts.add(alert.id)


def _with_article(story: AlertStory, match: Match) -> AlertStory:
    mention = Mention(
        article=match.article,
        outlet=match.outlet,
        url=match.url,
        title=match.title,
        moment=match.moment,
        relation=match.relation,
    )
    articles = (*story.articles, mention) if len(story.articles) < MOST_ARTICLES else story.articles
    return story.model_copy(update={"articles": articles, "count": story.count + 1})


def _new_stories(count: int) -> str:
    return "a new story" if count == 1 else f"{count} new stories"


def expected_stories(hours: dict[int, int], begin: datetime, moment: datetime, span: timedelta) -> float:
    """Return how many new stories the history lets expect in the time before a moment.

    That is the larger of two rates: of all hours, and of the same hours of the day with the hour on either side, as
    newsrooms sleep. The time that is judged is no part of the history.

    Args:
        hours: new stories by hours since the epoch.
        begin: beginning of the history.
        moment: end of the time that is judged.
        span: its length.
    """
    first = int(begin.timestamp() // 3600)
    last = int((moment - span).timestamp() // 3600)
    if last <= first:
        return 0.0
    overall = sum(hours.get(hour, 0) for hour in range(first, last)) / (last - first)
    at = int(moment.timestamp() // 3600) % 24
    like = [hour for hour in range(first, last) if (hour - at + 1) % 24 <= 2]
    alike = sum(hours.get(hour, 0) for hour in like) / len(like) if like else overall
    return max(overall, alike) * (span / HOUR)
