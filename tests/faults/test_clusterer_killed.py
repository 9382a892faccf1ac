"""Two of three dedupe workers are killed with kill -9 and one loses its state: the clusters stay the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from streams.settings import Settings
from streams.topics import Topic
from tests.support import clusters as kafka
from tests.support.clusterer import at_folder, expected_clusters, finished, looked_up, make_stream, named, workers
from tests.support.processes import wait_until, worker

FIRST, REST = 1_000, 300


@pytest.mark.timeout(1800)
async def test_three_workers_of_which_two_are_killed_and_one_loses_its_state(
    settings: Settings, tmp_path: Path
) -> None:
    stream = make_stream(FIRST + REST)
    expected = expected_clusters(stream)
    mine, folder = named(settings, "killed"), tmp_path / "killed"
    with workers(mine, folder, 3) as running:
        sent = [article.article() for article in stream]
        await kafka.send(mine, Topic.CLEAN, sent[:FIRST])
        wait_until(lambda: any(looked_up(one) > FIRST // 5 for one in running), 400, running[0].tail)
        # So that there is work left for the others, however quick the first worker is.
        await kafka.send(mine, Topic.CLEAN, sent[FIRST:])
        active = max(running, key=looked_up)
        others = [one for one in running if one is not active]
        active.kill()
        others[0].kill()
        assert await kafka.left(mine, Topic.FINGERPRINTED) > 0, "the kill came too late to test anything"
        at = running.index(active)
        shutil.rmtree(folder / f"state{at}")
        with worker(at_folder(mine, folder, at), folder / f"{at}.log", "dedupe", wait=False) as fresh:
            await finished(mine, [*others[1:], fresh])
            wait_until(fresh.ready, 120, fresh.tail)
    heard = await kafka.read(mine)
    assert heard.answers.keys() == expected.keys()
    assert heard.clusters == expected
