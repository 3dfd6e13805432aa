"""Reads and changes settings of topics, and reads the brokers' default number of replicas."""

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from schemas.errors import ViveSyncError

SECONDS: Final = 30.0
"""How long a request may take."""
POLL_SECONDS: Final = 0.05
REPLICAS_WITHOUT_A_DEFAULT: Final = 1
"""Kafka's own default.replication.factor, for a broker that does not report one."""
LIBRDKAFKA_LOG_LEVEL: Final = 2
"""Only critical lines of librdkafka reach standard error. Errors are raised."""


class TopicsError(ViveSyncError, RuntimeError):
    """The topics are not as declared, or Kafka does not describe them. The text is for a person."""


def admin_of(bootstrap: str) -> AdminClient:
    """A client for Kafka's admin requests. Keep a reference while futures of it are pending: they end with it."""
    return AdminClient({"bootstrap.servers": bootstrap, "log_level": LIBRDKAFKA_LOG_LEVEL})


def set_settings(admin: AdminClient, settings: Mapping[str, Mapping[str, str]]) -> None:
    """Set these settings, by topic, and leave all others as they are.

    Raises:
        TopicsError: Kafka refuses, or does not answer.
    """
    if not settings:
        return
    resources = [
        ConfigResource(
            ResourceType.TOPIC,
            topic,
            incremental_configs=[
                ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in wanted.items()
            ],
        )
        for topic, wanted in settings.items()
    ]
    for resource, future in admin.incremental_alter_configs(resources, request_timeout=SECONDS).items():
        try:
            future.result()
        except KafkaException as error:
            raise TopicsError(
                f"The settings of topic {resource.name} can't be changed: {error.args[0].str()}."
            ) from error


def default_replicas(admin: AdminClient) -> int:
    """The cluster's default number of replicas, by one of its brokers.

    Raises:
        TopicsError: Kafka does not answer, or does not describe the broker's settings.
    """
    (settings,) = _settings(admin, [ConfigResource(ResourceType.BROKER, str(_any_broker(admin)))]).values()
    return int(settings.get("default.replication.factor", REPLICAS_WITHOUT_A_DEFAULT))


def _any_broker(admin: AdminClient) -> int:
    """The id of a broker. One that has just started may answer that there are none, so it is asked again."""
    deadline = time.monotonic() + SECONDS
    try:
        while not (brokers := admin.list_topics(timeout=SECONDS).brokers):
            if time.monotonic() > deadline:
                raise TopicsError(f"Kafka answers and has named no broker for {SECONDS:.0f} seconds: look at its log.")
            time.sleep(POLL_SECONDS)
    except KafkaException as error:
        raise TopicsError(f"Kafka does not answer: {error.args[0].str()}.") from error
    return min(brokers)


def settings_of(admin: AdminClient, topics: Iterable[str]) -> dict[str, dict[str, str]]:
    """The settings in force of these topics, by topic, in one request.

    Raises:
        TopicsError: Kafka does not answer, or a topic is missing.
    """
    return _settings(admin, [ConfigResource(ResourceType.TOPIC, name) for name in topics])


def _settings(admin: AdminClient, resources: list[Any]) -> dict[str, dict[str, str]]:
    answers = admin.describe_configs(resources, request_timeout=SECONDS) if resources else {}
    found = {}
    for resource, future in answers.items():
        try:
            entries = future.result()
        except KafkaException as error:
            raise TopicsError(_not_described(resource, error)) from error
        found[resource.name] = {name: entry.value for name, entry in entries.items() if entry.value is not None}
    return found


def _not_described(resource: Any, error: KafkaException) -> str:
    reason = error.args[0].str()
    if resource.restype == ResourceType.BROKER:
        return (
            f"Kafka does not describe the settings of broker {resource.name}: {reason}. Set VIVE_SYNC_REPLICATION to the "
            "number of replicas that the topics have, or let this user describe the cluster's settings."
        )
    return f"Kafka does not describe the settings of topic {resource.name}: {reason}."
