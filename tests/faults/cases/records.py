"""Records that are unusual or wrong: other codecs, other times, near the size limit, slow to read, poison."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import signal
from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.kafka.clients import create_topics, open_admin
from streams.settings import MIB, Settings
from streams.topics import Topic, topic_name
from tests.faults.articles import Item, raw_json
from tests.faults.brokers import brokers
from tests.faults.cases import case
from tests.faults.deadly_stages import TITLES
from tests.faults.trial import Trial, waited

CODECS = ("gzip", "snappy", "lz4", "zstd")
PAGE_BYTES = 1_000_000
SMALL_LIMIT = 4 * MIB
DAY_MS = 24 * 3600 * 1000


@case("codecs", "records that Kafka keeps compressed with gzip, snappy, lz4 and zstd in turn, and uncompressed")
def codecs(trial: Trial) -> None:
    """Let the broker compress articles.raw by another codec for every fifth of the articles."""
    asyncio.run(create_topics(trial.settings))
    fifth = -(-len(trial.stories) // 5)
    for at, codec in enumerate((*CODECS, "uncompressed")):
        asyncio.run(_compress(trial.settings, codec))
        trial.send(trial.stories[at * fifth : (at + 1) * fifth])
    trial.start_worker()


async def _compress(settings: Settings, codec: str) -> None:
    """Set the codec in which the broker keeps articles.raw, as if every producer used it."""
    async with open_admin(settings) as admin:
        await _configure(admin, topic_name(Topic.RAW, settings), {"compression.type": codec})


async def _configure(admin: AIOKafkaAdminClient, topic: str, configs: dict[str, str]) -> None:
    found = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    (resource,) = found[0].resources
    held = {entry[0]: entry[1] for entry in resource[4] if entry[3] == 1}  # source 1: set for this topic
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, held | configs)])


@case(
    "near-the-limit",
    "records a few bytes below the size limit of articles.raw, some of text that unpacks to more than the limit",
    max_message_bytes=SMALL_LIMIT,
)
def near_the_limit(trial: Trial) -> None:
    """Send pages that fit exactly, so that neither their result nor their dead letter does."""
    first, second = trial.halves()
    trial.send(first)
    large = [_page(f"large{at}", SMALL_LIMIT - 300 - at * 97, at) for at in range(4)]
    trial.either |= {item.id for item in large}
    trial.send(large)
    trial.send(second)
    trial.start_worker()


def _page(name: str, size: int, group: int) -> Item:
    """Compose a record of exactly this many bytes, key included."""
    words = random.Random(group).choices([item.decode() for item in _words()], k=size // 8)
    record = {"id": name, "url": f"https://almina.example.com/{name}", "source": "almina", "content": " ".join(words)}
    key = str(record["url"]).encode()
    spare = size - len(key) - len(raw_json(record))
    if spare < 0:
        text = str(record["content"]).encode()[:spare].decode(errors="ignore")
        record["content"] = text
        spare = size - len(key) - len(raw_json(record))
    record["content"] = str(record["content"]) + "x" * spare
    return Item(name, raw_json(record), key, group)


def _words() -> Sequence[bytes]:
    chance = random.Random(3)
    letters = "ابتجحدرزسشصطعفقكلمنهوي"
    return ["".join(chance.choices(letters, k=chance.randint(3, 6))).encode() for _ in range(500)]


@case("nested-page", "pages of 1 MB that are slow to read: nested <article>, <div> and <table>, broken tags, entities")
def nested_page(trial: Trial) -> None:
    """Put five pages that take long to read between the articles."""
    kinds = {
        "article": "<article>" * (PAGE_BYTES // 9),
        "div": "<div><p>" * (PAGE_BYTES // 8) + "نص قصير",
        "table": "<table><tr><td>" * (PAGE_BYTES // 15) + "نص قصير",
        "broken": "<a <b <" * (PAGE_BYTES // 7),
        "entities": "&amp;" * (PAGE_BYTES // 5),
    }
    pages = [
        _html(f"nested-{name}", f"<html><body>{content}</body></html>", at)
        for at, (name, content) in enumerate(kinds.items())
    ]
    trial.either |= {item.id for item in pages}
    first, second = trial.halves()
    trial.send([*first, *pages, *second])
    trial.start_worker()


def _html(name: str, content: str, group: int) -> Item:
    url = f"https://almina.example.com/{name}"
    record = {"id": name, "url": url, "source": "almina", "content_type": "text/html", "content": content}
    return Item(name, raw_json(record), url.encode(), group)


@case(
    "old-times", "an archive whose senders give times of 2015, of 1970 and of tomorrow, read only after retention ran"
)
def old_times(trial: Trial) -> None:
    """Send records with other times while no worker runs, on a broker that looks for expired segments every 2 s."""
    times = (1_438_387_200_000, 0, None, 1_900_000_000_000)
    quick = {"log.retention.check.interval.ms": "2000", "log.initial.task.delay.ms": "1000"}
    with brokers(trial.folder / "kafka", 1, changes=quick) as (broker,):
        trial.settings = trial.settings.model_copy(update={"kafka_bootstrap": f"127.0.0.1:{broker.port}"})
        asyncio.run(create_topics(trial.settings))
        # Segments of a day are expired as a whole; the newest one of a partition never is unless it has rolled.
        asyncio.run(_roll_soon(trial.settings))
        items = [
            Item(each.id, each.value, each.key, each.group, times[at * len(times) // len(trial.stories)])
            for at, each in enumerate(trial.stories)
        ]
        trial.send(items)
        trial.wait(30)
        trial.start_worker()
        trial.finish_here()


async def _roll_soon(settings: Settings) -> None:
    async with open_admin(settings) as admin:
        await _configure(admin, topic_name(Topic.RAW, settings), {"segment.bytes": str(MIB)})


@case(
    "long-ids", "5 % of the records have ids longer than Elasticsearch takes (512 bytes), or than a raw record may have"
)
def long_ids(trial: Trial) -> None:
    """Give as many pages as a twentieth of the articles an id of 400 or of 600 bytes."""
    odd = []
    for at in range(len(trial.stories) // 20):
        record = json.loads(trial.stories[at].value or b"")
        name, url = f"odd{at}", f"https://almina.example.com/odd/{at}"
        record |= {"id": "م" * (190 if at % 2 else 300) + str(at), "url": url, "content": f"{record['content']} {at}"}
        odd.append(Item(name, raw_json(record), url.encode(), at))
        trial.by_url[url] = name
    trial.send(trial.stories)
    trial.send(odd)
    trial.start_worker()


@case("poison", "5 % of the records are poison, of 26 kinds, and the worker is killed (kill −9) once")
def poison(trial: Trial) -> None:
    """Mix bad records of every kind into the articles."""
    kinds = poison_kinds()
    waited(len(kinds) == 26, f"there are {len(kinds)} kinds of poison, which the case does not say")
    bad = [
        Item(f"poison-{at}-{at % len(kinds)}", kinds[at % len(kinds)], f"poison{at}".encode(), at)
        for at in range(max(len(kinds), len(trial.stories) // 20))
    ]
    trial.refused |= {item.id for item in bad}
    step = max(1, len(trial.stories) // len(bad))
    mixed: list[Item] = []
    for at, item in enumerate(trial.stories):
        mixed.append(item)
        if at % step == 0 and bad:
            mixed.append(bad.pop())
    running = trial.start_worker()
    for part in trial.flow(2, [*mixed, *bad]):
        if part == 0:
            running.kill()
            waited(bool(trial.lag()), "the kill came too late to test anything")
            trial.restart(running, wait=False)
    trial.fault_ended()


def poison_kinds() -> list[bytes | None]:
    """Return records that no stage can use, each bad in another way."""
    url, content = "https://almina.example.com/poison", "افتتح الوزير المعرض مساء أمس في بيروت."
    good = {"url": url, "source": "almina", "content": content}

    def but(**fields: object) -> bytes:
        changed = {**good, **fields}
        return json.dumps({name: value for name, value in changed.items() if value is not ...}).encode()

    return [
        None,
        b"",
        b"\x00" * 50,
        b"not json",
        but()[:-20],
        b"[]",
        b"17",
        b'"text"',
        b"null",
        b"\xff\xfe" + but(),
        gzip.compress(but(), mtime=0),
        b"\x00\x00\x00\x00\x07" + but(),  # the frame of a schema registry
        b"[" * 200_000,
        but(url=...),
        but(source=...),
        but(content=...),
        but(url="nowhere"),
        but(url="javascript:alert(1)"),
        but(content=17),
        but(content="", title="عنوان"),
        but(content="<html><body><script>1</script></body></html>", content_type="text/html"),
        but(content="not base64!", encoding="utf-8"),
        but(source="م" * 300),
        but(content_type="application/pdf"),
        but(content="نص قصير\n" * 30_000),
        but(content="ب" * 3_000_000),
    ]


@case(
    "deadly-records",
    "records on which the look-up crashes (SIGSEGV), is killed, or never returns, and one on which the index fails",
    record_seconds=5.0,
)
def deadly_records(trial: Trial) -> None:
    """Put one record of each kind between the articles; start the worker again whenever it ends."""
    first, second = trial.halves()
    bad = []
    for at, title in enumerate(TITLES):
        words = " ".join(word.decode() for word in random.Random(at).choices(_words(), k=80))
        url = f"https://almina.example.com/deadly{at}"
        record = {"id": f"deadly{at}", "url": url, "source": "almina", "title": title, "content": f"{words}."}
        bad.append(Item(f"deadly{at}", raw_json(record), url.encode(), at))
    trial.refused |= {item.id for item in bad}
    trial.may_end_with.add(-signal.SIGSEGV)
    running = trial.start_worker(module="tests.faults.deadly_stages")
    with trial.supervised(running):
        trial.send([*first, *bad, *second])
        trial.finish_here()


@case("foreign-records", "records of a foreign producer: no key, other keys, 300 headers, unknown fields, BOM, escapes")
def foreign_records(trial: Trial) -> None:
    """Write the same articles as other programs would."""
    items = []
    for at, item in enumerate(trial.stories):
        record = json.loads(item.value or b"")
        value, key, headers = item.value, item.key, item.headers
        match at % 6:
            case 0:
                key = None
            case 1:
                key = b"\xff\x00 binary"
            case 2:
                headers = (*((f"x-{number}", b"\xff" * 20) for number in range(300)), ("traceparent", b"nonsense"))
            case 3:
                value = raw_json(record | {"crawler": {"depth": [1, {"deep": None}]}, "extra": {"a": 1}})
            case 4:
                value = json.dumps(record, indent=4).encode()
            case _:
                value = raw_json(dict(reversed(record.items())))
        items.append(Item(item.id, value, key, item.group, None, headers))
    trial.send(items)
    trial.start_worker()
