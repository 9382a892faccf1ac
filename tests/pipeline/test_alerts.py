"""Standing searches on real Kafka: the tap matches, two processes judge and deliver, and all of them are killed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import HttpUrl, SecretStr
from standardwebhooks import Webhook

from streams.kafka.clients import open_producer
from streams.records import Article, ClusterMove
from streams.settings import Settings
from streams.topics import Topic, topic_name
from tests.support.articles import article
from tests.support.processes import Running, free_port, rasd, start
from tests.support.receivers import open_hook, open_mailbox
from tests.support.serving import publish

STORIES = 30


def arrived(article_id: str, cluster: str | None = None, **fields: Any) -> Article:
    """An article that arrives now; by default the first of its story."""
    story = cluster or article_id
    known = {"id": story, "relation": "near" if cluster else "first", "score": 1.0, "canonical_id": story}
    url = f"https://almina.example.com/{article_id}"
    return article(id=article_id, url=url, ingested_at=datetime.now(UTC), cluster=known, **fields)


async def eventually(condition: Callable[[], bool], running: Running) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, running.tail()
        await asyncio.sleep(0.05)


async def move(settings: Settings, article_id: str, cluster: str) -> None:
    known = {"id": cluster, "relation": "near", "score": 1.0, "canonical_id": cluster, "decision": 2}
    record = ClusterMove.model_validate({"id": article_id, "cluster": known})
    async with open_producer(settings) as producer:
        await producer.send_and_wait(topic_name(Topic.MOVES, settings), record.to_json(), key=article_id.encode())


def started(settings: Settings, log: Path, *command: str) -> Running:
    port = free_port()
    return start(settings, log, *command, "--port", str(port), port=port)


async def test_each_story_is_told_once_though_processes_are_killed(settings: Settings, tmp_path: Path) -> None:
    async with open_hook() as hook, open_mailbox() as mailbox:
        settings = settings.model_copy(
            update={
                "alerts_allow": ("127.0.0.1/32",),
                "alerts_signing_key": SecretStr("a key of the test only"),
                "alerts_url": HttpUrl("https://rasd.example.com/"),
                "smtp_host": "127.0.0.1",
                "smtp_port": mailbox.port,
                "smtp_security": "none",
                "smtp_from": "رصد <alerts@rasd.example.com>",
            }
        )

        async def run(*arguments: str) -> str:
            done = await asyncio.to_thread(rasd, *arguments, settings=settings)
            assert done.returncode == 0, done.stderr.decode()
            return done.stdout.decode()

        await run("alerts", "add", "المعرض", "--name", "معارض", "--to", hook.url, "--to", "mailto:desk@example.com")
        await run("alerts", "add", "المعرض", "--name", "كثير", "--to", hook.url, "--when", f"frequency:{STORIES}/60")
        secret = (await run("alerts", "show", "معارض", "--secret")).strip()
        matcher = started(settings, tmp_path / "matcher.log", "worker", "--tap", "alerts")
        senders = [started(settings, tmp_path / f"sender{number}.log", "deliver") for number in range(2)]
        processes = [matcher, *senders]
        try:
            for running in processes:
                await eventually(running.ready, running)

            # A story, a copy, a change of its cluster, and a copy in the new cluster: one alert.
            await publish(
                settings,
                [arrived("a1"), arrived("a2", "a1", source="annahr"), arrived("other", title="طقس", body="طقس معتدل")],
            )
            await eventually(lambda: len(mailbox.mails) == 1 and len(hook.alerts) == 1, senders[0])
            await move(settings, "a1", "a0")
            await publish(settings, [arrived("a0", "a0")])

            # The receiver is away, and everything is killed meanwhile.
            hook.status = 503
            stories = [arrived(f"b{number}") for number in range(STORIES)]
            await publish(settings, stories[: STORIES // 2])
            await eventually(lambda: hook.refused > 0, senders[0])
            for running in processes:
                await asyncio.to_thread(running.kill)
            await publish(settings, stories[STORIES // 2 :])
            processes = [
                started(settings, tmp_path / "matcher.log", "worker", "--tap", "alerts"),
                started(settings, tmp_path / "sender0.log", "deliver"),
            ]
            hook.status = 204

            def told() -> dict[str, list[str]]:
                found: dict[str, list[str]] = {"story": [], "frequency": []}
                for alert in hook.alerts:
                    found[alert["kind"]].append(alert["stories"][0]["articles"][0]["article"])
                return found

            expected = ["a1", *(story.id for story in stories)]
            await eventually(
                lambda: len(told()["story"]) == len(expected) and len(told()["frequency"]) == 1, processes[1]
            )
            # What was sent as a process was killed is sent again, with the same id.
            await eventually(lambda: len({mail["Message-ID"] for mail in mailbox.mails}) == len(expected), processes[1])
            assert sorted(told()["story"]) == sorted(expected)

            first = next(alert for alert in hook.alerts if alert["stories"][0]["articles"][0]["article"] == "a1")
            assert set(first["stories"][0]["outlets"]) <= {"almina", "annahr"}
            for headers, body in hook.requests[:1]:
                Webhook(secret).verify(body, headers)
            mail = mailbox.mails[0]
            assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
            assert "معارض: افتتاح معرض الكتاب في بيروت" in str(mail["Subject"])
            html = mail.get_body(("html",))
            assert html is not None
            assert '<html lang="ar" dir="rtl">' in html.get_content()

            # The last result is stored after the receiver has answered.
            states: list[str] = []
            deadline = time.monotonic() + 60
            while states != ["delivered"] * 2 * len(expected):
                assert time.monotonic() < deadline, states
                lines = (await run("alerts", "deliveries", "معارض", "--json", "--size", "500")).splitlines()
                states = [json.loads(line)["state"] for line in lines]
            await run("alerts", "remove", "كثير")
            assert "كثير" not in await run("alerts", "list")
            assert [await asyncio.to_thread(running.stop) for running in processes] == [0, 0]
        finally:
            for running in processes:
                if running.process.poll() is None:
                    running.kill()
