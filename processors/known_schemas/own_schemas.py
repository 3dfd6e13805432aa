"""Publishes the schemas that this release writes records with."""

import asyncio
from collections.abc import Iterable

from processors.events.event_publisher import EventPublisher
from schemas.wire.known_schemas import published_form


async def publish_schemas(publisher: EventPublisher, fingerprints: Iterable[bytes]) -> None:
    """Publish these schemas of this release, and wait until the brokers have them."""
    forms = {fingerprint: published_form(fingerprint) for fingerprint in fingerprints}
    await asyncio.gather(*(publisher.schema(fingerprint, form) for fingerprint, form in forms.items() if form))
