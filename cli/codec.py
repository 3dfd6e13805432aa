"""The codec as the settings want it."""

from cli.settings import Settings
from messaging.registry_access import RegistryAccess, RegistrySettingsError
from messaging.schema_registry import Registry
from messaging.schema_topic import SchemaTopic
from schemas.wire.codec import Codec


def codec_for(settings: Settings) -> Codec:
    """With a schema registry where one is configured; schemas of other writers are looked up on ``vive.schema``.

    Raises:
        RegistrySettingsError: the settings of the schema registry can't be used.
    """
    registry = Registry(settings.schema_registry, _access(settings)) if settings.schema_registry else None
    return Codec(registry, SchemaTopic(settings.kafka))


def _access(settings: Settings) -> RegistryAccess:
    return RegistryAccess(
        ca=settings.schema_registry_ca,
        certificate=settings.schema_registry_certificate,
        key=settings.schema_registry_key,
        user=settings.schema_registry_user,
        password=_password(settings),
    )


def _password(settings: Settings) -> str | None:
    given, file = settings.schema_registry_password, settings.schema_registry_password_file
    if given is not None and file is not None:
        raise RegistrySettingsError("The password of the schema registry is set twice: itself, and in a file.")
    if file is None:
        return None if given is None else given.get_secret_value()
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RegistrySettingsError(
            f"The file with the schema registry's password, {file}, can't be read: {type(error).__name__}."
        ) from None
