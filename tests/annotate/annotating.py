"""What the tests of the annotation tool share: a clock, a PostgreSQL of their own, photos and people."""

from __future__ import annotations

import io
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from vitruv.annotate import Annotator, Project, add_photo, invite
from vitruv.annotate.study import Server
from vitruv.annotate.study.local_server import Client


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


def postgres_programs() -> Path | None:
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").exists()), None)


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
