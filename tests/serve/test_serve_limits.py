"""A service under pressure: limits, a full queue, clients that leave, tokens, and a graceful stop."""

from __future__ import annotations

import gc
import http.client
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from serving import PERSON, Answer, Service, form, photo, png

from vitruv.errors import FormatError, InputError, MissingFileError, ModelError
from vitruv.http.header_timeout import PatientProtocol
from vitruv.results import DensePoses
from vitruv.runtime import Predictor
from vitruv.serve import Engine, Limits, read_tokens
from vitruv.serve.engine import Photo

TOKEN = "a-token-that-is-long-enough"


class Gate:
    """A model that finds nobody, once the test lets it."""

    threshold = 0.5

    def __init__(self) -> None:
        self.open = threading.Event()
        self.begun = threading.Semaphore(0)
        self.sizes: list[int] = []

    def predict(self, rgb: Any, *, boxes_xyxy: Any, threshold: float) -> DensePoses:
        self.sizes.append(rgb.shape[1])
        self.begun.release()
        assert self.open.wait(30)
        return DensePoses.empty((rgb.shape[0], rgb.shape[1]))


class Broken:
    threshold = 0.5

    def predict(self, rgb: Any, *, boxes_xyxy: Any, threshold: float) -> DensePoses:
        if rgb.shape[1] == 13:
            raise ModelError("/secret/place/model.json: it broke")
        return DensePoses.empty((rgb.shape[0], rgb.shape[1]))


def blank(width: int) -> bytes:
    return png(np.zeros((8, width, 3), np.uint8))


def _in_background(ask: Callable[[], Answer]) -> tuple[threading.Thread, list[Answer]]:
    answers: list[Answer] = []
    thread = threading.Thread(target=lambda: answers.append(ask()), daemon=True)
    thread.start()
    return thread, answers


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def test_a_full_queue_answers_at_once(toy: Path) -> None:
    gate = Gate()
    with Service(toy, predictor=Predictor(gate), limits=Limits(max_queue=1, max_batch=1)) as service:
        first = _in_background(lambda: service.predict(blank(10)))
        assert gate.begun.acquire(timeout=20)  # one is computed ...
        second = _in_background(lambda: service.predict(blank(11)))
        _until(lambda: service.engine.waiting == 1)  # ... and one waits
        assert service.ask("GET", "/v1/readyz").status == 503
        refused = service.predict(blank(12))
        assert (refused.status, refused.json) == (503, {"error": "the queue is full: try again later", "code": "unavailable"})
        assert int(refused.headers["retry-after"]) >= 1
        gate.open.set()
        for thread, answers in (first, second):
            thread.join(30)
            assert answers[0].status == 200, "what was accepted is answered"
        assert service.ask("GET", "/v1/readyz").json == {"status": "ready"}


def test_a_client_that_leaves_costs_nothing_more(toy: Path, caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate()
    with Service(toy, predictor=Predictor(gate), limits=Limits(max_batch=1)) as service:
        stays = _in_background(lambda: service.predict(blank(10)))
        assert gate.begun.acquire(timeout=20)
        data = blank(99)
        with socket.create_connection(("127.0.0.1", service.port)) as leaves:
            leaves.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(data) + data)
            _until(lambda: service.engine.waiting == 1)
        last = _in_background(lambda: service.predict(blank(11)))
        _until(lambda: service.ask("GET", "/v1/metrics").body.count(b'path="/v1/predict",status="499"') > 0)
        gate.open.set()
        for thread, answers in (stays, last):
            thread.join(30)
            assert answers[0].status == 200
        assert 99 not in gate.sizes, "the photo of the client that left was not computed"
    gc.collect()
    assert [record.getMessage() for record in caplog.records] == [], "and nothing is in the log"


def test_time_limits(toy: Path) -> None:
    gate = Gate()
    limits = Limits(timeout_s=0.3, read_timeout_s=0.3)
    with Service(toy, predictor=Predictor(gate), limits=limits) as service:
        answer = service.predict(blank(10))
        assert (answer.status, answer.json["error"]) == (503, "the answer took longer than 0.3 seconds")
        gate.open.set()
        with socket.create_connection(("127.0.0.1", service.port), timeout=20) as slow:
            slow.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
            assert slow.recv(65536).startswith(b"HTTP/1.1 408")
        assert service.predict(blank(10)).status == 200


def test_connections_that_send_nothing_are_closed(toy: Path) -> None:
    class Impatient(PatientProtocol):
        header_timeout_s = 0.3

    with Service(toy, protocol=Impatient) as service:
        with socket.create_connection(("127.0.0.1", service.port), timeout=20) as silent:
            assert silent.recv(10) == b"", "closed by the server"
        with socket.create_connection(("127.0.0.1", service.port), timeout=20) as dribbles:
            dribbles.sendall(b"GET /v1/healthz HTTP/1.1\r\nHost: x\r\nX-Slow: a")
            assert dribbles.recv(10) == b""
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)
        for _ in range(2):  # a kept connection may be used again
            connection.request("GET", "/v1/healthz")
            assert connection.getresponse().read() == b'{"status":"ok"}'
        connection.close()


