"""Compares the topics of a Kafka with their declaration: one sentence for each difference, which says how to fix it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from schemas.topics import Topic, min_insync_replicas

NO_LESS_THAN_DECLARED: Final = frozenset({"max.message.bytes", "min.insync.replicas"})
"""Settings that may be more than declared. Any other must be equal."""


@dataclass(frozen=True, kw_only=True)
class TopicState:
    """A topic as Kafka describes it."""

    partitions: int
    replicas: int
    """Of the partition that has the fewest."""
    settings: Mapping[str, str]
    """The settings in force, by Kafka's names; a setting that the brokers do not report is missing."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the declaration leaves to the environment. ``partitions`` None: any number, but the same for all topics."""

    partitions: int | None
    replicas: int


def declared_settings(topic: Topic, *, replicas: int) -> dict[str, str]:
    """Every declared setting of a topic whose partitions have so many replicas."""
    return {**topic.config(), "min.insync.replicas": str(min_insync_replicas(replicas))}


def wrong_settings(topic: Topic, state: TopicState) -> dict[str, str]:
    """The settings that are not as declared, with the declared values."""
    declared = declared_settings(topic, replicas=state.replicas)
    return {
        name: value
        for name, value in declared.items()
        if name in state.settings and not _is_as_declared(name, state.settings[name], value)
    }


def _is_as_declared(name: str, present: str, declared: str) -> bool:
    return int(present) >= int(declared) if name in NO_LESS_THAN_DECLARED else present == declared


def differences(topics: Iterable[Topic], states: Mapping[str, TopicState], expected: Expected) -> list[str]:
    """One sentence for each difference; ``states`` are the topics that exist, by name."""
    topics = tuple(topics)
    there = [(topic, states[topic.name]) for topic in topics if topic.name in states]
    return [
        *(
            f"Topic {topic.name} is missing: `vive-sync topics` creates it."
            for topic in topics
            if topic.name not in states
        ),
        *_of_partitions(there, expected.partitions),
        *(sentence for topic, state in there for sentence in _of_topic(topic, state, expected.replicas)),
    ]


def _of_partitions(there: Iterable[tuple[Topic, TopicState]], wanted: int | None) -> list[str]:
    of_vendors: dict[str, int] = {}
    of_letters: dict[str, int] = {}
    for topic, state in there:
        (of_letters if topic.keeps_partitions else of_vendors)[topic.name] = state.partitions
    found = []
    if wanted is not None and set(of_vendors.values()) - {wanted}:
        found.append(
            f"VIVE_SYNC_PARTITIONS is {wanted}, but not every topic has so many partitions ({_listed(of_vendors)}), and a "
            "record that was placed by another number is not found: if `vive-sync topics migrate` has changed the number, "
            "set VIVE_SYNC_PARTITIONS to it; otherwise stop the workers and run "
            "`vive-sync topics migrate --partitions NUMBER`, which moves every record to its place."
        )
    elif len(set(of_vendors.values())) > 1:
        found.append(
            f"All topics must have the same number of partitions, but have {_listed(of_vendors)}: stop the workers and run "
            "`vive-sync topics migrate --partitions NUMBER`, which moves every record to its place."
        )
    if len(set(of_letters.values())) > 1:
        found.append(
            f"The topics of dead letters must have the same number of partitions, but have {_listed(of_letters)}: raise the "
            "smaller number with kafka-topics --alter --partitions."
        )
    return found


def placed_by_another(present: int, wanted: int) -> str:
    """The sentence about rows of the vendor table that were placed by another number of partitions."""
    return (
        f"The rows of the vendor table were placed by {present} partitions, but VIVE_SYNC_PARTITIONS is {wanted}: raising the "
        "partitions of a topic leaves its records where they are. Stop the workers and run "
        f"`vive-sync topics migrate --partitions {wanted}`, which moves every record to its place."
    )


def raised_while_running(topic: str, present: int, wanted: int) -> str:
    """The sentence of a worker that runs while the partitions of a topic are raised."""
    return (
        f"Topic {topic} has {present} partitions now, but VIVE_SYNC_PARTITIONS is {wanted}: `vive-sync topics --check` lists all "
        "such topics and says what to do."
    )


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def _of_topic(topic: Topic, state: TopicState, replicas: int) -> list[str]:
    found = [
        f"Topic {topic.name} has {name}={state.settings[name]}, declared is {value}: set it with `vive-sync topics --fix`, or "
        f"with kafka-configs --bootstrap-server HOST:PORT --alter --entity-type topics --entity-name {topic.name} "
        f"--add-config {name}={value}"
        for name, value in wrong_settings(topic, state).items()
    ]
    if state.replicas < replicas:
        found.append(
            f"Topic {topic.name} has partitions with {state.replicas} of {replicas} replicas (VIVE_SYNC_REPLICATION, or else "
            "the cluster's default.replication.factor): add replicas with kafka-reassign-partitions."
        )
    return found
