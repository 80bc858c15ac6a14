"""The real server in a thread, and a plain client: for simulated annotators and tests."""

from __future__ import annotations

import http.client
import json
import threading
import time
from typing import Any

import uvicorn

from vitruv.annotate.domain.project import Project
from vitruv.annotate.domain.proposer import Proposer
from vitruv.annotate.domain.views import Views
from vitruv.annotate.http.app import create_app
from vitruv.http.errors import RequestError, UnavailableError
from vitruv.http.sockets import listen

_START_S = 20.0
_PATIENCE_S = 300.0
"""Views of a part are drawn when first asked for, which a busy machine takes long to do."""


class Server:
    """Serves a project on a free port of this machine while the block runs."""

    def __init__(self, project: Project, views: Views, model: Proposer | None = None) -> None:
        config = uvicorn.Config(create_app(project, views, model), access_log=False, log_level="error", timeout_graceful_shutdown=2)
        self._server = uvicorn.Server(config)
        self._socket = listen("127.0.0.1", 0)
        self.port = int(self._socket.getsockname()[1])
        self._clients: list[Client] = []
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    def __enter__(self) -> Server:
        self._thread.start()
        started = time.monotonic()
        while not self._server.started:
            if time.monotonic() - started > _START_S or not self._thread.is_alive():
                raise UnavailableError("the server for the study did not start")
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.close()
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def client(self, token: str) -> Client:
        """A client that is closed with the server."""
        self._clients.append(Client(self.port, token))
        return self._clients[-1]


class Client:
    """Speaks the tool's HTTP interface with a personal token over one kept connection."""

    def __init__(self, port: int, token: str, host: str = "127.0.0.1") -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE_S)
        self._token = token

    def __call__(self, method: str, path: str, body: object = None, *, lease: str = "") -> dict[str, Any]:
        """The answer as an object. Raises `HTTPError` with the server's sentence for anything but success."""
        headers = {"Authorization": f"Bearer {self._token}", "X-Lease": lease}
        data = None if body is None else json.dumps(body).encode()
        try:
            self._connection.request(method, path, data, headers)
            response = self._connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            # The server lets go of connections that were idle for a while; every request may be sent twice.
            self._connection.close()
            self._connection.request(method, path, data, headers)
            response = self._connection.getresponse()
        content = response.read()
        answer: dict[str, Any] = json.loads(content) if response.headers.get_content_type() == "application/json" else {}
        if response.status != 200:
            raise HTTPError(response.status, str(answer.get("error", response.reason)))
        return answer

    def close(self) -> None:
        self._connection.close()


class HTTPError(RequestError):
    """An error status, as a client sees it."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
