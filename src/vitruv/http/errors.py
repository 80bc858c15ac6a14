"""Errors that a server answers with an HTTP status; each leaves everything as it was.

VitruvError
└── RequestError                      `status`, and a short `code` for programs; the message is for people
    ├── NoTokenError                  401  the request carries no token
    │   └── WrongTokenError           401  the token is unknown or no longer valid
    ├── NotAllowedError               403  the caller's role does not allow this
    ├── NotFoundError                 404  there is no such thing here
    ├── NotAcceptableError            406  none of the formats that the caller accepts can be produced
    ├── TimedOutError                 408  the request did not arrive in time
    ├── ConflictError                 409  somebody else holds it, or it has changed meanwhile
    ├── TooLargeError                 413  more bytes or pixels than the server accepts
    ├── UnprocessableError            422  the request was understood, but its content cannot be used
    ├── UnavailableError              503  something the server needs is busy or unreachable; try again
    └── InsufficientStorageError      507  the disk is full
"""

from __future__ import annotations

from typing import ClassVar

from vitruv.errors import VitruvError


class RequestError(VitruvError):
    """A request that was refused and changed nothing. `retry_after_s`: when to try again, for the header Retry-After."""

    status = 400
    code: ClassVar[str] = "bad-request"
    retry_after_s: int | None = None


class NoTokenError(RequestError):
    status, code = 401, "no-token"


class WrongTokenError(NoTokenError):
    code = "wrong-token"


class NotAllowedError(RequestError):
    status, code = 403, "not-allowed"


class NotFoundError(RequestError):
    status, code = 404, "not-found"


class NotAcceptableError(RequestError):
    status, code = 406, "not-acceptable"


class TimedOutError(RequestError):
    status, code = 408, "timed-out"


class ConflictError(RequestError):
    status, code = 409, "conflict"


class TooLargeError(RequestError):
    status, code = 413, "too-large"


class UnprocessableError(RequestError):
    status, code = 422, "unprocessable"


class UnavailableError(RequestError):
    status, code = 503, "unavailable"
    retry_after_s = 2


class InsufficientStorageError(RequestError):
    status, code = 507, "insufficient-storage"
