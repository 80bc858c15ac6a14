"""The socket that a server listens on."""

from __future__ import annotations

import ipaddress
import socket

from vitruv.errors import InputError

_BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """A TCP socket that listens on an address of this machine; port 0 takes a free one.

    Clients can connect from now on; they are answered as soon as a server takes the socket over.

    Raises InputError when the port is no port, or the address cannot be used.
    """
    if not 0 <= port <= 65535:
        raise InputError(f"--port must be from 0 to 65535, but got {port}")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol must be named: asyncio disables Nagle's algorithm only on sockets that say TCP. Without it the head and the
    # body of an answer wait for each other, some 40 ms each time.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(_BACKLOG)
    except OSError as error:
        bound.close()
        raise InputError(f"cannot listen on {host}:{port}: {(error.strerror or str(error)).lower()}") from None
    return bound


def is_loopback(host: str) -> bool:
    """Whether a server on this address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
