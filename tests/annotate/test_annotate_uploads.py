"""Large uploads: refused in one sentence, and never held in memory."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from annotating import photo_bytes, wait_until

from vitruv.annotate import Project, Views, owner_token
from vitruv.surface.charts import NUM_PARTS

SENTENCE = "huge.jpg: more than 40 MB, the limit of this server"
HUGE = 200_000_000
PIECE = bytes(1_000_000)


class ServerProcess:
    """The server of the command line, whose memory can be watched."""

    def __init__(self, project: Project) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        command = [sys.executable, "-m", "vitruv", "annotate", "--project", str(project.folder), "--port", str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self.headers = {"Authorization": f"Bearer {owner_token(project)}"}
        wait_until(self._answers, seconds=90)

    def _answers(self) -> bool:
        try:
            return self.ask("GET", "/api/me")[0] == 200
        except OSError:
            return False

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body, self.headers, encode_chunked=isinstance(body, Iterator))
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def peak_mb(self) -> float:
        """The most memory that the server held since `forget_peak`."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024

    def forget_peak(self) -> None:
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")


@pytest.fixture
def server(project: Project, views: Views) -> Iterator[ServerProcess]:
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("this system does not tell how much memory a process held")
    views.warm()
    shutil.copytree(views.folder.parent, project.folder / "views")
    started = ServerProcess(project)
    for part in range(1, NUM_PARTS + 1):  # the server loads them in the background; their memory is not what is measured
        started.ask("GET", f"/api/views/{part}")
    yield started
    started.process.terminate()
    started.process.wait()


def _in_pieces(size: int) -> Iterator[bytes]:
    for _ in range(size // len(PIECE)):
        yield PIECE


@pytest.mark.slow
@pytest.mark.parametrize(("how", "most_mb"), [("declared", 20), ("in pieces", 60)])
def test_200_mb_are_refused_and_never_held(server: ServerProcess, project: Project, how: str, most_mb: int) -> None:
    """What says how large it is, is never kept; of what does not, the 40 MB are kept that might have been a photo."""
    assert server.ask("POST", "/api/photos?name=first.png", photo_bytes(0))[0] == 200  # whatever is loaded late is loaded now
    server.forget_peak()
    before = server.peak_mb()
    body = bytes(HUGE) if how == "declared" else _in_pieces(HUGE)
    assert server.ask("POST", "/api/photos?name=huge.jpg", body) == (413, {"error": SENTENCE, "code": "too-large"})
    held = server.peak_mb() - before
    print(f"200 MB {how}: the server held at most {held:.0f} MB more than before")
    assert held < most_mb
    assert len(list(project.photo_folder.iterdir())) == 1


@pytest.mark.slow
def test_who_asks_first_need_not_send(server: ServerProcess) -> None:
    """`Expect: 100-continue`, which curl sends with every large file, is answered by the refusal."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        lines = ["POST /api/photos?name=huge.jpg HTTP/1.1", "Host: localhost", f"Content-Length: {HUGE}", "Expect: 100-continue"]
        lines += [f"{name}: {value}" for name, value in server.headers.items()]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 413")
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["error"] == SENTENCE
