"""The fixtures of these tests."""

from tests.console.api_world import admin, client, filled, issuer, world

__all__ = ["admin", "client", "filled", "issuer", "world"]
