"""Sockets that servers listen on."""

from __future__ import annotations

import socket

import pytest

from vitruv.errors import InputError
from vitruv.http import is_loopback, listen


def test_clients_can_connect_before_a_server_runs() -> None:
    with listen("127.0.0.1", 0) as bound, socket.create_connection(bound.getsockname(), timeout=5) as client:
        client.sendall(b"hello")
        with bound.accept()[0] as accepted:
            assert accepted.recv(5) == b"hello"


def test_a_port_that_is_taken() -> None:
    with (
        listen("127.0.0.1", 0) as bound,
        pytest.raises(InputError, match=r"^cannot listen on 127\.0\.0\.1:\d+: address already in use$"),
    ):
        listen("127.0.0.1", bound.getsockname()[1])


@pytest.mark.parametrize("port", [-1, 65536])
def test_ports_that_are_none(port: int) -> None:
    with pytest.raises(InputError, match=f"^--port must be from 0 to 65535, but got {port}$"):
        listen("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "expected"), [("localhost", True), ("127.0.0.1", True), ("::1", True), ("0.0.0.0", False), ("example.org", False)]
)
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
