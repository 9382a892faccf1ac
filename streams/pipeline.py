"""The pipeline: which stages there are, in which order, and what each of them reads and writes.

No other module defines this. A stage is found by the entry point of its name in the group `rasd.stages`, the
built-in ones included; a plugin's stage is inserted after the stage that it names (`wire`). Taps are not part of the
pipeline: each reads a topic on its own (`Pipeline.load_tap`).

    raw ─► clean ─► fingerprint ─► dedupe ─► entities ─► geotag ─► enriched ─► index
                                      └────► moves (articles whose cluster changed) ─► moves
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from streams.errors import OperatorError
from streams.plugins import REINSTALL, Group, Plugin, find, installed
from streams.records import Article, ClusterMove, FingerprintedArticle, RawArticle
from streams.settings import Settings
from streams.stage import MapStage, Original, PipelineRecord, SinkStage, Stage, Tap
from streams.topics import Topic, TopicSpec, topic_spec

RecordType = type[RawArticle] | type[Article] | type[FingerprintedArticle] | type[ClusterMove]


@dataclass(frozen=True, slots=True)
class Link:
    """What one stage reads and writes.

    Attributes:
        stage: its name.
        reads: topic that it reads. No two stages read the same: they share one consumer group.
        writes: topic that its results go to; None for a sink.
        side_outputs: results of these classes go to these topics instead of `writes`.
    """

    stage: str
    reads: str
    writes: str | None = None
    side_outputs: Mapping[type, str] = field(default_factory=dict)

    @property
    def outputs(self) -> tuple[str, ...]:
        """All topics that it writes."""
        return tuple(filter(None, (self.writes, *self.side_outputs.values())))


BUILT_IN = (
    Link("clean", reads=Topic.RAW, writes=Topic.CLEAN),
    Link("fingerprint", reads=Topic.CLEAN, writes=Topic.FINGERPRINTED),
    Link("dedupe", reads=Topic.FINGERPRINTED, writes=Topic.CLUSTERED, side_outputs={ClusterMove: Topic.MOVES}),
    Link("entities", reads=Topic.CLUSTERED, writes=Topic.TAGGED),
    Link("geotag", reads=Topic.TAGGED, writes=Topic.ENRICHED),
    Link("index", reads=Topic.ENRICHED),
    Link("moves", reads=Topic.MOVES),
)

RECORDS: Mapping[str, RecordType] = {
    Topic.RAW: RawArticle,
    Topic.CLEAN: Article,
    Topic.FINGERPRINTED: FingerprintedArticle,
    Topic.CLUSTERED: Article,
    Topic.MOVES: ClusterMove,
    Topic.TAGGED: Article,
    Topic.ENRICHED: Article,
}
"""The record class on each built-in topic. Dead letters can hold any class."""

# Version 0.1.0 had one name for two stages. A deployment that names only the first must keep running both after an
# upgrade: else its articles stop at articles.clean, and clusters in the index are never updated.
_FORMERLY_ONE = {"dedupe": "fingerprint", "index": "moves"}
_NAME_RE = re.compile(r"[a-z][a-z0-9-]{0,62}")


@dataclass(frozen=True, slots=True)
class WiredStage:
    """A stage, or a tap, with the topics that it reads and writes."""

    stage: Stage
    link: Link

    @property
    def name(self) -> str:
        """The stage's name."""
        return self.stage.name

    @property
    def reads(self) -> str:
        """Topic that it reads."""
        return self.link.reads

    def target(self, record: PipelineRecord) -> str:
        """Return the topic that a result belongs to.

        Raises:
            ValueError: the stage is a sink, which has no results.
        """
        topic = self.link.side_outputs.get(type(record), self.link.writes)
        if topic is None:
            raise ValueError(f"stage {self.name} writes no topic")
        return topic


