"""Faults of a Kafka cluster of three brokers, and two applications under one id."""

from __future__ import annotations

import asyncio

from streams.kafka.clients import open_admin
from streams.topics import Topic, topic_name
from tests.faults.brokers import bootstrap, brokers
from tests.faults.cases import case
from tests.faults.trial import Trial
from tests.faults.trial import trial as new_trial

THREE = {"min.insync.replicas": "2", "default.replication.factor": "3"}


@case("three-brokers", "three brokers (replication 3, min.insync 2): one is lost, comes back, then the leader is lost")
def three_brokers(trial: Trial) -> None:
    """Kill a broker that leads no partition of articles.fingerprinted, later the one that does."""
    with brokers(trial.folder / "kafka", 3, changes=THREE) as made:
        trial.settings = trial.settings.model_copy(update={"kafka_bootstrap": bootstrap(made), "replication": 3})
        trial.start_worker()
        for part in trial.flow(4):
            leader = asyncio.run(_leader(trial))
            if part == 0:
                other = next(each for each in made if each.number != leader)
                other.kill()
            elif part == 1:
                other.start()
            elif part == 2:
                next(each for each in made if each.number == leader).kill()
        trial.fault_ended()
        trial.finish_here()


async def _leader(trial: Trial) -> int:
    """Return the node id of the leader of the clusterer's only partition."""
    async with open_admin(trial.settings) as admin:
        (found,) = await admin.describe_topics([topic_name(Topic.FINGERPRINTED, trial.settings)])
    return int(found["partitions"][0]["leader"])


@case("one-id-twice", "two applications with topics of their own under one RASD_APP_ID, by mistake")
def one_id_twice(trial: Trial) -> None:
    """Run a second pipeline in the consumer group of the first."""
    with new_trial(trial.settings, len(trial.stories), trial.folder / "second") as second:
        own = second.settings
        second.settings = own.model_copy(update={"app_id": trial.settings.app_id})
        trial.start_worker()
        second.send(second.stories[:200])
        for part in trial.flow(3):
            if part == 0:
                second.start_worker(wait=False)
            elif part == 1:
                second.workers[0].stop()
        trial.fault_ended()
        second.settings = own  # it deletes its topics, and not those of the first
