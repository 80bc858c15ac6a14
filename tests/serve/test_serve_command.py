"""`vitruv serve` as a process: it answers, and SIGTERM ends it with everything answered."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "astronaut.jpg"


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "vitruv", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        yield started
        started.kill()


def test_the_command(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("Serving on http://localhost:"), process.stderr.read() if process.stderr else ""
    address = line.split()[2]
    answers: list[bytes] = []

    def ask() -> None:
        with urllib.request.urlopen(f"{address}v1/predict?output=labels", EXAMPLE.read_bytes(), timeout=60) as response:
            answers.append(response.read())

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + 60
    while True:  # until all have been accepted; none is counted twice
        assert time.monotonic() < end, "the requests did not arrive"
        answered = len(answers)
        with urllib.request.urlopen(f"{address}v1/metrics", timeout=60) as response:
            text = response.read().decode()
        inside = float(text.split("\nvitruv_open_requests ")[1].split()[0])
        if inside + answered >= 3:
            break
    process.send_signal(signal.SIGTERM)
    for thread in threads:
        thread.join(60)
    output, errors = process.communicate(timeout=60)
    assert len(answers) == 3, errors
    assert answers[0] == answers[1] == answers[2]
    assert answers[0].startswith(b"\x89PNG")
    assert (output, errors) == ("", "")
