"""Moves the records of all topics to another number of partitions."""

from messaging.migration.migrate import Migration, MigrationReport

__all__ = ["Migration", "MigrationReport"]
