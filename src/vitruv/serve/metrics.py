"""Counters in the text format of Prometheus."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_OTHER = "other"


class Metrics:
    """The numbers of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        kept = self.registry
        self.requests = Counter("vitruv_requests", "Requests by path and status.", ["path", "status"], registry=kept)
        self.seconds = Histogram("vitruv_request_seconds", "Time to answer.", ["path"], buckets=_SECONDS, registry=kept)
        self.batch_photos = Histogram("vitruv_batch_photos", "Photos in a batch.", buckets=(1, 2, 4, 8, 16, 32), registry=kept)
        self.batch_seconds = Histogram("vitruv_batch_seconds", "Time of a batch.", buckets=_SECONDS, registry=kept)
        self.people = Counter("vitruv_people", "People in answers.", registry=kept)
        self.open = Gauge("vitruv_open_requests", "Requests for predictions that are read, wait or are computed.", registry=kept)
        self.waiting = Gauge("vitruv_waiting_photos", "Photos in the queue.", registry=kept)

    def on_batch(self, photos: int, seconds: float) -> None:
        self.batch_photos.observe(photos)
        self.batch_seconds.observe(seconds)

    def text(self) -> bytes:
        return generate_latest(self.registry)


class CountRequests:
    """ASGI middleware: every request in the metrics. paths: the ones that are counted by name."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, paths: frozenset[str]) -> None:
        self.app = app
        self._metrics = metrics
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"] if scope["path"] in self._paths else _OTHER
        status, started = 500, time.perf_counter()

        async def send_counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_counted)
        finally:
            self._metrics.requests.labels(path, str(status)).inc()
            self._metrics.seconds.labels(path).observe(time.perf_counter() - started)
