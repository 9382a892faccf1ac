"""Settings: what is wrong is named."""

from streams.settings import Settings, get_settings
from streams.topics import Topic, topic_name, topic_specs


def test_settings_are_read_once() -> None:
    assert get_settings() is get_settings()


def test_every_topic_is_asked_for_once_with_its_partitions() -> None:
    settings = Settings(_env_file=None, topic_prefix="x.", partitions=7, replication=3)
    specs = {spec.name: spec for spec in topic_specs(settings)}
    assert set(specs) == {topic_name(topic, settings) for topic in Topic}
    assert {spec.replication for spec in specs.values()} == {3}
    assert specs["x.articles.raw"].partitions == 7
    assert specs["x.articles.fingerprinted"].partitions == 1, "the clusterer must see every earlier article"
    assert int(specs["x.articles.dlq"].config["max.message.bytes"]) >= settings.max_message_bytes
