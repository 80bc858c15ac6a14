"""What the annotation tool refuses, and with which HTTP status a browser hears of it.

VitruvError
└── Refusal                 `status` and a short `code` for programs; the message is for people
    ├── NoTokenError        401  who are you?
    │   └── WrongTokenError 401  nobody who may come in (any more)
    ├── NotAllowedError     403  not with your role
    ├── NotFoundError       404  no such thing in this project
    ├── TakenError          409  somebody else has it, or it has moved on; nothing was changed
    ├── TooLargeError       413  more bytes or pixels than the project takes
    ├── UnusableError       422  the request has wrong content
    ├── AwayError           503  the database or the model is not there now; try again
    └── FullError           507  no room on the disk; nothing was changed
"""

from __future__ import annotations

from vitruv.errors import VitruvError


class Refusal(VitruvError):
    """Base: a request that was refused and changed nothing."""

    status = 400
    code = "refused"


class NoTokenError(Refusal):
    status, code = 401, "no-token"


class WrongTokenError(NoTokenError):
    code = "wrong-token"


class NotAllowedError(Refusal):
    status, code = 403, "not-allowed"


class NotFoundError(Refusal):
    status, code = 404, "not-found"


class TakenError(Refusal):
    status, code = 409, "taken"


class TooLargeError(Refusal):
    status, code = 413, "too-large"


class UnusableError(Refusal):
    status, code = 422, "unusable"


class AwayError(Refusal):
    status, code = 503, "away"


class FullError(Refusal):
    status, code = 507, "full"
