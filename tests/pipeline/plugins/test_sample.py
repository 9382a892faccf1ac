"""A package that adds a part of every kind but a command, through real Kafka and Elasticsearch."""

from __future__ import annotations

import json
import re
import shlex
import sqlite3
import subprocess
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from streams.settings import Settings
from tests.support.corpus import records, write_lines
from tests.support.index import count, documents
from tests.support.processes import ROOT, Running, free_port, rasd, start, started, wait_until, worker

CLIPPINGS = """فيروز تغني في بعلبك
أحيت فيروز مساء أمس حفلا في بيروت حضره جمهور كبير جاء من مدن كثيرة.
***
عنوان بلا نص
***
اليونسكو تدرج موقعا
أدرجت اليونسكو موقعا جديدا قرب القاهرة على قائمة التراث العالمي بعد سنوات من البحث.
"""


def archived(folder: Path) -> list[str]:
    """Ids of the articles that the tap has stored."""
    file = folder / "articles.db"
    if not file.exists():
        return []
    with closing(sqlite3.connect(file)) as database, suppress(sqlite3.OperationalError):  # no table yet
        return [row[0] for row in database.execute("SELECT id FROM articles")]
    return []


def guides_requests(settings: Settings) -> dict[str, list[str]]:
    """The curl commands of the guide's section on annotations, by the end of their path, for this test's server."""
    guide = (ROOT / "docs" / "guides" / "add-a-stage.md").read_text(encoding="utf-8")
    section = guide.partition("\n## Search by annotations\n")[2]
    address = str(settings.elasticsearch_url).rstrip("/")
    requests = {}
    for line in re.findall(r"^ *(curl .+)$", section, re.MULTILINE):
        own = line.replace("http://127.0.0.1:29200", address).replace("/rasd-", f"/{settings.index_prefix}-")
        arguments = shlex.split(own)
        requests[next(each for each in arguments if each.startswith("http")).rpartition("/")[2]] = arguments
    return requests


