from collections.abc import Mapping

import pytest

from messaging.topic_admin import TopicsError
from processors.runtime.partition_watch import AskCounts, PartitionWatch


def answering(answer: Mapping[str, int] | TopicsError) -> AskCounts:
    async def ask() -> Mapping[str, int]:
        if isinstance(answer, TopicsError):
            raise answer
        return answer

    return ask


async def test_topics_with_the_workers_number_of_partitions_are_right() -> None:
    await PartitionWatch(answering({"a": 12, "b": 12}), partitions=12).check()


async def test_a_topic_with_another_number_of_partitions_ends_the_worker() -> None:
    with pytest.raises(TopicsError, match="Topic b has 24 partitions now, but VIVE_SYNC_PARTITIONS is 12"):
        await PartitionWatch(answering({"a": 12, "b": 24}), partitions=12).check()


async def test_nothing_is_known_while_kafka_does_not_answer(caplog: pytest.LogCaptureFixture) -> None:
    await PartitionWatch(answering(TopicsError("Kafka does not answer")), partitions=12).check()
    assert "could not be checked and will be: Kafka does not answer" in caplog.text