def test_bytes_and_pixels(toy: Path) -> None:
    with Service(toy, limits=Limits(max_bytes=20_000, max_pixels=10_000)) as service:
        answer = service.predict(bytes(30_000))
        assert (answer.status, answer.json["error"]) == (413, "the image: more than 0.02 MB, the limit of this server")
        answer = service.predict(photo())
        assert (answer.status, answer.json["error"]) == (413, "the image has 160 x 120 pixels; the limit is 0.01 million")
        bomb = _png_head(60_000, 60_000)
        answer = service.predict(bomb)
        assert (answer.status, answer.json["code"]) == (413, "too-large")
        body, kind = form([("images", "bomb.png", bomb), ("images", "small.png", blank(10))])
        first, second = service.ask("POST", "/v1/predict/batch", body, content_type=kind).json
        assert (first["code"], second["results"]) == ("too-large", [])


def _png_head(width: int, height: int) -> bytes:
    """The start of a PNG that claims to be large."""
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + _chunk(b"IDAT" + bytes(9))
    )


def _chunk(content: bytes) -> bytes:
    return struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))


def test_people_beyond_the_limit_are_left_out(toy: Path) -> None:
    with Service(toy, limits=Limits(max_people=1)) as service:
        answer = service.predict(photo(PERSON, (92, 20, 56, 80)))
        (best,) = answer.json
        assert best["score"] == pytest.approx(0.9)
        assert (answer.headers["x-people"], answer.headers["x-people-omitted"]) == ("1", "1")


def test_one_photo_does_not_cost_the_others_theirs(toy: Path) -> None:
    with Service(toy, predictor=Predictor(Broken())) as service:
        body, kind = form([("images", "a.png", blank(13))])
        answer = service.ask("POST", "/v1/predict/batch", body, content_type=kind)
        assert (answer.status, answer.json["code"]) == (500, "internal")
        assert b"secret" not in answer.body
        gathered = service.engine.submit([Photo(blank(width)) for width in (12, 13, 14)])
        assert [type(future.exception(20)) for future in gathered] == [type(None), ModelError, type(None)]


def test_tokens(toy: Path) -> None:
    with Service(toy, tokens=[TOKEN, "another-token-of-the-file"]) as service:
        for headers, code in (
            ({}, "no-token"),
            ({"Authorization": "Basic abc"}, "no-token"),
            ({"Authorization": "Bearer no"}, "wrong-token"),
        ):
            answer = service.predict(photo(), headers)
            assert (answer.status, answer.json["code"], answer.headers["www-authenticate"]) == (401, code, "Bearer")
        assert service.ask("GET", "/v1/metrics").status == 401
        assert service.ask("GET", "/v1/models").status == 401
        assert service.ask("GET", "/v1/healthz").status == 200, "probes need no token"
        assert service.predict(photo(), {"Authorization": f"Bearer {TOKEN}"}).status == 200


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no token in this file"),
        ("# only this\n", "there is no token"),
        ("short\n", "line 1: a token needs"),
    ],
)
def test_token_files_that_cannot_be_used(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "tokens").write_text(text)
    with pytest.raises(FormatError, match=message):
        read_tokens(tmp_path / "tokens")


def test_token_files(tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text(f"# for the shop\n{TOKEN}\n\n")
    assert read_tokens(tmp_path / "tokens") == [TOKEN]
    with pytest.raises(MissingFileError):
        read_tokens(tmp_path / "nowhere")


def test_a_stop_finishes_what_was_accepted(toy: Path) -> None:
    gate = Gate()
    with Service(toy, predictor=Predictor(gate), limits=Limits(max_batch=1)) as service:
        asked = [_in_background(lambda width=width: service.predict(blank(width))) for width in (10, 11)]
        assert gate.begun.acquire(timeout=20)
        _until(lambda: service.engine.waiting == 1)
        service.stop()
        gate.open.set()
        for thread, answers in asked:
            thread.join(30)
            assert answers[0].status == 200
    assert not service.engine.is_open
    with pytest.raises(Exception, match="the service is stopping"):
        service.engine.submit([Photo(blank(10))])


def test_an_engine_closes_with_nothing_to_do() -> None:
    Engine([Predictor(Broken())], Limits()).close()


@pytest.mark.parametrize("value", [0, -1, True, float("nan")])
def test_limits_must_be_positive(value: float) -> None:
    with pytest.raises(InputError, match="max_queue must be a positive number"):
        Limits(max_queue=value)  # type: ignore[arg-type]
