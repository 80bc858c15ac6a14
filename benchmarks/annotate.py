"""How many annotators one server carries: 20 of them at once, on SQLite and on PostgreSQL.

    python benchmarks/annotate.py                             # SQLite
    python benchmarks/annotate.py --database postgresql://... # an empty database

Each annotator works as the browser does: takes a task, reads it, answers its points one by one, saves masks, hands in, takes the
next. They do not pause, which is some 50 times faster than people. The server is the one of the command line, in a process of its
own; the annotators share another.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vitruv.annotate import Project, Views, add_photo, invite
from vitruv.annotate.domain.leases import take_next
from vitruv.annotate.domain.masks import encode_mask
from vitruv.annotate.domain.people import save_boxes
from vitruv.annotate.domain.workflow import submit
from vitruv.annotate.study.local_server import Client, HTTPError
from vitruv.surface import Atlas

START_S = 120.0


class Timed:
    """A client that remembers how long each kind of request took."""

    def __init__(self, client: Client, times: dict[str, list[float]]) -> None:
        self.client = client
        self.times = times

    def __call__(self, kind: str, method: str, path: str, body: object = None, lease: str = "") -> dict[str, Any]:
        started = time.perf_counter()
        answer = self.client(method, path, body, lease=lease)
        self.times.setdefault(kind, []).append(time.perf_counter() - started)
        return answer


def prepare(project: Project, people: int) -> dict[str, str]:
    """Photos with boxed people whose parts wait. Returns the masks that annotators will save."""
    owner, _ = invite(project, "Preparer", "owner")
    for i in range(people):
        stream = io.BytesIO()
        Image.new("RGB", (320, 400), (i % 256, i // 256, 90)).save(stream, "PNG")
        add_photo(project, f"{i}.png", stream.getvalue())
        lease = take_next(project, owner, ["boxes"])
        assert lease is not None
        save_boxes(project, owner, lease.task_id, lease.key, [{"x": 20, "y": 20, "w": 260, "h": 360}])
        submit(project, owner, lease.task_id, lease.key)
    y, x = np.mgrid[:256, :256]
    places = {1: (128, 110, 42), 14: (128, 40, 24), 6: (108, 190, 20), 7: (150, 190, 20), 10: (180, 100, 16), 11: (76, 100, 16)}
    return {str(part): encode_mask((x - cx) ** 2 + (y - cy) ** 2 < r * r) for part, (cx, cy, r) in places.items()}


def annotate(ask: Timed, masks: dict[str, str], stop_at: float, counts: dict[str, int], lock: threading.Lock) -> None:
    views: dict[int, list[list[float]]] = {}
    rng = np.random.default_rng()
    while time.perf_counter() < stop_at:
        lease = ask("next", "POST", "/api/next", {"kinds": ["points", "parts"]})["lease"]
        if lease is None:
            return
        task_id, key = lease["task_id"], lease["key"]
        task = ask("open", "GET", f"/api/tasks/{task_id}")
        if task["kind"] == "parts":
            for part, counts_ in masks.items():
                ask("mask", "PUT", f"/api/tasks/{task_id}/masks", {"parts": {part: counts_}}, key)
        for point in task.get("points", []):
            if point["state"] != "open" or time.perf_counter() > stop_at:
                continue
            size = views.get(point["part"])
            if size is None:
                shown = ask("views", "GET", f"/api/views/{point['part']}")
                size = views[point["part"]] = [[shown["width"] / 2, shown["height"] / 2]]
            x, y = size[0]
            click = {"view": int(rng.integers(2)), "x": x, "y": y, "seconds": 3.0}
            try:
                ask("point", "PUT", f"/api/tasks/{task_id}/points/{point['n']}", click, key)
            except HTTPError:
                ask("point", "PUT", f"/api/tasks/{task_id}/points/{point['n']}", {"state": "skipped"}, key)
        if time.perf_counter() < stop_at:
            ask("submit", "POST", f"/api/tasks/{task_id}/submit", lease=key)
            with lock:
                counts[task["kind"]] = counts.get(task["kind"], 0) + 1


def start_server(folder: Path, database: str | None) -> tuple[subprocess.Popen[bytes], int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "vitruv", "annotate", "serve", "--project", str(folder), "--port", str(port)]
    server = subprocess.Popen([*command, *(["--database", database] if database else [])], stdout=subprocess.DEVNULL)
    started = time.monotonic()
    while time.monotonic() - started < START_S:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/")
            if connection.getresponse().status == 200:
                return server, port
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the server did not start")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", help="URL of an empty PostgreSQL database; SQLite without it")
    parser.add_argument("--annotators", type=int, default=20)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--views", type=Path, help="folder to keep the views in, so that the next run does not draw them again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Project.open(Path(folder) / "load", options.database)
        masks = prepare(project, options.people)
        tokens = [invite(project, f"annotator {i}")[1] for i in range(options.annotators)]
        views = options.views or project.folder / "views"
        Views(Atlas.load(), views).warm()  # a server does this once, in the background
        if options.views:
            shutil.copytree(options.views, project.folder / "views")
        server, port = start_server(project.folder, options.database)
        times: dict[str, list[float]] = {}
        counts: dict[str, int] = {}
        lock = threading.Lock()
        clients = [Client(port, token) for token in tokens]
        begun = time.perf_counter()
        work = [
            threading.Thread(target=annotate, args=(Timed(client, times), masks, begun + options.seconds, counts, lock))
            for client in clients
        ]
        for thread in work:
            thread.start()
        for thread in work:
            thread.join()
        took = time.perf_counter() - begun
        server.terminate()
        server.wait()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        project.close()
    every = np.concatenate([np.array(values) for values in times.values()])
    database = "PostgreSQL" if options.database else "SQLite"
    print(f"{database}: {options.annotators} annotators, {took:.0f} s, finished {json.dumps(counts)}")
    print(f"server: {used.ru_utime + used.ru_stime:.1f} s of CPU time, its start included")
    print(f"{'request':<10}{'count':>8}{'per s':>8}{'median ms':>11}{'p95 ms':>9}{'max ms':>9}")
    for kind, values in [("all", every), *sorted(times.items())]:
        ms = 1000 * np.asarray(values)
        print(f"{kind:<10}{len(ms):>8}{len(ms) / took:>8.1f}{np.median(ms):>11.1f}{np.percentile(ms, 95):>9.1f}{ms.max():>9.1f}")


if __name__ == "__main__":
    main()