class Pipeline:
    """The stages of this installation in their order, built in or of plugins.

    Args:
        links: in pipeline order.
        plugins: the entry point of each stage, by name.
        added: record class and number of partitions of each topic that plugins need; None for as many partitions as
            workers share.
    """

    def __init__(
        self,
        links: Sequence[Link],
        plugins: Mapping[str, Plugin],
        added: Mapping[str, tuple[RecordType, int | None]] | None = None,
    ) -> None:
        self.links = tuple(links)
        self._plugins = plugins
        self._added = added or {}
        _check_readers(self.links)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the stages, in pipeline order."""
        return tuple(link.stage for link in self.links)

    @property
    def topics(self) -> tuple[str, ...]:
        """All topics, in the order in which an article passes them, the dead letters last."""
        passed = [topic for link in self.links for topic in (link.reads, *link.outputs)]
        return tuple(dict.fromkeys([*passed, Topic.DLQ]))

    def added_topics(self, settings: Settings) -> list[TopicSpec]:
        """Specify the topics that plugins need beside the built-in ones (`streams.topics.topic_specs`)."""
        return [topic_spec(topic, settings, partitions) for topic, (_, partitions) in self._added.items()]

    def shared_topics(self, settings: Settings) -> list[TopicSpec]:
        """Specify those of `added_topics` whose partitions workers share, so that more of them help."""
        shared = [topic for topic, (_, partitions) in self._added.items() if partitions is None]
        return [topic_spec(topic, settings) for topic in shared]

    def record_type(self, topic: str) -> RecordType | None:
        """Return the class of a topic's records; None for a topic that holds no articles or is unknown."""
        return self._added[topic][0] if topic in self._added else RECORDS.get(topic)

    def select(self, names: Iterable[str]) -> tuple[Link, ...]:
        """Return the links of the named stages, in pipeline order; of all stages when none is named.

        `dedupe` also selects `fingerprint`, and `index` also `moves`, as in version 0.1.0; both can be selected alone.

        Raises:
            OperatorError: a stage is unknown.
        """
        wanted = set(names)
        wanted |= {second for first, second in _FORMERLY_ONE.items() if first in wanted and second in self.names}
        if unknown := sorted(wanted - set(self.names)):
            raise OperatorError(
                f"unknown stage {', '.join(unknown)}; choose from {', '.join(self.names)}",
                hint="RASD_STAGES, or --stages; `rasd plugins` lists what is installed",
                status=2,
            )
        return tuple(link for link in self.links if not wanted or link.stage in wanted)

    def load(self, names: Iterable[str] = ()) -> tuple[WiredStage, ...]:
        """Import the named stages, in pipeline order; all stages when none is named. Imports no others.

        Raises:
            OperatorError: a stage is unknown, cannot be imported, or does not fit its topics.
        """
        return tuple(WiredStage(self._load(link), link) for link in self.select(names))

    def _load(self, link: Link) -> Stage:
        plugin = self._plugins.get(link.stage)
        if plugin is None:
            raise OperatorError(
                f"there is no stage {link.stage} in the group {Group.STAGES}",
                hint=REINSTALL,
            )
        stage = plugin.load()
        if not isinstance(stage, MapStage | SinkStage) or isinstance(stage, Tap):
            raise OperatorError(f"{plugin.entry_point.value} of {plugin.distribution} is not a stage")
        return _checked(stage, link.reads, self.record_type(link.reads), plugin)

    def load_tap(self, name: str) -> WiredStage:
        """Import a tap.

        Raises:
            OperatorError: it is unknown, cannot be imported, has a stage's name, or reads a topic that does not exist.
        """
        plugin = find(Group.TAPS, name)
        tap = plugin.load(Tap)
        assert isinstance(tap, Tap)  # noqa: S101  (`load` has checked it)
        if tap.name in self.names:
            raise OperatorError(f"tap {tap.name} of {plugin.distribution} has the name of a stage")
        link = Link(tap.name, reads=str(tap.reads))
        _checked(tap, link.reads, self.record_type(link.reads), plugin)
        return WiredStage(tap, link)


def tap_settings(settings: Settings, tap: str) -> Settings:
    """Return the settings of a tap's process: its consumer group is its own, so it takes nothing from the stages."""
    return settings.model_copy(update={"app_id": f"{settings.app_id}-tap-{tap}"})


@lru_cache(maxsize=1)
def load_pipeline() -> Pipeline:
    """Wire the built-in stages and those of plugins. Imports the plugins' stages, as they say where they belong.

    Raises:
        OperatorError: two stages have one name, or a plugin's stage cannot be imported or does not fit in.
    """
    return wire(installed(Group.STAGES))


