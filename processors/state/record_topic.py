"""The topic that the records of a partition's rows come from: ``vive.vendor-record`` may have been created anew since."""

from typing import Final

from schemas.wire.partitioning import Headers

HEADER: Final = "record-topic"


class RecordTopics:
    """The rows whose records come from a topic with another id than the present one.

    The positions of a consumer group do not show it: Kafka forgets them with the topic. So each row names the id in a header.
    """

    def __init__(self, present: str) -> None:
        """``present``: the present id of the topic."""
        self._present = present
        self._others: dict[bytes, str] = {}

    def recovered(self, key: bytes, headers: Headers) -> None:
        """The changelog holds a row of this key with these headers. A row without an id counts as one of the present topic."""
        topic_id = (dict(headers or ()).get(HEADER) or b"").decode(errors="replace")
        if topic_id in {"", self._present}:
            self._others.pop(key, None)
        else:
            self._others[key] = topic_id

    def seen(self, key: bytes) -> None:
        """The present topic has a record or a tombstone of this key."""
        self._others.pop(key, None)

    @property
    def others(self) -> frozenset[bytes]:
        """The keys of rows whose records come from another topic."""
        return frozenset(self._others)

    def headers(self, key: bytes) -> dict[str, str | bytes | None]:
        """The headers of a row of this key that is written now."""
        return {HEADER: self._others.get(key, self._present)}
