import re

from schemas.records.outcome import Status
from schemas.topics import ALL, DAY_MS, DEFAULT_PARTITIONS, Topic
from tests.docs.markdown import DOCUMENTS, REFERENCE, table, unquoted

TEXT = (REFERENCE / "topics.md").read_text()


def cleanup(topic: Topic) -> str:
    return "compact" if topic.retention_ms is None else f"delete after {topic.retention_ms // DAY_MS} days"


def test_the_table_of_topics_is_right() -> None:
    documented = [(unquoted(row["Topic"]), row["Key"], row["Cleanup"], row["Says"]) for row in table(TEXT, "Topic")]
    assert documented == [(topic.name, topic.key, cleanup(topic), topic.description) for topic in ALL]
    assert f"number of partitions ({DEFAULT_PARTITIONS} unless set otherwise)" in TEXT


def test_no_other_topic_is_named() -> None:
    names = {topic.name for topic in ALL}
    for path in DOCUMENTS:
        assert set(re.findall(r"\bvive\.[a-z-]+", path.read_text())) <= names


def test_every_status_is_told() -> None:
    assert [unquoted(row["Status"]) for row in table(TEXT, "Status")] == [status.value for status in Status]
