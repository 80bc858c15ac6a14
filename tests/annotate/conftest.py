"""A project to work in, on SQLite and on a real PostgreSQL, and the real server on a free port."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("sqlalchemy")
pytest.importorskip("numba")

from annotating import Clock, Postgres, postgres_programs

from vitruv.annotate import Project, Views
from vitruv.annotate.study import Server
from vitruv.surface import Atlas


@contextlib.contextmanager
def _running_postgres(*, durable: bool) -> Iterator[Postgres]:
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    pytest.importorskip("psycopg")
    folder = Path(tempfile.mkdtemp(prefix="vitruv-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    cluster = Postgres(programs, folder, durable=durable)
    try:
        cluster.run("initdb", "-D", str(folder / "data"), "-A", "trust", "-U", "postgres", "--no-sync")
        cluster.start()
        yield cluster
        cluster.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with _running_postgres(durable=False) as cluster:
        yield cluster


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A cluster that the test may stop and start."""
    with _running_postgres(durable=True) as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str | None:
    """Both kinds of database: None for SQLite in the project's folder, or the URL of an empty PostgreSQL database."""
    if request.param == "sqlite":
        return None
    cluster: Postgres = request.getfixturevalue("postgres")
    return cluster.new_database()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def project(tmp_path: Path, clock: Clock) -> Iterator[Project]:
    """An empty project on SQLite."""
    opened = Project.open(tmp_path / "project", now=clock)
    yield opened
    opened.close()


@pytest.fixture
def any_project(tmp_path: Path, clock: Clock, database: str | None) -> Iterator[Project]:
    """An empty project on SQLite, and another on PostgreSQL."""
    opened = Project.open(tmp_path / "project", database, now=clock)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def views(tmp_path_factory: pytest.TempPathFactory) -> Views:
    return Views(Atlas.load(), tmp_path_factory.mktemp("views"))


@pytest.fixture
def serve(views: Views) -> Iterator[Callable[[Project], Server]]:
    """Starts the real server of a project; it stops with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda project: stack.enter_context(Server(project, views))
