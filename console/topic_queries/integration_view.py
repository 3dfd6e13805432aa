"""The integrations as they stand, for a producer that must know whether a client can be synced."""

from messaging.topic_reader import TopicReader
from schemas.records.integration import Integration
from schemas.topics import INTEGRATION
from schemas.wire.codec import Codec, UndecodableError


def read_integrations(bootstrap: str, codec: Codec, *, seconds: float = 3.0) -> dict[str, Integration]:
    """Every client's integration by client id, as of now. Records that can't be read are left out: the worker buries them.

    Raises:
        KafkaUnavailableError: Kafka does not answer within ``seconds``, or the topic is missing.
    """
    integrations: dict[str, Integration] = {}
    with TopicReader(bootstrap, [INTEGRATION.name], seconds=seconds) as reader:
        for record in reader.to_end():
            client_id = (record.key or b"").decode(errors="replace")
            if record.value is None:
                integrations.pop(client_id, None)
                continue
            try:
                integration = codec.decode(Integration, record.value)
            except UndecodableError:
                continue
            if integration.client_id == client_id:
                integrations[client_id] = integration
    return integrations
