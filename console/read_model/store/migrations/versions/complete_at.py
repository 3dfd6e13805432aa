"""The time before which no deletion was missed."""

import sqlalchemy as sa
from alembic import op

revision = "complete_at"
down_revision = "first"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it. Everything was projected when the projector had last caught up."""
    op.add_column("projection", sa.Column("complete_at", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE projection SET complete_at = caught_up_at")
