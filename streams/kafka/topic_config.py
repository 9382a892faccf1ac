"""Kafka's settings of topics: read them, and change some of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from streams.observability.logs import get_logger
from streams.topics import TIMESTAMP_TYPE, TopicSpec

log = get_logger(__name__)

# DescribeConfigs' source of a value that was set for the topic itself and is no default (DYNAMIC_TOPIC_CONFIG).
OWN = 1


@dataclass(frozen=True, slots=True)
class TopicConfig:
    """Kafka's settings of one topic.

    Attributes:
        values: all of them, defaults too.
        own: those that were set for this topic.
    """

    values: Mapping[str, str | None]
    own: Mapping[str, str | None]


async def read_configs(admin: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, TopicConfig]:
    """Return the settings of topics, by name.

    Raises:
        KafkaError: the broker does not tell us one of them.
    """
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    configs = {}
    for response in await admin.describe_configs(asked) if asked else ():
        for code, message, _, name, entries in response.resources:
            if code:
                raise for_code(code)(message or name)
            configs[name] = TopicConfig(
                values={key: value for key, value, *_ in entries},
                own={key: value for key, value, _, source, *_ in entries if source == OWN},
            )
    return configs


async def use_time_of_arrival(admin: AIOKafkaAdminClient, specs: Sequence[TopicSpec]) -> None:
    """Change the topics of earlier versions, whose records keep the time that their sender gave them.

    Goes on, with a warning, where the broker does not allow it: the topics can be used as they are.

    Args:
        specs: topics that exist.

    Raises:
        KafkaError: it will pass, and the call can be repeated.
    """
    try:
        configs = await read_configs(admin, [spec.name for spec in specs if TIMESTAMP_TYPE in spec.config])
        for spec in specs:
            config = configs.get(spec.name)
            if config is not None and config.values.get(TIMESTAMP_TYPE) != spec.config[TIMESTAMP_TYPE]:
                await _set(admin, spec.name, config, {TIMESTAMP_TYPE: spec.config[TIMESTAMP_TYPE]})
                log.info(
                    "topic changed: its records get the time of their arrival",
                    topic=spec.name,
                    setting=TIMESTAMP_TYPE,
                    before=config.values.get(TIMESTAMP_TYPE),
                    now=spec.config[TIMESTAMP_TYPE],
                )
    except KafkaError as error:
        if error.retriable:
            raise
        log.warning(
            "topics not changed: retention may delete old records before they are read",
            cause=str(error),
            hint=f"set {TIMESTAMP_TYPE} of the topics by hand",
        )


async def _set(admin: AIOKafkaAdminClient, name: str, config: TopicConfig, changes: Mapping[str, str]) -> None:
    # AlterConfigs replaces everything that was set for the topic: what is not sent falls back to its default.
    wanted = ConfigResource(ConfigResourceType.TOPIC, name, {**config.own, **changes})
    for response in await admin.alter_configs([wanted]):
        for code, message, *_ in response.resources:
            if code:
                raise for_code(code)(message or name)
