"""Alembic's way in: the migrations run on the connection that they are given, in its transaction."""

from alembic import context

from console.read_model.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
