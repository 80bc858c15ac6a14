"""Nothing that was accepted is lost: servers killed in the middle of writing, full disks, databases that go away."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from annotating import Postgres, photo_bytes, wait_until

from vitruv.annotate import Project, Views, add_photo, invite
from vitruv.annotate.domain.leases import take_next
from vitruv.annotate.domain.masks import encode_mask, masks_of
from vitruv.annotate.domain.people import save_boxes
from vitruv.annotate.domain.workflow import submit
from vitruv.annotate.study import Server
from vitruv.annotate.study.local_server import Client, HTTPError
from vitruv.errors import InputError
from vitruv.http.errors import InsufficientStorageError, UnavailableError

BOX = [{"x": 10, "y": 10, "w": 60, "h": 120}]


def _mask(step: int) -> str:
    """A mask that tells which step it was."""
    mask = np.zeros((256, 256), bool)
    mask.ravel()[: step + 1] = True
    return encode_mask(mask)


def _parts_task(project: Project, name: str = "Ada") -> tuple[str, str]:
    """An open parts task, and the token of its annotator."""
    ada, token = invite(project, name)
    add_photo(project, f"{name}.png", photo_bytes(sum(name.encode())))
    boxes = take_next(project, ada)
    assert boxes is not None
    save_boxes(project, ada, boxes.task_id, boxes.key, BOX)
    submit(project, ada, boxes.task_id, boxes.key)
    lease = take_next(project, ada, ["parts"])
    assert lease is not None
    return lease.task_id, token


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("no url", "is not a database URL"),
        ("mysql://x/y", "must be a postgresql:// or sqlite:/// URL, but got 'mysql'"),
        ("sqlite://", "needs a file"),
    ],
)
def test_databases_that_cannot_be_used(tmp_path: Path, url: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Project.open(tmp_path, url)


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"the database cannot be reached .*; nothing was saved"):
        Project.open(tmp_path, "postgresql://nobody@127.0.0.1:9/nothing")


def test_a_write_that_fails_in_the_middle_leaves_nothing(any_project: Project) -> None:
    import sqlalchemy as sa

    from vitruv.annotate.domain.schema import annotators

    with contextlib.suppress(KeyError), any_project.store.write() as connection:
        row = {"id": "x", "name": "Half", "role": "owner", "token_sha256": "0", "active": True, "created": 0.0}
        connection.execute(sa.insert(annotators).values(**row))
        raise KeyError
    with any_project.store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(annotators)).scalar_one() == 0


def test_two_folders_cannot_share_a_database(tmp_path: Path, postgres: Postgres) -> None:
    url = postgres.new_database()
    Project.open(tmp_path / "a", url).close()
    Project.open(tmp_path / "a", url).close()
    with pytest.raises(InputError, match="the database belongs to another project, 'a'"):
        Project.open(tmp_path / "b", url)
    with pytest.raises(InputError, match="keeps its annotations in a database of its own: give its URL with --database"):
        Project.open(tmp_path / "a")
    Project.open(tmp_path / "c").close()
    with pytest.raises(InputError, match="keeps its annotations in its own folder: leave --database out"):
        Project.open(tmp_path / "c", url)


@contextlib.contextmanager
def _no_file_larger_than(size: int) -> Iterator[None]:
    """Writing beyond `size` bytes of any file fails in this process, as on a full disk; needs no privileges."""
    resource = pytest.importorskip("resource", reason="this system has no limits on file sizes")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk(project: Project, views: Views) -> None:
    task, token = _parts_task(project)
    with Server(project, views) as server:
        ada = server.client(token)
        key = ada("POST", f"/api/tasks/{task}/lease")["lease"]["key"]
        ada("PUT", f"/api/tasks/{task}/masks", {"parts": {"1": _mask(1)}}, lease=key)
        largest = max(path.stat().st_size for path in project.folder.glob("vitruv.sqlite*"))
        with _no_file_larger_than(largest + 50_000):
            refusal, step = None, 1
            while refusal is None and step < 2000:  # the write-ahead log may still grow a little
                try:
                    ada("PUT", f"/api/tasks/{task}/masks", {"parts": {"1": _mask(step + 1)}}, lease=key)
                    step += 1
                except HTTPError as error:
                    refusal = error
            assert refusal is not None
            assert (refusal.status, str(refusal)) == (
                507,
                "the project's disk is full; nothing was saved, free some space and try again",
            )
            with pytest.raises(InsufficientStorageError, match=r"big.png could not be saved"):
                add_photo(project, "big.png", photo_bytes(9, (1600, 1600)))
            assert len(list(project.photo_folder.iterdir())) == 1, "no half photo"
            assert ada("GET", f"/api/tasks/{task}")["masks"] == {"1": _mask(step)}, "what was accepted is there"
        ada("PUT", f"/api/tasks/{task}/masks", {"parts": {"1": _mask(5000)}}, lease=key)
        assert ada("GET", f"/api/tasks/{task}")["masks"] == {"1": _mask(5000)}


def _start_server(folder: Path, port: int, database: str | None) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "vitruv", "annotate", "serve", "--project", str(folder), "--port", str(port)]
    if database:
        command += ["--database", database]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/static/icon.svg")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


# What kill -9 can interrupt is the writing, not the start of Python, so that is what is repeated in CI; the whole server of the
# command line is killed by the slow test.
WRITER = """
import sys
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from vitruv.annotate import Project
from vitruv.annotate.domain.accounts import by_token
from vitruv.annotate.domain.leases import take
from vitruv.annotate.domain.masks import save_masks
from test_annotate_faults import _mask
project = Project.open(Path(sys.argv[1]))
ada = by_token(project, sys.argv[2])
task, step = sys.argv[4], int(sys.argv[5])
key = take(project, ada, task).key
while True:
    save_masks(project, ada, task, key, {"1": _mask(step), "2": _mask(step), "14": _mask(step)})
    print(step, flush=True)
    step += 1
