"""The database as every edge opens it: engine, sessions and clock, with all models known."""

from dataclasses import dataclass

from sqlalchemy import Engine

# A foreign key can be followed only when the table at its other end is known: every edge knows them all.
import emeter_core.schema  # noqa: F401 - for what it registers
from emeter_core.processes import check_secret
from emeter_core.settings import Settings
from emeter_core.vault import Vault
from emeter_storage.engine import DatabaseClock, SessionFactory, make_engine, make_session_factory


@dataclass(frozen=True, slots=True)
class Database:
    """What a command, a process or a web server needs of the database."""

    engine: Engine
    sessions: SessionFactory
    clock: DatabaseClock

    @classmethod
    def at(cls, url: str, *, name: str, pool_size: int = 5, patience: float | None = None) -> "Database":
        """The database at `url`; `name` is what PostgreSQL shows. Connects only when first used."""
        engine = make_engine(url, name=name, pool_size=pool_size, patience=patience)
        return cls(engine, make_session_factory(engine), DatabaseClock(engine))

    @classmethod
    def of(
        cls, settings: Settings, *, name: str, pool_size: int = 5, patience: float | None = None
    ) -> "Database":
        """The database of these settings."""
        return cls.at(settings.database, name=name, pool_size=pool_size, patience=patience)

    def require_secret(self, vault: Vault) -> None:
        """Raise UserError where this database was made with another SECRET_KEY."""
        with self.sessions.begin() as session:
            check_secret(session, vault, now=self.clock.now())
