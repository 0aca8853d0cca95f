"""One database, SQLite or PostgreSQL, as the read model: its connection, schema, writer and reader."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text

from api.store.acknowledgements import Acknowledgements
from api.store.errors import StoreError, refuse_damaged, store_errors
from api.store.reader import Reader
from api.store.writer import Writer

SECONDS_TO_WAIT_FOR_A_LOCK = 10
MIGRATION_LOCK = 0x6261746F6E
SQLITE_CACHE_KIB = 32_768
SQLITE_PAGES_IN_WAL = 8_000
"""32 MB of four kilobytes each: what is written again and again is copied back into the file seldom."""


class ReadModel:
    """The read model at a SQLAlchemy URL: `sqlite:///read-model.sqlite` or `postgresql+psycopg://…`.

    Safe to share between threads. Opening it connects to nothing.
    """

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        self._writing = self._engine.execution_options(writes=True)
        self.writer = Writer(self._writing.execution_options(is_made_again=True))
        self.reader = Reader(self._engine)
        self.acknowledgements = Acknowledgements(self._writing)

    def migrate(self) -> None:
        """Bring the schema to this version's; safe to call from several processes at once."""
        with store_errors(), self._writing.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            command.upgrade(_migrations(connection), "head")

    def away(self) -> str | None:
        """Why the read model can't be used now; None if the database answers, its schema this version's."""
        try:
            with store_errors(), self._engine.connect() as connection:
                current = MigrationContext.configure(connection).get_current_revision()
        except StoreError as error:
            return str(error)
        head = ScriptDirectory.from_config(_migrations()).get_current_head()
        if current == head:
            return None
        return f"the read model's schema is at {current or 'nothing'}, expected {head}: migrate it"

    def close(self) -> None:
        self._engine.dispose()


def _engine(url: str) -> Engine:
    if make_url(url).get_backend_name() == "postgresql":
        return create_engine(
            url, pool_pre_ping=True, connect_args={"connect_timeout": SECONDS_TO_WAIT_FOR_A_LOCK}
        )
    engine = create_engine(url, connect_args={"timeout": SECONDS_TO_WAIT_FOR_A_LOCK})
    event.listen(engine, "handle_error", lambda context: refuse_damaged(context, engine.url.database))
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA cache_size = -{SQLITE_CACHE_KIB}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {SQLITE_PAGES_IN_WAL}")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("writes"):
        # What a power failure takes of documents it takes of the positions, too, and it is read again from the log.
        synchronous = "NORMAL" if options.get("is_made_again") else "FULL"
        connection.exec_driver_sql(f"PRAGMA synchronous = {synchronous}")
    # A transaction that reads first and writes later fails at once, without waiting, if another wrote since.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")


def _migrations(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
