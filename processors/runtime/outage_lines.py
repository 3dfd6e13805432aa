"""Which lines of the log say that Kafka is unavailable, or follow from that."""

import logging
from enum import Enum
from typing import Final

from aiokafka import errors
from confluent_kafka import KafkaError

UNAVAILABLE: Final = (
    errors.KafkaConnectionError,
    errors.NodeNotReadyError,
    errors.NoBrokersAvailable,
    errors.RequestTimedOutError,
    OSError,  # TimeoutError is one
)
"""Errors in the arguments of a line by which it is about an unavailable Kafka."""
UNAVAILABLE_CODES: Final = frozenset(
    {KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._RESOLVE, KafkaError._TIMED_OUT}  # noqa: SLF001 -- the client's own names
)
"""The same of librdkafka."""
BEGINNINGS: Final = (
    "Unable connect to",
    "Unable to update metadata from",
    "Unable to request metadata from",
    "Heartbeat session expired",
)
"""Lines of aiokafka that are about an unavailable Kafka whatever their arguments are."""
WITHOUT_COORDINATOR: Final = (
    errors.BrokerNotAvailableError,
    errors.GroupCoordinatorNotAvailableError,
    errors.NotCoordinatorForGroupError,
    errors.GroupLoadInProgressError,
)
"""Errors in the arguments of a line by which it is about a group's coordinator that is not there."""
WITHOUT_COORDINATOR_BEGINNINGS: Final = ("Marking the coordinator dead", "Heartbeat failed for group %s: coordinator")
"""Lines of aiokafka that are about that whatever their arguments are."""
CONSEQUENCES: Final = (
    ("mode.timers", "is overlapping"),
    ("processors.transport.consumer_thread", "Offsets could not be committed"),
)
"""(logger, part of the text) of lines that follow from an unavailable Kafka, and otherwise have another cause."""


class About(Enum):
    """What a line of the log is about."""

    OUTAGE = "outage"
    """Kafka is unavailable."""
    COORDINATOR = "coordinator"
    """The coordinator of the worker's group is not there: an outage if that lasts."""
    CONSEQUENCE = "consequence"
    """Something that follows from an outage, if there is one."""
    SOMETHING_ELSE = "something else"


def about(record: logging.LogRecord) -> About:
    """What a line is about, by its logger, its text and the errors among its arguments."""
    if record.levelno < logging.WARNING:
        return About.SOMETHING_ELSE
    text = str(record.msg)
    if record.name.partition(".")[0] == "aiokafka" or record.name == "processors.events.async_producer":
        arguments = record.args if isinstance(record.args, tuple) else ()
        if text.startswith(BEGINNINGS) or any(_says_unavailable(argument) for argument in arguments):
            return About.OUTAGE
        if text.startswith(WITHOUT_COORDINATOR_BEGINNINGS) or any(
            isinstance(argument, WITHOUT_COORDINATOR) for argument in arguments
        ):
            return About.COORDINATOR
    if any(record.name == name and part in text for name, part in CONSEQUENCES):
        return About.CONSEQUENCE
    return About.SOMETHING_ELSE


def _says_unavailable(argument: object) -> bool:
    if isinstance(argument, KafkaError):
        return argument.code() in UNAVAILABLE_CODES
    return isinstance(argument, UNAVAILABLE)
