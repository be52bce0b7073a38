"""How a migration runs: alone, with short locks, one transaction each."""

from typing import Any

from alembic import context
from sqlalchemy import Connection, Engine, text

from emeter_storage.migrator import COMPARISON

# One migrator at a time in the whole database; the others wait for it.
ADVISORY_LOCK = 7_203_650_114
WAIT_FOR_OTHERS = "60s"
# A migration that cannot have its lock at once gives up rather than stop every writer behind it.
LOCK_TIMEOUT = "4s"
STATEMENT_TIMEOUT = "30s"


def migrate(connection: Connection) -> None:
    """Run the wanted migrations on one connection, under the lock of all migrators."""
    connection.execute(text(f"SET lock_timeout = '{WAIT_FOR_OTHERS}'"))
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
    connection.commit()
    try:
        context.configure(
            connection=connection,
            target_metadata=context.config.attributes.get("metadata"),
            transaction_per_migration=True,
            **COMPARISON,
        )
        with context.begin_transaction():
            context.run_migrations()
    finally:
        # The connection goes back to a pool: what was set for this must not stay.
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})
        connection.execute(text("RESET lock_timeout"))
        connection.execute(text("RESET statement_timeout"))
        connection.commit()


attributes: dict[str, Any] = context.config.attributes
engine: Engine = attributes["engine"]
with engine.connect() as migrating:
    migrate(migrating)