def wire(plugins: Mapping[str, Plugin], links: Sequence[Link] = BUILT_IN) -> Pipeline:
    """Splice plugin stages into the built-in ones.

    A plugin stage X with `after="geotag"` reads a new topic, articles.for-X, that geotag then writes, and itself writes
    what geotag wrote before. So the topics that taps, the live feed and the next stage read stay the same. Several
    plugins after one stage follow each other in the order of their names.

    Args:
        plugins: entry points by stage name, the built-in ones included.
        links: the built-in wiring.

    Raises:
        OperatorError: a plugin's stage cannot be imported or does not fit in.
    """
    wired = list(links)
    added: dict[str, tuple[RecordType, int | None]] = {}
    built_in = {link.stage for link in links}
    waiting = {name: _plugin_stage(plugins[name]) for name in sorted(set(plugins) - built_in)}
    while waiting:
        placed = {link.stage: number for number, link in enumerate(wired)}
        ready = [name for name, stage in waiting.items() if stage.after in placed]
        if not ready:
            name, stage = next(iter(waiting.items()))
            raise OperatorError(
                f"stage {name} of {plugins[name].distribution} comes after {stage.after}, but there is no stage"
                f" {stage.after}",
                hint=f"stages are {', '.join(placed)}",
            )
        # The last of the alphabet first: each is put right behind the stage that it names, before those put earlier.
        name = ready[-1]
        stage = waiting.pop(name)
        position = placed[str(stage.after)]
        before = wired[position]
        if before.writes is None:
            raise OperatorError(f"stage {name} of {plugins[name].distribution} comes after {before.stage}, a sink")
        records = added[before.writes][0] if before.writes in added else RECORDS[before.writes]
        topic = f"articles.for-{name}"
        link = Link(name, reads=topic, writes=before.writes)
        _checked(stage, before.writes, records, plugins[name])
        added[topic] = (records, 1 if stage.stateful else None)
        wired[position : position + 1] = [replace(before, writes=topic), link]
    return Pipeline(wired, plugins, added)


def _plugin_stage(plugin: Plugin) -> MapStage:
    stage = plugin.load()
    if isinstance(stage, SinkStage):
        raise OperatorError(
            f"stage {plugin.name} of {plugin.distribution} is a sink: it would take records from the stage that reads"
            " the same topic",
            hint=f"make it a tap: the group {Group.TAPS}",
        )
    if not isinstance(stage, MapStage):
        raise OperatorError(f"{plugin.entry_point.value} of {plugin.distribution} is not a MapStage")
    if stage.after is None:
        raise OperatorError(f"stage {plugin.name} of {plugin.distribution} does not say which stage it comes after")
    return stage


def _checked(stage: Stage, topic: str, records: RecordType | None, plugin: Plugin) -> Stage:
    """Return the stage if it fits its name and the records of a topic.

    Raises:
        OperatorError: it does not.
    """
    kind = "tap" if isinstance(stage, Tap) else "stage"
    owner = f"{kind} {plugin.name} of {plugin.distribution}"
    if stage.name != plugin.name or _NAME_RE.fullmatch(stage.name) is None:
        raise OperatorError(
            f"{owner} is named {stage.name}",
            hint="its name is the entry point's: lower-case letters, digits and hyphens",
        )
    if records is None:
        raise OperatorError(f"{owner} reads {topic}, which is not a topic of articles")
    if stage.accepts is not records and not (isinstance(stage, Tap) and stage.accepts is Original):
        raise OperatorError(f"{owner} accepts {stage.accepts.__name__}; {topic} holds {records.__name__}")
    return stage


def _check_readers(links: Sequence[Link]) -> None:
    """Refuse a second reader of a topic: Kafka would give each of them a part of the partitions.

    Raises:
        OperatorError: two stages read one topic, or one reads what nothing writes.
    """
    readers: dict[str, str] = {}
    written = {Topic.RAW.value, *(topic for link in links for topic in link.outputs)}
    for link in links:
        if (other := readers.setdefault(link.reads, link.stage)) is not link.stage:
            raise OperatorError(
                f"stages {other} and {link.stage} both read {link.reads}", hint="make one of them a tap"
            )
        if link.reads not in written:
            raise OperatorError(f"stage {link.stage} reads {link.reads}, which no stage writes")
