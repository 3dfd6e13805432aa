"""All tables of the first version."""

import sqlalchemy as sa
from alembic import op

revision = "first"
down_revision = None
branch_labels = None
depends_on = None

SORTED = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def _id(name: str) -> sa.Column[str]:
    return sa.Column(name, SORTED, nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "client_states",
        _id("client_id"),
        _id("state"),
        _flag("linked"),
        _number("vendors"),
        sa.PrimaryKeyConstraint("client_id", "state", "linked", name="pk_client_states"),
    )
    op.create_table("clients", _id("client_id"), _text("body"), sa.PrimaryKeyConstraint("client_id", name="pk_clients"))
    op.create_table(
        "dead_letters",
        _number("partition"),
        _number("offset"),
        sa.Column("client_id", SORTED, nullable=True),
        sa.Column("vendor_id", SORTED, nullable=True),
        _text("code"),
        _text("reason"),
        _number("at"),
        _text("body"),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        _id("state"),
        sa.Column("handled_by", sa.Text(), nullable=True),
        sa.Column("handled_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("partition", "offset", name="pk_dead_letters"),
    )
    op.create_index("ix_dead_letters_client_id_state_at", "dead_letters", ["client_id", "state", "at"])
    op.create_table(
        "idempotency_keys",
        *map(_id, ("client_id", "key", "run_id")),
        _number("at"),
        _flag("confirmed"),
        sa.PrimaryKeyConstraint("client_id", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_at", "idempotency_keys", ["at"])
    op.create_table(
        "letters_handled",
        *map(_number, ("partition", "offset", "said_partition", "said_offset")),
        _text("action"),
        _text("by"),
        _number("at"),
        sa.PrimaryKeyConstraint("partition", "offset", name="pk_letters_handled"),
    )
    op.create_table(
        "outcomes",
        _number("partition"),
        _number("offset"),
        *map(_id, ("client_id", "vendor_id", "topic_id")),
        *map(_number, ("through", "at", "attempt")),
        _id("status"),
        _id("state"),
        sa.Column("reason", sa.Text(), nullable=True),
        _text("body"),
        sa.PrimaryKeyConstraint("partition", "offset", name="pk_outcomes"),
    )
    op.create_index(
        "ix_outcomes_client_id_vendor_id_topic_id_through",
        "outcomes",
        ["client_id", "vendor_id", "topic_id", "through"],
    )
    op.create_table(
        "projected_offsets",
        _id("topic"),
        _number("partition"),
        _id("topic_id"),
        _number("next_offset"),
        sa.PrimaryKeyConstraint("topic", "partition", name="pk_projected_offsets"),
    )
    op.create_table(
        "projection",
        *map(_number, ("id", "term", "held_until", "revision", "caught_up_at")),
        sa.PrimaryKeyConstraint("id", name="pk_projection"),
    )
    op.create_table(
        "run_chunks",
        _id("client_id"),
        _id("run_id"),
        _number("partition"),
        _number("chunk"),
        _flag("last"),
        sa.PrimaryKeyConstraint("client_id", "run_id", "partition", "chunk", name="pk_run_chunks"),
    )
    op.create_table(
        "run_vendors",
        *map(_id, ("client_id", "run_id", "vendor_id")),
        *map(_flag, ("queued", "already_in_progress", "unlinked", "unknown")),
        _text("asked"),
        _number("through"),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=True),
        _number("attempt"),
        _text("status"),
        sa.Column("state", SORTED, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("client_id", "run_id", "vendor_id", name="pk_run_vendors"),
    )
    op.create_index("ix_run_vendors_client_id_run_id_state", "run_vendors", ["client_id", "run_id", "state"])
    op.create_index("ix_run_vendors_client_id_vendor_id_through", "run_vendors", ["client_id", "vendor_id", "through"])
    op.create_table(
        "runs",
        _id("client_id"),
        _id("run_id"),
        *map(_number, ("at", "last_part_at", "last_part_partition", "last_part_offset")),
        _text("requested_by"),
        _text("cause"),
        sa.Column("refusal", sa.Text(), nullable=True),
        _number("partitions"),
        _flag("expanded"),
        _flag("done"),
        sa.Column("ended_at", sa.BigInteger(), autoincrement=False, nullable=True),
        *map(_number, ("queued", "already_in_progress", "unlinked", "unknown")),
        _text("by_state"),
        _number("revision"),
        sa.PrimaryKeyConstraint("client_id", "run_id", name="pk_runs"),
    )
    op.create_index("ix_runs_client_id_at_run_id", "runs", ["client_id", "at", "run_id"])
    op.create_table(
        "unreadable_records",
        _id("topic"),
        *map(_number, ("partition", "records", "last_offset")),
        _text("last_reason"),
        sa.PrimaryKeyConstraint("topic", "partition", name="pk_unreadable_records"),
    )
    op.create_table(
        "vendor_records",
        _id("client_id"),
        _id("vendor_id"),
        _text("body"),
        sa.PrimaryKeyConstraint("client_id", "vendor_id", name="pk_vendor_records"),
    )
    op.create_table(
        "vendors",
        *map(_id, ("client_id", "vendor_id", "sort_name")),
        _text("name"),
        sa.Column("provider_id", sa.Text(), nullable=True),
        *map(_number, ("version", "event_offset", "through", "outcome_partition", "outcome_offset")),
        sa.Column("outcome_state", sa.Text(), nullable=True),
        sa.Column("outcome_reason", sa.Text(), nullable=True),
        sa.Column("outcome_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("state", SORTED, nullable=True),
        sa.PrimaryKeyConstraint("client_id", "vendor_id", name="pk_vendors"),
    )
    op.create_index("ix_vendors_client_id_sort_name_vendor_id", "vendors", ["client_id", "sort_name", "vendor_id"])
    op.create_index(
        "ix_vendors_client_id_state_sort_name_vendor_id", "vendors", ["client_id", "state", "sort_name", "vendor_id"]
    )
