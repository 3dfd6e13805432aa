"""An outcome as the tables keep it."""

from typing import Final

from console.read_model.folds.facts import Placed
from console.read_model.store.times import to_ms
from console.read_model.store.upsert import Row
from console.read_model.store.views import VendorState
from schemas.records.outcome import Status, VendorSyncOutcome

LONGEST_REASON: Final = 1000


def clean(text: str) -> str:
    """As PostgreSQL takes it: it has no NUL."""
    return text.replace("\0", "\ufffd")


def short_id(topic_id: str) -> str:
    """Kafka's id of a topic, cut so that an index can hold any text; real ones have 22 characters."""
    return clean(topic_id)[:100]


def state_of(outcome: VendorSyncOutcome) -> VendorState:
    """The state of a vendor after an outcome."""
    if outcome.status is Status.UNCHANGED and outcome.left_alone:
        return VendorState.LEFT_ALONE
    return VendorState(outcome.status.value)


def reason_of(outcome: VendorSyncOutcome) -> str | None:
    """The reason of the result, or the reasons of the fields that were left; None where there are none."""
    reasons = dict.fromkeys(left.reason for left in outcome.left_alone)
    text = outcome.reason or " ".join(reason for reason in reasons if reason)
    return clean(text)[:LONGEST_REASON] or None


def outcome_row(placed: Placed[VendorSyncOutcome]) -> Row:
    """The row of ``outcomes``."""
    outcome = placed.content
    return {
        "partition": placed.partition,
        "offset": placed.offset,
        "client_id": outcome.client_id,
        "vendor_id": outcome.vendor_id,
        "topic_id": short_id(outcome.topic_id),
        "through": outcome.through_offset,
        "at": to_ms(outcome.at),
        "attempt": outcome.attempt,
        "status": outcome.status.value,
        "state": state_of(outcome).value,
        "reason": reason_of(outcome),
        "body": outcome.model_dump_json(),
    }
