"""Tokens: whoever holds one may use the service."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from pathlib import Path

from vitruv.errors import FormatError, MissingFileError, UnreadableFileError
from vitruv.http.errors import NoTokenError, WrongTokenError

MIN_LENGTH = 16


class Tokens:
    """Compares tokens in constant time; only their hashes are kept. Without any token everybody may come in."""

    def __init__(self, tokens: Sequence[str] = ()) -> None:
        self._digests = [_digest(token) for token in tokens]

    def check(self, authorization: str | None) -> None:
        """authorization: the header's value. Raises NoTokenError or WrongTokenError."""
        if not self._digests:
            return
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise NoTokenError("this service needs a token: send the header `Authorization: Bearer TOKEN`")
        digest = _digest(token.strip())
        matches = [hmac.compare_digest(digest, known) for known in self._digests]  # all: time must not tell which one matched
        if not any(matches):
            raise WrongTokenError("this token is not valid")


def read_tokens(path: Path) -> list[str]:
    """Tokens of a file, one a line; empty lines and lines that start with # are skipped.

    Raises MissingFileError, UnreadableFileError, or FormatError when there is no token or one is too short.
    """
    try:
        lines = [line.strip() for line in path.read_text().splitlines()]
    except FileNotFoundError:
        raise MissingFileError(path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFileError(path, getattr(error, "strerror", None) or "this is not a text file") from None
    tokens = [line for line in lines if line and not line.startswith("#")]
    if not tokens:
        raise FormatError(path, "there is no token in this file: write one a line")
    for number, line in enumerate(lines, start=1):
        if line in tokens and (len(line) < MIN_LENGTH or not line.isascii() or " " in line):
            raise FormatError(path, f"line {number}: a token needs at least {MIN_LENGTH} ASCII characters without spaces")
    return tokens


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
