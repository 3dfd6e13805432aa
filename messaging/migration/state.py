"""The state of a migration, kept on a topic of its own: whoever repeats an interrupted migration goes on from it. Pure."""

from pydantic import BaseModel, ConfigDict

from schemas.topics import MIGRATION_MARKER, MOVED, Topic


class MigrationState(BaseModel):
    """How far a migration is. Until ``copied`` no topic of the product has been changed but for its fence."""

    model_config = ConfigDict(frozen=True)

    partitions: int
    topic_ids: dict[str, str]
    """Kafka's ids of the topics before the migration."""
    batch_bytes: dict[str, int]
    """``max.message.bytes`` of each topic before the migration."""
    copied: bool = False
    """Whether the copies hold every record; from then on the topics may be deleted and created again."""
    restored: tuple[str, ...] = ()
    """Topics that are created again and hold all their records."""

    def with_copies(self) -> "MigrationState":
        """The copies are complete."""
        return self.model_copy(update={"copied": True})

    def with_restored(self, topic: Topic) -> "MigrationState":
        """This topic has the new number of partitions and all its records."""
        return self.model_copy(update={"restored": (*self.restored, topic.name)})

    def to_restore(self) -> list[Topic]:
        """Topics that are still to be created again."""
        return [topic for topic in MOVED if topic.name not in self.restored]


def copy_name(topic: Topic) -> str:
    """The name of the topic that holds the copy of this topic's records during a migration."""
    return f"{MIGRATION_MARKER}.{topic.name}"
