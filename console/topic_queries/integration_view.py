"""The integrations as they stand, for a producer that must know whether a client can be synced."""

from messaging.topic_reader import TopicReader
from schemas.client_integrations import ClientIntegrations, read_copy
from schemas.topics import INTEGRATION
from schemas.wire.codec import Codec, UndecodableError


def read_integrations(bootstrap: str, codec: Codec, *, seconds: float = 3.0) -> ClientIntegrations:
    """Every client's integration, as of now. A record whose key is no client's id is left out: workers make it a dead letter.

    Raises:
        KafkaUnavailableError: Kafka does not answer within ``seconds``, or the topic is missing.
    """
    integrations = ClientIntegrations()
    with TopicReader(bootstrap, [INTEGRATION.name], seconds=seconds) as reader:
        partitions = len(reader.positions)
        for record in reader.to_end():
            try:
                integrations.take(read_copy(record, codec, partitions=partitions))
            except UndecodableError:
                continue
    return integrations
