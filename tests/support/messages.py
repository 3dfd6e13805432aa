"""Strategies for every kind of message, with identifiers and texts as they come in practice and as they could come."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from string import ascii_letters, digits
from typing import Any, Final

from hypothesis import strategies as st

from schemas.message import Message, Part
from schemas.records.dead_letter import DeadLetter, LetterId
from schemas.records.dead_letter_handled import Action, DeadLetterHandled
from schemas.records.integration import FieldGroup, Integration, Mode
from schemas.records.outcome import Change, LeftAlone, Status, VendorSyncOutcome
from schemas.records.sync_run import Lane, QueuedVendor, RunPart, SyncExpansion, SyncRequested, SyncRun
from schemas.records.vendor_record import Origin, Policy, PostalAddress, VendorRecord
from schemas.records.vendor_row import Delivered, DeliveredPolicy, RecordTrouble, VendorRow
from schemas.records.vendor_sync import Cause, VendorSync

NOW: Final = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_IDENTIFIER_START: Final = ascii_letters + digits
_IDENTIFIER_REST: Final = _IDENTIFIER_START + "._@+-"

identifiers = st.one_of(
    st.sampled_from(["acme", "client-4711", "VND-000123", "7", "first.last@acme.example", "a+b_c", "x" * 128]),
    st.uuids().map(str),
    st.builds(str.__add__, st.sampled_from(_IDENTIFIER_START), st.text(_IDENTIFIER_REST, max_size=127)),
)
instants = st.builds(
    lambda milliseconds: _EPOCH + timedelta(milliseconds=milliseconds),
    st.integers(min_value=-2_208_988_800_000, max_value=7_258_118_400_000),
)
"""Whole milliseconds from 1900 to 2200, as the wire holds them."""
days = st.dates(min_value=date(1900, 1, 1), max_value=date(2200, 1, 1))
texts = st.one_of(
    st.sampled_from(["", "Joe's Plumbing & Söhne", "12A Main Street", "[VIVE] lapsed; see file\n", "名前", "🏠"]),
    st.text(max_size=30),
)
filled = texts.filter(bool)
maybe_text = st.none() | texts
counts = st.integers(min_value=0, max_value=2**31 - 1)
offsets = st.integers(min_value=0, max_value=2**63 - 1)
answered = st.integers(min_value=-1, max_value=2**63 - 1)
provider_ids = st.one_of(st.integers(min_value=1, max_value=10**9).map(str), st.uuids().map(str))
topic_ids = st.sampled_from(["", "wK8xbb0BQo2xUvNhXRnVnA", "t1", "t2"])


def several(elements: st.SearchStrategy[Any], *, most: int = 4) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(elements, max_size=most).map(tuple)


addresses = st.builds(PostalAddress, street=texts, line2=texts, city=texts, state=texts, zip=texts)
policies = st.builds(
    Policy,
    policy_type=texts,
    number=texts,
    expires_on=st.none() | days,
    status=st.sampled_from(["", "Pass", "Fail", "Missing", "Expired"]),
)
base_urls = st.sampled_from(["https://api.vantaca.example", "http://127.0.0.1:8080/v1", "http://[::1]:9000/x%20y"])

integrations = st.builds(
    Integration,
    client_id=identifiers,
    client_name=texts,
    system=st.sampled_from(["vantaca", "cinc", "yardi"]),
    mode=st.sampled_from(Mode),
    ended_at=st.none() | instants,
    pushes=several(st.sampled_from(FieldGroup), most=5),
    status_texts=st.dictionaries(filled, texts, max_size=4),
    hold_marker=st.text(min_size=1, max_size=40),
    insurance_types=st.dictionaries(filled, texts, max_size=4),
    insurance_required=st.booleans(),
    base_url=base_urls,
    credentials_ref=identifiers,
    write_parameters=st.sampled_from(["query", "body"]),
    basic_auth=st.booleans(),
    max_in_flight=st.integers(min_value=1, max_value=1000),
    timeout_seconds=st.floats(min_value=0, max_value=300, exclude_min=True),
    updated_at=instants,
)
vendor_records = st.builds(
    VendorRecord,
    client_id=identifiers,
    vendor_id=identifiers,
    version=offsets,
    updated_at=instants,
    origin=st.sampled_from(Origin),
    provider_id=st.none() | provider_ids,
    legal_name=texts,
    dba_name=texts,
    address=addresses,
    status=texts,
    compliant=st.booleans(),
    exempt=st.booleans(),
    force_active=st.booleans(),
    payment_hold=st.booleans(),
    hold_reason=texts,
    policies=several(policies, most=3),
)
sync_requests = st.builds(
    SyncRequested,
    run_id=identifiers,
    client_id=identifiers,
    vendor_ids=st.none() | several(identifiers),
    requested_by=texts,
    cause=st.sampled_from(["sync_all", "schedule", "reconcile"]),
    requested_at=instants,
)
sync_expansions = st.builds(
    SyncExpansion,
    run_id=identifiers,
    client_id=identifiers,
    partition=counts,
    vendor_ids=st.none() | several(identifiers),
    lane=st.sampled_from(Lane),
    requested_by=texts,
    cause=st.sampled_from(["sync_all", "schedule", "reconcile"]),
    requested_at=instants,
)
queued_vendors = st.builds(QueuedVendor, vendor_id=identifiers, offset=offsets)
sync_runs = st.builds(
    SyncRun,
    run_id=identifiers,
    client_id=identifiers,
    part=st.sampled_from(RunPart),
    at=instants,
    requested_by=texts,
    cause=texts,
    refusal=maybe_text,
    partitions=counts,
    partition=st.integers(min_value=-1, max_value=2**31 - 1),
    chunk=counts,
    last=st.booleans(),
    topic_id=topic_ids,
    queued=several(queued_vendors),
    already_in_progress=several(queued_vendors),
    unlinked=several(identifiers),
    unknown=several(identifiers),
    with_stale_records=several(identifiers),
)
vendor_syncs = st.builds(
    VendorSync,
    client_id=identifiers,
    vendor_id=identifiers,
    lane=st.sampled_from(Lane),
    cause=st.sampled_from(Cause),
    run_id=st.none() | identifiers,
    attempt=counts,
    requested_by=texts,
    requested_at=instants,
)
changes = st.builds(Change, group=texts, field=texts, before=maybe_text, after=maybe_text)
left_alone = st.builds(
    LeftAlone, group=texts, field=texts, observed=maybe_text, desired=maybe_text, code=texts, reason=texts
)
outcomes = st.builds(
    VendorSyncOutcome,
    client_id=identifiers,
    vendor_id=identifiers,
    provider_id=st.none() | provider_ids,
    status=st.sampled_from(Status),
    through_offset=answered,
    topic_id=topic_ids,
    run_id=st.none() | identifiers,
    cause=st.sampled_from(Cause),
    requested_by=texts,
    attempt=counts,
    record_version=st.none() | offsets,
    changes=several(changes, most=3),
    left_alone=several(left_alone, most=3),
    reason=maybe_text,
    next_attempt_at=st.none() | instants,
    calls=counts,
    observed_at=st.none() | instants,
    worker=texts,
    at=instants,
)
dead_letters = st.builds(
    DeadLetter,
    client_id=st.none() | identifiers,
    vendor_id=st.none() | identifiers,
    run_id=st.none() | identifiers,
    code=st.sampled_from(["undecodable", "invalid", "stale", "rejected", "missing", "bug", "gave_up"]),
    reason=texts,
    trace=maybe_text,
    topic=texts,
    partition=counts,
    offset=offsets,
    key=st.none() | st.binary(max_size=30),
    value=st.none() | st.binary(max_size=60),
    attempts=counts,
    at=instants,
)
letter_ids = st.builds(LetterId, counts.filter(lambda number: number < 10**9), st.integers(0, 10**18 - 1))
dead_letters_handled = st.builds(
    DeadLetterHandled,
    letter_id=letter_ids.map(str),
    letter_topic_id=topic_ids,
    action=st.sampled_from(Action),
    by=texts,
    note=texts,
    at=instants,
    topic=maybe_text,
    partition=st.none() | counts,
    offset=st.none() | offsets,
)
delivered = st.builds(
    Delivered,
    dba_name=maybe_text,
    policies=several(
        st.builds(
            DeliveredPolicy,
            policy_type=texts,
            number=texts,
            expires_on=st.none() | days,
            insurance_id=maybe_text,
        ),
        most=3,
    ),
)
troubles = st.builds(
    RecordTrouble,
    code=st.sampled_from(["undecodable", "invalid", "stale"]),
    reason=texts,
    partition=st.integers(min_value=0, max_value=23),
    offset=offsets,
    at=instants,
    payment_hold=st.booleans(),
    hold_reason=texts,
)
vendor_rows = st.builds(
    VendorRow,
    record=st.none() | vendor_records,
    delivered=delivered,
    settled_fingerprint=st.none() | st.text("0123456789abcdef", min_size=24, max_size=24),
    through_offset=answered,
    topic_id=topic_ids,
    status=st.none() | st.sampled_from(Status).map(str),
    attempts=counts,
    failing_since=st.none() | instants,
    next_attempt_at=st.none() | instants,
    parked=st.booleans(),
    updated_at=st.none() | instants,
    last_version=answered,
    record_offset=answered,
    stale_records=counts,
    trouble=st.none() | troubles,
)

MESSAGES: Final[dict[type[Message], st.SearchStrategy[Any]]] = {
    Integration: integrations,
    VendorRecord: vendor_records,
    SyncRequested: sync_requests,
    SyncExpansion: sync_expansions,
    SyncRun: sync_runs,
    VendorSync: vendor_syncs,
    VendorSyncOutcome: outcomes,
    DeadLetter: dead_letters,
    DeadLetterHandled: dead_letters_handled,
    VendorRow: vendor_rows,
}
"""A strategy for every kind of message."""
KINDS: Final = tuple(MESSAGES)


def models_below(base: type[Part]) -> Iterator[type[Part]]:
    """All models that derive from ``base``, without the base classes of messages: these have no schema."""
    for model in base.__subclasses__():
        if not issubclass(model, Message) or "SCHEMA" in vars(model):
            yield model
        yield from models_below(model)


def integration(**fields: Any) -> Integration:
    """A two-way Vantaca client that pushes status, holds and insurance, unless given otherwise."""
    given: dict[str, Any] = {
        "client_id": "acme",
        "system": "vantaca",
        "mode": Mode.TWO_WAY,
        "pushes": (FieldGroup.STATUS, FieldGroup.PAYMENT_HOLD, FieldGroup.INSURANCE),
        "status_texts": {"active": "Approved", "inactive": "Inactive", "exempt": "Compliance Exempt"},
        "base_url": "https://api.vantaca.example",
        "credentials_ref": "acme",
        "updated_at": NOW,
    }
    return Integration.model_validate(given | fields)


def vendor_record(**fields: Any) -> VendorRecord:
    """A compliant, linked vendor that was just changed, unless given otherwise."""
    given: dict[str, Any] = {
        "client_id": "acme",
        "vendor_id": "v1",
        "version": 1,
        "updated_at": NOW,
        "provider_id": "17",
        "compliant": True,
    }
    return VendorRecord.model_validate(given | fields)


def outcome(**fields: Any) -> VendorSyncOutcome:
    """Vendor ``v1`` was updated, unless given otherwise."""
    given: dict[str, Any] = {
        "client_id": "acme",
        "vendor_id": "v1",
        "status": Status.UPDATED,
        "through_offset": 0,
        "topic_id": "t1",
        "cause": Cause.SYNC_ALL,
        "at": NOW,
    }
    return VendorSyncOutcome.model_validate(given | fields)


def dead_letter(**fields: Any) -> DeadLetter:
    """Vendor ``v1`` was rejected, unless given otherwise."""
    given: dict[str, Any] = {
        "client_id": "acme",
        "vendor_id": "v1",
        "code": "rejected",
        "reason": "Vantaca refuses it.",
        "topic": "vive.vendor-sync",
        "partition": 0,
        "offset": 7,
        "key": b"acme:v1",
        "at": NOW,
    }
    return DeadLetter.model_validate(given | fields)


def unread_record(**fields: Any) -> DeadLetter:
    """A vendor record of ``v1`` that did not decode, unless given otherwise."""
    given = {"code": "undecodable", "reason": "It is garbage.", "topic": "vive.vendor-record", "value": b"garbage"}
    return dead_letter(**(given | fields))


def handled(**fields: Any) -> DeadLetterHandled:
    """Dead letter ``0-0`` was discarded by Dana, unless given otherwise."""
    given: dict[str, Any] = {
        "letter_id": "0-0",
        "letter_topic_id": "t1",
        "action": Action.DISCARDED,
        "by": "Dana",
        "at": NOW,
    }
    return DeadLetterHandled.model_validate(given | fields)


def shard(**fields: Any) -> SyncRun:
    """The one and last chunk of partition 0 of run ``run``, without vendors, unless given otherwise."""
    given: dict[str, Any] = {
        "run_id": "run",
        "client_id": "acme",
        "part": RunPart.SHARD,
        "at": NOW,
        "partition": 0,
        "last": True,
        "topic_id": "t1",
    }
    return SyncRun.model_validate(given | fields)


def expanding(partitions: int, **fields: Any) -> SyncRun:
    """Run ``run`` goes to so many partitions."""
    given = {"part": RunPart.EXPANDING, "partitions": partitions, "partition": -1, "last": False, "topic_id": ""}
    return shard(**(given | fields))
