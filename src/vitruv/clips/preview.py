"""What is being done, as a moving picture in a browser on this machine."""

from __future__ import annotations

import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from PIL import Image

from vitruv.errors import InputError
from vitruv.types import UInt8Array

_HOST = "127.0.0.1"
_BOUNDARY = "frame"
_QUALITY = 80
_PATIENCE_S = 5.0  # a viewer that is sent nothing for so long gets the last picture again, which shows whether it is still there
_PAGE = (
    b"<!doctype html><title>Vitruv</title><body style='margin:0;background:#111'><img src='/live' style='max-width:100%'></body>"
)


class PreviewServer:
    """Serves the last picture that was shown, as MJPEG, to programs on this machine only. Used in a `with` block.

    port: 0 takes a free one. Raises InputError when the port is taken.
    """

    def __init__(self, port: int) -> None:
        self._changed = threading.Condition()
        self._jpeg = b""
        self._number = 0
        self._closed = False
        try:
            self._server = ThreadingHTTPServer((_HOST, port), self._handler())
        except (OSError, OverflowError) as error:
            raise InputError(f"--preview {port}: the port cannot be opened ({error})") from None
        self._server.daemon_threads = True

    @property
    def address(self) -> str:
        return f"http://localhost:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, name="vitruv preview", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def show(self, rgb: UInt8Array) -> None:
        """Make (h, w, 3) uint8 the picture that is served."""
        stream = io.BytesIO()
        Image.fromarray(rgb).save(stream, "jpeg", quality=_QUALITY)
        with self._changed:
            self._jpeg, self._number = stream.getvalue(), self._number + 1
            self._changed.notify_all()

    def _next(self, number: int) -> tuple[bytes, int]:
        """The picture after the one with this number, as soon as there is one."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._number != number, timeout=_PATIENCE_S)
            return (b"" if self._closed else self._jpeg), self._number

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                # Another site's page may have its name resolve to this machine; it would still send its own name.
                host = (self.headers.get("Host") or "").rpartition(":")[0] or self.headers.get("Host")
                if host not in ("localhost", _HOST):
                    self.send_error(403)
                elif self.path == "/":
                    self._answer("text/html", _PAGE)
                elif self.path == "/live":
                    self._stream()
                else:
                    self.send_error(404)

            def _answer(self, kind: str, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def _stream(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                number = -1
                try:
                    while not server._closed:
                        jpeg, number = server._next(number)
                        if jpeg:
                            head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                            self.wfile.write(head.encode() + jpeg + b"\r\n")
                except OSError:
                    return  # the viewer has gone

            def log_message(self, format: str, *values: object) -> None:
                return

        return Handler
