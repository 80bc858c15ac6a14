"""The database of a project: SQLite in the project's folder, or PostgreSQL by URL. Every write is one transaction.

When `write` ends without an error, the data is on the disk: it survives a killed server or a power cut.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from vitruv.annotate.domain.schema import metadata
from vitruv.errors import InputError
from vitruv.http.errors import InsufficientStorageError, UnavailableError

_SQLITE_WAIT_S = 20
_POSTGRES_WAIT_S = 3
_CONNECTIONS = 40  # as many as the server has threads; a connection that is thrown away costs more than one that is kept
_NO_ROOM = ("database or disk is full", "no space left on device", "could not extend file", "disk i/o error")


class Store:
    """A database with the tables of one project, made when they are missing.

    url: `sqlite:///FILE`, or `postgresql://USER@HOST/NAME`.
    Raises InputError for any other URL, UnavailableError when the database cannot be reached.
    """

    def __init__(self, url: str) -> None:
        self.url = _checked(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self._engine = sa.create_engine(self.url, connect_args={"timeout": _SQLITE_WAIT_S}, pool_size=_CONNECTIONS)
            sa.event.listen(self._engine, "connect", _prepare_sqlite)
            sa.event.listen(self._engine, "begin", _begin_sqlite)
        else:
            self._engine = sa.create_engine(
                self.url,
                connect_args={"connect_timeout": _POSTGRES_WAIT_S},
                pool_pre_ping=True,
                pool_size=_CONNECTIONS,
                pool_timeout=_POSTGRES_WAIT_S,
            )
        # PostgreSQL: each statement is a round trip, so a single query gets no transaction; several queries need one snapshot.
        self._single_queries = self._engine if self.is_sqlite else self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._reads = self._engine if self.is_sqlite else self._engine.execution_options(isolation_level="REPEATABLE READ")
        # SQLite has one writer at a time. Waiting on this lock is fair and quick; SQLite's own waiting polls and can starve.
        self._write_lock = threading.Lock() if self.is_sqlite else None
        with self.write() as connection:
            metadata.create_all(connection)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection for several queries, which all see the same snapshot."""
        with _driver_errors_translated(), self._reads.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def query_once(self) -> Iterator[sa.Connection]:
        """A connection for a single query."""
        with _driver_errors_translated(), self._single_queries.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction: everything done with the connection is kept when the block ends, nothing when it raises."""
        if self._write_lock is None:
            with _driver_errors_translated(), self._engine.begin() as connection:
                yield connection
            return
        with self._write_lock, _driver_errors_translated(), self._engine.connect() as connection:
            writer = connection.execution_options(vitruv_write=True)
            with writer.begin():
                yield writer

    def close(self) -> None:
        self._engine.dispose()


def _checked(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise InputError(f"--database {url!r} is not a database URL; give one like postgresql://user@host/name") from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise InputError("--database sqlite needs a file, as in sqlite:///folder/project.sqlite")
        return parsed
    if backend == "postgresql":
        try:
            import psycopg  # noqa: F401  only to say early that it is missing
        except ImportError:
            raise InputError("--database postgresql needs the package psycopg: pip install 'vitruv[postgres]'") from None
        return parsed.set(drivername="postgresql+psycopg")
    raise InputError(f"--database must be a postgresql:// or sqlite:/// URL, but got {backend!r}")


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return sa.URL.create("sqlite", database=str(path)).render_as_string()


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions are begun below, not by the driver
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # a commit is on the disk before it is reported
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    # A writer takes its lock at once: a reader that turns writer midway could only fail.
    writes = connection.get_execution_options().get("vitruv_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _driver_errors_translated() -> Iterator[None]:
    """Turn what a driver raises when the database is unreachable or full into request errors; programming errors pass through."""
    try:
        yield
    except PoolTimeoutError:
        raise UnavailableError("the database is too busy right now; nothing was saved, try again in a moment") from None
    except DBAPIError as error:
        text = str(error.orig).lower()
        if any(phrase in text for phrase in _NO_ROOM):
            raise InsufficientStorageError("the project's disk is full; nothing was saved, free some space and try again") from None
        gone = isinstance(error, (OperationalError, InterfaceError)) or error.connection_invalidated
        if gone or (isinstance(error, DatabaseError) and "terminating connection" in text):
            first_line = str(error.orig).strip().splitlines()[0]
            raise UnavailableError(
                f"the database cannot be reached ({first_line}); nothing was saved, try again in a moment"
            ) from None
        raise
