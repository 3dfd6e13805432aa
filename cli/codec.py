"""The codec as the settings want it."""

from cli.settings import Settings
from messaging.schema_registry import Registry
from schemas.wire.codec import Codec


def codec_for(settings: Settings) -> Codec:
    """With a schema registry where one is configured."""
    return Codec(Registry(settings.schema_registry) if settings.schema_registry else None)
