"""What alembic runs to bring a database up to date, over the connection it is given."""

from alembic import context

connection = context.config.attributes["connection"]
# The connection is within a transaction, which ends with all of it done or nothing.
context.configure(connection=connection, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
