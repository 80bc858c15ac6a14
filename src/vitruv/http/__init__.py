"""What every server of Vitruv shares: errors as answers, security headers, limits on request bodies, sockets.

The annotation tool (`annotate.http`) is built on it, and so is any other FastAPI application of the package.
"""

from vitruv.http.error_answers import answer_errors, error_answer
from vitruv.http.errors import (
    ConflictError,
    InsufficientStorageError,
    NotAcceptableError,
    NotAllowedError,
    NotFoundError,
    NoTokenError,
    RequestError,
    TimedOutError,
    TooLargeError,
    UnavailableError,
    UnprocessableError,
    WrongTokenError,
)
from vitruv.http.headers import DATA_ONLY, PAGES, SecurityHeaders
from vitruv.http.request_bodies import json_object, read_body, save_body
from vitruv.http.routes import PlainRoute
from vitruv.http.sockets import is_loopback, listen

__all__ = [
    "DATA_ONLY",
    "PAGES",
    "ConflictError",
    "InsufficientStorageError",
    "NoTokenError",
    "NotAcceptableError",
    "NotAllowedError",
    "NotFoundError",
    "PlainRoute",
    "RequestError",
    "SecurityHeaders",
    "TimedOutError",
    "TooLargeError",
    "UnavailableError",
    "UnprocessableError",
    "WrongTokenError",
    "answer_errors",
    "error_answer",
    "is_loopback",
    "json_object",
    "listen",
    "read_body",
    "save_body",
]
