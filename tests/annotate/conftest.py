"""A project to work in, on SQLite and on a real PostgreSQL, and the real server on a free port."""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("fastapi")
pytest.importorskip("sqlalchemy")

from vitruv.annotate import Annotator, Project, Views, add_photo, invite
from vitruv.annotate.study import Server
from vitruv.annotate.study.http import Client
from vitruv.surface import Atlas


@dataclass
class Clock:
    """Time that passes only when told to."""

    seconds: float = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds

    def pass_minutes(self, minutes: float) -> None:
        self.seconds += 60 * minutes


class Postgres:
    """A throw-away PostgreSQL cluster in a temporary folder."""

    def __init__(self, programs: Path, folder: Path, *, durable: bool) -> None:
        self.folder = folder
        self.durable = durable
        self.programs = programs
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])

    def run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            command = ["runuser", "-u", "postgres", "--", *command]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder, timeout=120)

    def start(self) -> None:
        sync = "on" if self.durable else "off"
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.folder} -c fsync={sync}"
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-l", str(self.folder / "log"), "-w", "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", mode, "-w", "stop")

    def new_database(self) -> str:
        """The URL of an empty database: a schema of its own, which is made faster than a database of its own."""
        import psycopg

        name = f"test_{secrets.token_hex(6)}"
        url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}")
        return f"{url}?options=-csearch_path%3D{name}"


def _postgres_programs() -> Path | None:
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").exists()), None)


@contextlib.contextmanager
def _running_postgres(*, durable: bool) -> Iterator[Postgres]:
    programs = _postgres_programs()
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
    pytest.importorskip("numba")
    return Views(Atlas.load(), tmp_path_factory.mktemp("views"))


@pytest.fixture
def serve(views: Views) -> Iterator[Callable[[Project], Server]]:
    """Starts the real server of a project; it stops with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda project: stack.enter_context(Server(project, views))


def photo_bytes(seed: int = 0, size: tuple[int, int] = (120, 160), kind: str = "PNG") -> bytes:
    """A small picture; another seed gives other bytes. size: width, height."""
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1] // 8, size[0] // 8, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).resize(size).save(stream, kind)
    return stream.getvalue()


def add_photos(project: Project, count: int) -> list[str]:
    """Photos with open `boxes` tasks. Returns their ids."""
    return [add_photo(project, f"photo{i}.png", photo_bytes(i)).id for i in range(count)]


def somebody(project: Project, name: str = "Ada", role: str = "annotator") -> Annotator:
    return invite(project, name, role)[0]


def enter(project: Project, server: Server, name: str = "Ada", role: str = "annotator") -> Client:
    """A client with a token of its own."""
    return server.client(invite(project, name, role)[1])


def wait_until(condition: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """Wait for another process; fails after a while."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