"""


def _kept_step(project: Project, task: str) -> int:
    from vitruv.annotate.domain.masks import decode_mask

    with project.store.read() as connection:
        kept = {part: int(decode_mask(counts).sum()) - 1 for part, counts in masks_of(connection, task).items()}
    assert len(set(kept.values())) == 1, f"a stroke was saved by halves: {kept}"
    return next(iter(kept.values()))


def _kill_while_writing(project: Project, task: str, token: str, step: int, after_s: float) -> int:
    """Returns the last step that was confirmed."""
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", WRITER, str(project.folder), token, here, task, str(step)]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stderr is not None
    first = writer.stdout.readline()  # it writes now
    assert first, writer.stderr.read().decode()
    time.sleep(after_s)
    writer.send_signal(signal.SIGKILL)
    rest = writer.stdout.read()
    writer.wait()
    writer.stdout.close()
    writer.stderr.close()
    return int([*first.split(), *[line for line in rest.splitlines(keepends=True) if line.endswith(b"\n")]][-1])


def _kill_again_and_again(project: Project, times: int) -> int:
    task, token = _parts_task(project)
    rng = np.random.default_rng(0)
    step = 0
    for _ in range(times):
        confirmed = _kill_while_writing(project, task, token, step, float(rng.uniform(0.005, 0.15)))
        kept = _kept_step(project, task)
        # The stroke in hand may be there too: it was saved, and only the answer was lost.
        assert kept in (confirmed, confirmed + 1), f"confirmed {confirmed}, but {kept} is there"
        step = kept + 1
    return step


def test_killed_while_writing(tmp_path: Path) -> None:
    project = Project.open(tmp_path / "project")
    assert _kill_again_and_again(project, 2) > 2
    project.close()


@pytest.mark.slow
def test_killed_while_writing_50_times(tmp_path: Path) -> None:
    project = Project.open(tmp_path / "project")
    steps = _kill_again_and_again(project, 50)
    print(f"50 kills in {steps} confirmed strokes, none lost")
    project.close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_server_killed_under_three_annotators(tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> None:
    """The whole server of the command line, kill -9, started again on the same port; annotators just go on."""
    database = None if kind == "sqlite" else request.getfixturevalue("own_postgres").new_database()
    project = Project.open(tmp_path / "project", database)
    work = [_parts_task(project, name) for name in ("Ada", "Ben", "Cleo")]
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    stop = threading.Event()
    confirmed = [-1] * len(work)
    lost: list[str] = []

    def annotate(i: int) -> None:
        task, token = work[i]
        step, key = 0, ""
        while not stop.is_set():
            client = Client(port, token)
            try:
                key = key or client("POST", f"/api/tasks/{task}/lease")["lease"]["key"]
                while not stop.is_set():
                    kept = client("GET", f"/api/tasks/{task}")["masks"].get("1")
                    if confirmed[i] >= 0 and kept not in (_mask(confirmed[i]), _mask(confirmed[i] + 1)):
                        lost.append(f"annotator {i}: step {confirmed[i]} is not there")
                    client("PUT", f"/api/tasks/{task}/masks", {"parts": {"1": _mask(step)}}, lease=key)
                    confirmed[i] = step
                    step += 1
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
            finally:
                client.close()

    threads = [threading.Thread(target=annotate, args=(i,), daemon=True) for i in range(len(work))]
    server = _start_server(project.folder, port, database)
    wait_until(lambda: _answers(port), seconds=90)
    for thread in threads:
        thread.start()
    for _ in range(5):
        before = list(confirmed)
        wait_until(lambda before=before: all(now > then for now, then in zip(confirmed, before, strict=True)), seconds=90)
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        server = _start_server(project.folder, port, database)
        wait_until(lambda: _answers(port), seconds=90)
    stop.set()
    for thread in threads:
        thread.join(timeout=30)
    os.killpg(server.pid, signal.SIGKILL)
    server.wait()
    project.close()
    assert not lost, lost
    assert min(confirmed) >= 5


@pytest.mark.slow
def test_the_database_away_for_ten_seconds(tmp_path: Path, own_postgres: Postgres, views: Views) -> None:
    project = Project.open(tmp_path / "project", own_postgres.new_database())
    task, token = _parts_task(project)
    with Server(project, views) as server:
        ada = server.client(token)
        key = ada("POST", f"/api/tasks/{task}/lease")["lease"]["key"]
        ada("PUT", f"/api/tasks/{task}/masks", {"parts": {"1": _mask(3)}}, lease=key)
        own_postgres.stop("immediate")
        away_since = time.monotonic()
        refusals = 0
        while time.monotonic() - away_since < 10:
            with pytest.raises(HTTPError, match="the database cannot be reached") as refused:
                ada("PUT", f"/api/tasks/{task}/masks", {"parts": {"1": _mask(4)}}, lease=key)
            assert refused.value.status == 503
            refusals += 1
            time.sleep(0.5)
        own_postgres.start()
        assert ada("GET", f"/api/tasks/{task}")["masks"] == {"1": _mask(3)}, "what was accepted is there"
        ada("PUT", f"/api/tasks/{task}/masks", {"parts": {"1": _mask(4)}}, lease=key)
        assert ada("GET", f"/api/tasks/{task}")["masks"] == {"1": _mask(4)}, "and work goes on"
    print(f"{refusals} refusals in 10 seconds, then work went on")
    project.close()
