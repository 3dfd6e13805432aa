"""The topic that marks a migration that is under way, and holds its state."""

from messaging.migration.cluster import Cluster
from messaging.migration.copier import Copier, read_all
from messaging.migration.records import StoredRecord
from messaging.migration.state import MigrationState
from schemas.topics import MIGRATION_MARKER


class Marker:
    """The marker of one Kafka."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def read(self) -> MigrationState | None:
        """The state of the migration that is under way; None where none is."""
        if self._cluster.partitions(MIGRATION_MARKER) is None:
            return None
        state = None
        for record in read_all(self._cluster.bootstrap, MIGRATION_MARKER, {0: 0}):
            state = MigrationState.model_validate_json(record.value or b"")
        return state

    def write(self, state: MigrationState) -> MigrationState:
        """Keep this state, and return it once the brokers have it."""
        if self._cluster.partitions(MIGRATION_MARKER) is None:
            self._cluster.create(MIGRATION_MARKER, 1)
        value = state.model_dump_json().encode()
        Copier(self._cluster.bootstrap).write(MIGRATION_MARKER, [StoredRecord(0, 0, None, value, (), 0)])
        return state

    def remove(self) -> None:
        """The migration is over."""
        self._cluster.delete([MIGRATION_MARKER])
