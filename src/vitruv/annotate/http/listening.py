"""The socket that a server of the tool listens on."""

from __future__ import annotations

import socket

from vitruv.errors import InputError


def listen(host: str, port: int) -> socket.socket:
    """A TCP socket bound to an address of this machine; port 0 takes a free one.

    Raises InputError when the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol must be named: asyncio sends small pieces at once only on sockets that say TCP. Without it the head and the
    # body of an answer wait for each other, some 40 ms each time.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise InputError(f"cannot listen on {host}:{port}: {(error.strerror or str(error)).lower()}") from None
    return listening
