"""The codec as the settings want it."""

from cli.settings import Settings
from schemas.codec import Codec
from schemas.registry import Registry


def codec_for(settings: Settings) -> Codec:
    """With a schema registry where one is configured."""
    return Codec(Registry(settings.schema_registry) if settings.schema_registry else None)
