"""The highest version of a vendor's records, also of a deleted vendor's."""

import sqlalchemy as sa
from alembic import op

revision = "last_version"
down_revision = "integration_copies"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it. Of a vendor that is deleted already it is not known."""
    op.add_column("vendors", sa.Column("last_version", sa.BigInteger(), nullable=False, server_default="-1"))
    op.execute("UPDATE vendors SET last_version = version WHERE version >= 0")