def curl(arguments: list[str]) -> dict[str, Any]:
    done = subprocess.run(arguments, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


def test_stage_source_tagger_and_the_guides_requests_work_in_the_pipeline(
    settings: Settings, output: Path, tmp_path: Path
) -> None:
    file = tmp_path / "clippings.txt"
    file.write_text(CLIPPINGS, encoding="utf-8")
    settings = settings.model_copy(update={"entities_backend": "list"})
    with worker(settings, tmp_path / "worker.log") as running:
        sent = rasd("ingest", "--from", "clippings", str(file), settings=settings)
        assert b"2 records sent" in sent.stdout
        assert "clipping 2: a clipping without text" in " ".join(sent.stderr.decode().split())
        wait_until(lambda: count(settings) == 2, 60, running.tail)
        assert 'rasd_articles_total{outcome="ok",stage="reading-time"} 2.0' in running.metrics()
        article = {document["title"]: document for document in documents(settings)}["فيروز تغني في بعلبك"]
        assert article["annotations"] == {"reading-time": {"words": 14, "minutes": 2}}
        assert article["trace"]["reading-time"]["version"] == "1"
        assert [entity["name"] for entity in article["entities"]] == ["فيروز", "بيروت"]
        answer = json.loads(rasd("search", "بيروت", "--json", settings=settings).stdout)
        assert answer["hits"][0]["article"]["annotations"] == article["annotations"], "the API passes annotations on"
        letter = rasd("dlq", "show", "0:0", settings=settings)
        assert letter.stdout.decode() == "عنوان بلا نص"
        _follow_the_guide(settings, running, tmp_path)


def _follow_the_guide(settings: Settings, running: Running, folder: Path) -> None:
    """Search by annotations, as the guide shows, in an index with two articles."""
    requests = guides_requests(settings)
    assert list(requests) == [f"{settings.index_prefix}-articles-custom", "_mapping", "_search"]

    def found() -> int:
        return int(curl(requests["_search"])["hits"]["total"]["value"])

    curl(requests["_mapping"])
    assert found() == 0, "what is in the index already is not indexed again"
    later = CLIPPINGS.replace("فيروز", "صباح").replace("اليونسكو", "المنظمة")
    (folder / "later.txt").write_text(later, encoding="utf-8")
    rasd("ingest", "--from", "clippings", str(folder / "later.txt"), settings=settings)
    wait_until(lambda: count(settings) == 4, 60, running.tail)
    assert found() == 2
    curl(requests[f"{settings.index_prefix}-articles-custom"])
    migrated = rasd("index", "migrate", "--all", settings=settings)
    assert migrated.returncode == 0, migrated.stderr
    assert count(settings) == found() == 4


def test_a_plugin_stage_runs_in_a_worker_of_its_own_and_drains_what_it_left_when_switched_off(
    settings: Settings, output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = records(15)
    others = "clean,fingerprint,dedupe,entities,geotag,index,moves"

    def waiting() -> str:
        status = rasd("topics", "status", settings=settings).stdout.decode()
        return next(line.split()[3] for line in status.splitlines() if line.startswith("articles.for-reading-time"))

    with worker(settings, tmp_path / "one.log", others) as one:
        assert rasd("ingest", str(write_lines(tmp_path / "one.jsonl", made[:10])), settings=settings).returncode == 0
        wait_until(lambda: waiting() == "10", 90, one.tail)
        assert 'stage="reading-time"' not in one.metrics()
    with monkeypatch.context() as without:
        without.delenv("PYTHONPATH")
        two = start(settings, tmp_path / "two.log", "worker", "--port", str(port := free_port()), port=port)
    try:
        assert rasd("ingest", str(write_lines(tmp_path / "two.jsonl", made[10:])), settings=settings).returncode == 0
        wait_until(lambda: count(settings) == 5, 90, two.tail)
        with worker(settings, tmp_path / "three.log", "reading-time") as three:
            wait_until(lambda: count(settings) == 15, 90, three.tail)
            wait_until(lambda: waiting() == "0", 30, three.tail)
            assert 'rasd_articles_total{outcome="ok",stage="reading-time"} 10.0' in three.metrics()
    finally:
        two.stop()
    assert sum("annotations" in document for document in documents(settings)) == 10


def test_a_tap_gets_every_article_takes_none_from_the_stages_and_survives_kill_nine(
    settings: Settings, output: Path, tmp_path: Path
) -> None:
    command = ("worker", "--tap", "sqlite")
    with worker(settings, tmp_path / "worker.log") as running:
        with started(settings, tmp_path / "tap.log", *command) as tap:
            rasd("ingest", str(write_lines(tmp_path / "one.jsonl", records(40))), settings=settings)
            # In one consumer group, each of both readers of articles.enriched would have got some partitions only.
            wait_until(lambda: count(settings) == 40, 90, running.tail)
            wait_until(lambda: len(archived(output)) == 40, 60, tap.tail)
            assert 'rasd_articles_total{outcome="ok",stage="sqlite"} 40.0' in tap.metrics()
            assert "rasd_end_to_end_seconds_count 0.0" in tap.metrics(), "a tap makes nothing searchable"
            tap.kill()
        rasd("ingest", str(write_lines(tmp_path / "two.jsonl", records(20, first=40))), settings=settings)
        wait_until(lambda: count(settings) == 60, 90, running.tail)
    with started(settings, tmp_path / "tap2.log", *command) as tap:
        wait_until(lambda: len(archived(output)) == 60, 90, tap.tail)
    assert {document["id"] for document in documents(settings)} == set(archived(output))


def test_the_notifier_delivers_and_everything_is_listed(settings: Settings, output: Path) -> None:
    sent = rasd("notify", "mailbox", "desk", "خبر عاجل", "--text", "تجربة", settings=settings)
    assert sent.returncode == 0, sent.stderr
    (message,) = (output / "desk").glob("*.txt")
    assert message.read_text(encoding="utf-8") == "خبر عاجل\n\nتجربة\n"
    listed = rasd("plugins", "--check", settings=settings)
    assert listed.returncode == 0, listed.stderr
    for name in ("reading-time", "sqlite", "clippings", "cards", "list", "mailbox"):
        assert any(name in line and "rasd-sample 1.0" in line for line in listed.stdout.decode().splitlines()), name


def test_rasd_enrich_runs_plugin_stages_and_reads_plugin_formats(
    settings: Settings, output: Path, tmp_path: Path
) -> None:
    cards = tmp_path / "monday.crd"
    cards.write_text(f"#cards\nhttps://a.example/1\n{CLIPPINGS.partition('***')[0]}", encoding="utf-8")
    (card,) = rasd("enrich", str(cards), settings=settings).stdout.decode().splitlines()
    assert (json.loads(card)["url"], json.loads(card)["title"]) == ("https://a.example/1", "فيروز تغني في بعلبك")
    file = write_lines(tmp_path / "articles.jsonl", records(2))
    enriched = rasd("enrich", str(file), settings=settings)
    articles = [json.loads(line) for line in enriched.stdout.decode().splitlines()]
    assert [set(article["annotations"]["reading-time"]) for article in articles] == [{"words", "minutes"}] * 2
