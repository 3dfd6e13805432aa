"""A client's integration by partition, with those that can't be read; projected anew from the topic."""

import sqlalchemy as sa
from alembic import op

revision = "integration_copies"
down_revision = "complete_at"
branch_labels = None
depends_on = None

SORTED = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Replace the table of clients, which held the last readable integration, and read the topic from its beginning."""
    op.create_table(
        "integration_copies",
        sa.Column("client_id", SORTED, nullable=False),
        sa.Column("partition", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("written_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("unreadable_code", sa.Text(), nullable=True),
        sa.Column("unreadable_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("client_id", "partition", name="pk_integration_copies"),
    )
    op.drop_table("clients")
    op.execute("DELETE FROM projected_offsets WHERE topic = 'vive.integration'")
