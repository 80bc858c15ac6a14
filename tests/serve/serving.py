"""A real service on a free port, with the toy model, and a plain client."""

from __future__ import annotations

import http.client
import io
import json
import threading
import time
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from PIL import Image

from toy_model import painted_picture
from vitruv.http import listen
from vitruv.http.header_timeout import PatientProtocol
from vitruv.runtime import Predictor, load
from vitruv.serve import Engine, Limits, create_app
from vitruv.serve.metrics import Metrics

PERSON = (12, 20, 56, 80)  # left, top, width, height


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Service:
    """A running service. predictor: the toy model in the folder, unless another one is given."""

    def __init__(
        self,
        folder: Path,
        *,
        limits: Limits | None = None,
        tokens: Sequence[str] = (),
        predictor: Predictor | None = None,
        protocol: type[PatientProtocol] = PatientProtocol,
    ) -> None:
        limits = limits or Limits()
        metrics = Metrics()
        self.engine = Engine([predictor or load(folder, device="cpu")], limits, on_batch=metrics.on_batch)
        app = create_app(self.engine, metrics=metrics, limits=limits, tokens=tokens, model="toy")
        config = uvicorn.Config(app, http=protocol, access_log=False, log_level="critical", server_header=False)
        self._server = uvicorn.Server(config)
        self._socket = listen("127.0.0.1", 0)
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    def __enter__(self) -> Service:
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the service did not start"
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._thread.join(timeout=30)
        assert not self._thread.is_alive()
        self._socket.close()

    def stop(self) -> None:
        """What SIGTERM does."""
        self._server.should_exit = True

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def predict(self, data: bytes, headers: dict[str, str] | None = None, **options: object) -> Answer:
        query = urllib.parse.urlencode(options)
        return self.ask("POST", f"/v1/predict?{query}", data, **(headers or {}))

    def metric(self, name: str) -> float:
        for line in self.ask("GET", "/v1/metrics").body.decode().splitlines():
            if line.startswith(f"{name} "):
                return float(line.rsplit(" ", 1)[1])
        return 0.0


def photo(*people: tuple[int, int, int, int], size_hw: tuple[int, int] = (120, 160)) -> bytes:
    """A PNG with painted people, which the toy model reads back."""
    return png(painted_picture(size_hw, list(people))[0])


def png(pixels: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def form(files: Sequence[tuple[str, str, bytes]], **fields: str) -> tuple[bytes, str]:
    """A multipart body and its content type. files: field, file name, data."""
    boundary = "vitruv-test-boundary"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    for name, file, data in files:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\n\r\n'
        parts.append(head.encode() + data + b"\r\n")
    return b"".join([*parts, f"--{boundary}--\r\n".encode()]), f"multipart/form-data; boundary={boundary}"
