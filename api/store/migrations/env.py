"""Run by Alembic, on the connection that ReadModel.migrate opened."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
