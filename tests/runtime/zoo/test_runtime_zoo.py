"""Models by name: the table, downloads from a server on this machine, and what is said without one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from rcnn_checkpoints import random_tensors, write_checkpoint
from vitruv.cli import main
from vitruv.errors import FormatError, ModelError
from vitruv.rcnn_config import RCNNArchitecture
from vitruv.runtime.loading import load
from vitruv.runtime.zoo.download import download
from vitruv.runtime.zoo.entries import ADDRESS, CATALOGUE, Entry
from vitruv.runtime.zoo.store import checkpoint_file, fetch, model_folder

NAME = "densepose_rcnn_R_50_FPN_s1x"
TINY = RCNNArchitecture(
    stem_channels=8,
    res2_mid=4,
    res2_out=8,
    fpn_channels=8,
    box_fc=8,
    head_channels=8,
    head_layers=1,
    decoder_channels=8,
)


class Server(ThreadingHTTPServer):
    """Serves one file; cuts connections after `cut` bytes while `cuts` lasts."""

    content = b""
    tag = '"one"'
    cut = 0
    cuts = 0
    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[tuple[str, str | None]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server = self.server
        wanted = self.headers.get("Range")
        server.requests.append((self.path, wanted))
        if server.status != 200:
            self.send_error(server.status)
            return
        start = 0
        if wanted and self.headers.get("If-Range") == server.tag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(server.content) - start))
        self.send_header("ETag", server.tag)
        self.end_headers()
        body = server.content[start:]
        if server.cuts > 0:
            server.cuts -= 1
            body = body[: server.cut]
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("VITRUV_MODELS_URL", running.address)
        monkeypatch.setenv("VITRUV_CACHE", str(tmp_path / "cache"))
        running.content = write_checkpoint(tmp_path / "made.pkl", random_tensors(TINY, seed=0)).read_bytes()
        yield running
        running.shutdown()
        thread.join()


def test_the_table() -> None:
    assert len(CATALOGUE) == 35
    entry = CATALOGUE[NAME]
    assert ADDRESS + entry.path == (
        "https://dl.fbaipublicfiles.com/densepose/densepose_rcnn_R_50_FPN_s1x/165712039/model_final_162be9.pkl"
    )
    assert (entry.megabytes, entry.box_ap, entry.gps_ap, entry.gpsm_ap, entry.licence) == (256, 61.2, 63.7, 65.3, "CC BY-SA 3.0")
    assert CATALOGUE["cse_densepose_rcnn_R_50_FPN_s1x"].path == "cse/densepose_rcnn_R_50_FPN_s1x/251155172/model_final_c4ea5f.pkl"
    assert [name for name, entry in CATALOGUE.items() if entry.box_pooler_aligned] == [n for n in CATALOGUE if "Atop10P" in n]


def test_a_model_by_name(server: Server) -> None:
    shown: list[tuple[str, int, int | None]] = []

    def announce(entry: Entry, target: Path) -> None:
        shown.append((entry.licence, 0, None))

    predictor = load(NAME, device="cpu", announce=announce)
    assert len(predictor(np.zeros((40, 40, 3), np.uint8), boxes=[[0, 0, 20, 30]])) == 1
    assert server.requests == [(f"/{CATALOGUE[NAME].path}", None)] and shown == [("CC BY-SA 3.0", 0, None)]
    load(NAME, device="cpu", announce=announce)
    assert len(server.requests) == 1, "the second time nothing is downloaded and no licence shown"
    assert not checkpoint_file(CATALOGUE[NAME]).exists()


def test_cut_connections_are_resumed(server: Server, tmp_path: Path) -> None:
    server.content, server.cut, server.cuts = bytes(range(256)) * 4000, 300_000, 3
    seen: list[tuple[int, int | None]] = []
    download(f"{server.address}/file", tmp_path / "file", progress=lambda done, total: seen.append((done, total)))
    assert (tmp_path / "file").read_bytes() == server.content
    assert [wanted for _, wanted in server.requests] == [None, "bytes=300000-", "bytes=600000-", "bytes=900000-"]
    assert seen[-1] == (len(server.content), len(server.content)) and [d for d, _ in seen] == sorted(d for d, _ in seen)
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith("file")) == ["file"]


def test_a_stopped_download_goes_on_later(server: Server, tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    def stop(done: int, total: int | None) -> None:
        raise StopError

    server.content = b"x" * 700_000
    with pytest.raises(StopError):
        download(f"{server.address}/file", tmp_path / "file", progress=stop)
    kept = (tmp_path / "file.part").stat().st_size
    assert 0 < kept < 700_000 and not (tmp_path / "file").exists()
    download(f"{server.address}/file", tmp_path / "file")
    assert server.requests[-1][1] == f"bytes={kept}-" and (tmp_path / "file").read_bytes() == server.content


def test_a_changed_file_is_not_mixed_with_the_old_one(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(b"old")
    (tmp_path / "file.etag").write_text('"zero"')
    server.content = b"entirely new"
    download(f"{server.address}/file", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"entirely new"


def test_a_server_that_refuses(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.status = 404
    entry = CATALOGUE[NAME]
    with pytest.raises(ModelError, match=r"cannot be downloaded .the server answers 404"):
        fetch(NAME)
    assert len(server.requests) == 1, "a refusal is final"
    assert main(["models", "--download", NAME]) == 1
    printed = capsys.readouterr().err
    assert f"put the file there yourself as {checkpoint_file(entry)}" in printed and not model_folder(entry).exists()


def test_no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with Server() as unused:
        address = unused.address
    monkeypatch.setenv("VITRUV_MODELS_URL", address)
    monkeypatch.setenv("VITRUV_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match=r"cannot be downloaded .connection refused.; without a network, put the file"):
        load(NAME)


def test_a_file_put_there_by_hand(server: Server) -> None:
    place = checkpoint_file(CATALOGUE[NAME])
    place.parent.mkdir(parents=True)
    place.write_bytes(server.content)
    assert fetch(NAME) == model_folder(CATALOGUE[NAME])
    assert server.requests == [] and place.exists(), "what the user put there stays"


def test_what_is_no_checkpoint_is_not_kept_as_a_model(server: Server) -> None:
    server.content = b"<html>not found</html>"
    with pytest.raises(FormatError):
        fetch(NAME)
    assert not model_folder(CATALOGUE[NAME]).exists() and not checkpoint_file(CATALOGUE[NAME]).exists()


def test_a_checkpoint_file_as_model(server: Server, tmp_path: Path) -> None:
    for _ in range(2):  # converted once, then found again
        load(tmp_path / "made.pkl", device="cpu")
    assert len(list((tmp_path / "cache" / "models").iterdir())) == 1 and server.requests == []


def test_unknown_names(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ModelError, match="or a name that `vitruv models` lists"):
        load("densepose_rcnn_R_51")
    assert main(["models", "--download", "densepose_rcnn_R_51"]) == 1
    assert "no model 'densepose_rcnn_R_51'" in capsys.readouterr().err


def test_the_list(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    fetch(NAME)
    assert main(["models"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in CATALOGUE) and "CC BY-SA 3.0" in printed
    row = next(line for line in printed.splitlines() if line.startswith(f"{NAME} "))
    assert "yes, " in row and "63.7" in row
    assert main(["models", "--addresses"]) == 0
    assert ADDRESS + CATALOGUE[NAME].path in capsys.readouterr().out
