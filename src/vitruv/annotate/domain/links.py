"""Personal links: the address at which a project is served, and somebody's token."""

from __future__ import annotations

from urllib.parse import urlsplit

from vitruv.annotate.domain.project import Project
from vitruv.errors import InputError
from vitruv.files import replacing

_FILE = "server-address"


def personal_link(address: str, token: str) -> str:
    """The link that lets the holder of a token in. The part after # never leaves the browser."""
    return f"{address}/#/enter/{token}"


def save_address(project: Project, address: str) -> str:
    """Remember the address at which people reach the project's server, for links made later. Returns it without a final slash.

    Raises InputError when it is not an http or https address.
    """
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise InputError(f"--address must look like https://annotate.example.org, but got {address!r}")
    address = address.rstrip("/")
    with replacing(project.folder / _FILE) as file:
        file.write(address.encode())
    return address


def last_address(project: Project) -> str | None:
    """The address at which the project was last served; None when it never was."""
    try:
        return (project.folder / _FILE).read_text().strip() or None
    except (OSError, UnicodeDecodeError):
        return None
