"""The tables of the read model. Times are milliseconds since 1970; texts sort by their bytes in UTF-8 everywhere."""

from typing import Final

from sqlalchemy import Boolean, Column, Index, LargeBinary, MetaData, Table

from console.read_model.store.columns import SORTED, a_flag, a_number, a_text, an_id

metadata: Final = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"})
OPEN: Final = 2**63 - 1
"""In place of an offset: no outcome has settled this vendor in this run yet. Every real offset is lower."""

projection = Table(
    # One row: the term of the projector that has the lease, and until when it has it. No deletion before complete_at was missed.
    "projection",
    metadata,
    a_number("id", primary_key=True),
    a_number("term"),
    a_number("held_until"),
    a_number("revision"),
    a_number("caught_up_at"),
    a_number("complete_at"),
)
offsets = Table(
    "projected_offsets",
    metadata,
    an_id("topic", primary_key=True),
    a_number("partition", primary_key=True),
    an_id("topic_id"),
    a_number("next_offset"),
)
unreadable = Table(
    "unreadable_records",
    metadata,
    an_id("topic", primary_key=True),
    a_number("partition", primary_key=True),
    a_number("records"),
    a_number("last_offset"),
    a_text("last_reason"),
)
integration_copies = Table(
    # The newest record of a client on each partition of vive.integration; body and reason are null for a tombstone.
    "integration_copies",
    metadata,
    an_id("client_id", primary_key=True),
    a_number("partition", primary_key=True),
    a_flag("own"),
    a_number("written_at"),
    a_text("body", nullable=True),
    a_text("unreadable_code", nullable=True),
    a_text("unreadable_reason", nullable=True),
)
client_states = Table(
    # How many of a client's vendors are in a state, by whether they are linked; no row where there are none.
    "client_states",
    metadata,
    an_id("client_id", primary_key=True),
    an_id("state", primary_key=True),
    Column("linked", Boolean, nullable=False, primary_key=True),
    a_number("vendors"),
)
vendors = Table(
    "vendors",
    metadata,
    an_id("client_id", primary_key=True),
    an_id("vendor_id", primary_key=True),
    # Name and id in lower case and of limited length, for an index and for searches.
    an_id("sort_name"),
    a_text("name"),
    a_text("provider_id", nullable=True),
    *map(a_number, ("version", "last_version", "event_offset", "through", "outcome_partition", "outcome_offset")),
    a_text("outcome_state", nullable=True),
    a_text("outcome_reason", nullable=True),
    a_number("outcome_at", nullable=True),
    # Null where VIVE has no record: no list has the vendor.
    Column("state", SORTED, nullable=True),
    Index(None, "client_id", "sort_name", "vendor_id"),
    Index(None, "client_id", "state", "sort_name", "vendor_id"),
)
vendor_records = Table(
    "vendor_records",
    metadata,
    an_id("client_id", primary_key=True),
    an_id("vendor_id", primary_key=True),
    a_text("body"),
)
outcomes = Table(
    "outcomes",
    metadata,
    a_number("partition", primary_key=True),
    a_number("offset", primary_key=True),
    an_id("client_id"),
    an_id("vendor_id"),
    an_id("topic_id"),
    a_number("through"),
    a_number("at"),
    a_number("attempt"),
    an_id("status"),
    an_id("state"),
    a_text("reason", nullable=True),
    a_text("body"),
    Index(None, "client_id", "vendor_id", "topic_id", "through"),
)
runs = Table(
    "runs",
    metadata,
    an_id("client_id", primary_key=True),
    an_id("run_id", primary_key=True),
    a_number("at"),
    a_number("last_part_at"),
    a_number("last_part_partition"),
    a_number("last_part_offset"),
    a_text("requested_by"),
    a_text("cause"),
    a_text("refusal", nullable=True),
    a_number("partitions"),
    a_flag("expanded"),
    a_flag("done"),
    a_number("ended_at", nullable=True),
    *map(a_number, ("queued", "already_in_progress", "unlinked", "unknown")),
    # JSON: how many linked vendors are in a state.
    a_text("by_state"),
    a_number("revision"),
    Index(None, "client_id", "at", "run_id"),
)
run_chunks = Table(
    "run_chunks",
    metadata,
    an_id("client_id", primary_key=True),
    an_id("run_id", primary_key=True),
    a_number("partition", primary_key=True),
    a_number("chunk", primary_key=True),
    a_flag("last"),
)
run_vendors = Table(
    "run_vendors",
    metadata,
    an_id("client_id", primary_key=True),
    an_id("run_id", primary_key=True),
    an_id("vendor_id", primary_key=True),
    *map(a_flag, ("queued", "already_in_progress", "unlinked", "unknown")),
    # JSON: by Kafka's id of vive.vendor-sync, the offset that must be answered.
    a_text("asked"),
    # Of the outcome that settled it: the one that reaches least far of those that reach the awaited offset.
    a_number("through"),
    a_number("at", nullable=True),
    a_number("attempt"),
    a_text("status"),
    # Null where the run names the vendor only as one that VIVE does not have.
    Column("state", SORTED, nullable=True),
    a_text("reason", nullable=True),
    Index(None, "client_id", "vendor_id", "through"),
    Index(None, "client_id", "run_id", "state"),
)
dead_letters = Table(
    "dead_letters",
    metadata,
    a_number("partition", primary_key=True),
    a_number("offset", primary_key=True),
    Column("client_id", SORTED, nullable=True),
    Column("vendor_id", SORTED, nullable=True),
    a_text("code"),
    a_text("reason"),
    a_number("at"),
    a_text("body"),
    Column("key", LargeBinary, nullable=True),
    Column("value", LargeBinary, nullable=True),
    an_id("state"),
    a_text("handled_by", nullable=True),
    a_number("handled_at", nullable=True),
    Index(None, "client_id", "state", "at"),
)
dead_letters_handled = Table(
    # The last action on a dead letter, also where the dead letter itself is yet to be projected.
    "letters_handled",
    metadata,
    a_number("partition", primary_key=True),
    a_number("offset", primary_key=True),
    a_number("said_partition"),
    a_number("said_offset"),
    a_text("action"),
    a_text("by"),
    a_number("at"),
)
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    an_id("client_id", primary_key=True),
    an_id("key", primary_key=True),
    an_id("run_id"),
    a_number("at"),
    a_flag("confirmed"),
    Index(None, "at"),
)
PROJECTED: Final = (
    offsets,
    unreadable,
    integration_copies,
    client_states,
    vendors,
    vendor_records,
    outcomes,
    runs,
    run_chunks,
    run_vendors,
    dead_letters,
    dead_letters_handled,
)
"""The tables that are built from the topics and can be rebuilt from them."""
