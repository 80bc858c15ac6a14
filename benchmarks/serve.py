"""The prediction service under load, and under attack; everything on this machine.

    python benchmarks/serve.py --seconds 300 --clients 32

Clients without pauses post the same photo and wait as Retry-After says; every answer must be the same. Then: 200 connections that
never finish their request head, 500 requests at once, an upload of 1 GB. Prints rates, times, and the server's memory.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import tyro

EXAMPLE = Path(__file__).parents[1] / "examples" / "astronaut.jpg"
HEADER_TIMEOUT_S = 10


@dataclass(frozen=True)
class Options:
    """Measure a service that this command starts."""

    seconds: float = 300.0
    clients: int = 32
    max_queue: int = 40
    photo: Path = EXAMPLE


@dataclass
class Tally:
    statuses: Counter[object] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    wrong: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Server:
    def __init__(self, max_queue: int) -> None:
        command = [sys.executable, "-m", "vitruv", "serve", "--port", "0", "--max-queue", str(max_queue)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline().split("localhost:")[1].split("/")[0])

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def memory_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024


def ask(connection: http.client.HTTPConnection, data: bytes) -> tuple[int, bytes, str | None]:
    connection.request("POST", "/v1/predict?output=labels", data)
    response = connection.getresponse()
    return response.status, response.read(), response.getheader("Retry-After")


def load(server: Server, options: Options, data: bytes) -> None:
    tally, end = Tally(), time.perf_counter() + options.seconds
    expected = ask(server.connect(), data)[1]

    def client() -> None:
        connection = server.connect()
        while time.perf_counter() < end:
            started = time.perf_counter()
            status, body, retry_after = ask(connection, data)
            with tally.lock:
                tally.statuses[status] += 1
                if status == 200:
                    tally.seconds.append(time.perf_counter() - started)
                    tally.wrong += body != expected
            if status == 503:
                time.sleep(float(retry_after or 1))

    memory = [server.memory_mb()]
    threads = in_threads([client] * options.clients)
    while time.perf_counter() < end:
        time.sleep(options.seconds / 10)
        memory.append(server.memory_mb())
    for thread in threads:
        thread.join()
    times = sorted(tally.seconds)
    p50, p95, p99 = (times[int(share * (len(times) - 1))] for share in (0.5, 0.95, 0.99))
    rate = len(times) / options.seconds
    print(f"{options.clients} clients, {options.seconds:g} s: {rate:.2f} photos/s, statuses {dict(tally.statuses)}")
    print(f"  wrong answers {tally.wrong}; p50 {p50:.2f} s, p95 {p95:.2f} s, p99 {p99:.2f} s; MB {[round(mb) for mb in memory]}")


def slow_heads(server: Server, count: int = 200) -> None:
    connections = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(count)]
    for connection in connections:
        connection.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    started = time.perf_counter()
    probe = server.connect()
    probe.request("GET", "/v1/healthz")
    status = probe.getresponse().status
    answered = time.perf_counter() - started
    time.sleep(HEADER_TIMEOUT_S + 1)
    closed = 0
    for connection in connections:
        connection.settimeout(1)
        with contextlib.suppress(OSError):
            closed += connection.recv(10) == b""
        connection.close()
    print(f"{count} unfinished heads: healthz {status} after {answered:.3f} s; {closed} closed after {HEADER_TIMEOUT_S + 1} s")


def many_at_once(server: Server, data: bytes, count: int = 500) -> None:
    tally = Tally()

    def client() -> None:
        try:
            status: object = ask(server.connect(), data)[0]
        except OSError as error:
            status = type(error).__name__
        with tally.lock:
            tally.statuses[status] += 1

    started = time.perf_counter()
    for thread in in_threads([client] * count):
        thread.join()
    print(f"{count} requests at once: {dict(tally.statuses)} in {time.perf_counter() - started:.1f} s; {server.memory_mb():.0f} MB")


def large_upload(server: Server, megabytes: int = 1000) -> None:
    before, peak, piece = server.memory_mb(), 0.0, bytes(1_000_000)
    with socket.create_connection(("127.0.0.1", server.port), timeout=120) as connection:
        head = f"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: {megabytes * len(piece)}\r\n\r\n"
        connection.sendall(head.encode())
        for _ in range(megabytes):
            connection.sendall(piece)
            peak = max(peak, server.memory_mb())
        status = connection.recv(100).split()[1].decode()
    print(f"upload of {megabytes} MB: {status}; the server grew by {peak - before:.0f} MB")


def in_threads(jobs: list[Callable[[], None]]) -> list[threading.Thread]:
    threads = [threading.Thread(target=job, daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    return threads


def main() -> None:
    options = tyro.cli(Options)
    data = options.photo.read_bytes()
    server = Server(options.max_queue)
    try:
        load(server, options, data)
        slow_heads(server)
        many_at_once(server, data)
        large_upload(server)
        print(f"afterwards: {ask(server.connect(), data)[0]}")
    finally:
        server.process.terminate()
        server.process.wait()


if __name__ == "__main__":
    main()
