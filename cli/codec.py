"""The codec as the settings want it."""

from cli.settings import Settings
from messaging.schema_registry import Registry
from messaging.schema_topic import SchemaTopic
from schemas.wire.codec import Codec


def codec_for(settings: Settings) -> Codec:
    """With a schema registry where one is configured; schemas of other writers are looked up on ``vive.schema``."""
    registry = Registry(settings.schema_registry) if settings.schema_registry else None
    return Codec(registry, SchemaTopic(settings.kafka))
