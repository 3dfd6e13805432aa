"""What the brokers report of their settings."""

from types import SimpleNamespace
from typing import Any, cast

from confluent_kafka.admin import AdminClient

from messaging.topic_settings import default_replicas


class JustStarted:
    """A broker's answers right after its start: at first it names no brokers, not even itself."""

    def __init__(self) -> None:
        self.answers: list[dict[int, object]] = [{}, {}, {3: object()}]

    def list_topics(self, **_: Any) -> SimpleNamespace:
        return SimpleNamespace(brokers=self.answers.pop(0))

    def describe_configs(self, resources: list[Any], **_: Any) -> dict[Any, Any]:
        settings = {"default.replication.factor": SimpleNamespace(value="3")}
        return {resource: SimpleNamespace(result=lambda: settings) for resource in resources}


def test_a_broker_that_names_no_brokers_yet_is_asked_again() -> None:
    admin = JustStarted()
    assert default_replicas(cast("AdminClient", admin)) == 3
    assert admin.answers == []
