"""At the door of the server: who asks, what they send, and the headers on every answer."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vitruv.annotate.accounts import Annotator, by_token
from vitruv.annotate.project import Project
from vitruv.annotate.proposals import Model
from vitruv.annotate.refusals import NotAllowedError, TooLargeError, UnusableError
from vitruv.annotate.views import Views

MAX_BODY_BYTES = 4_000_000
"""For anything but a photo or an import: 14 masks of the worst case stay well below."""

_SAFE = ("GET", "HEAD")

_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class GuardHeaders:
    """ASGI middleware: the standard security headers on every answer, and no caching unless the answer says otherwise."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                extra = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
                if b"cache-control" not in present:
                    extra.append((b"cache-control", b"no-store"))
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        await self.app(scope, receive, send_guarded if scope["type"] == "http" else send)


def project_of(request: Request) -> Project:
    project: Project = request.app.state.project
    return project


def views_of(request: Request) -> Views:
    views: Views = request.app.state.views
    return views


def model_of(request: Request) -> Model:
    model: Model = request.app.state.model
    return model


def cookie_name(project: Project) -> str:
    """Cookies do not know ports: two projects on one machine need two names."""
    return f"vitruv_{project.id[:8]}"


def who(request: Request) -> Annotator:
    """Who asks, by the session cookie or an `Authorization: Bearer` header."""
    project = project_of(request)
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return by_token(project, bearer.strip())
    # A page elsewhere can send a form with the cookie, but not a header of its own.
    if request.method not in _SAFE and request.headers.get("x-vitruv") is None:
        raise NotAllowedError("requests with a cookie need the header X-Vitruv")
    return by_token(project, request.cookies.get(cookie_name(project)))


async def body_bytes(request: Request, limit: int, what: str) -> bytes:
    """The body of a request, up to `limit` bytes. A longer one is read to its end and thrown away, so that the answer arrives."""
    declared = request.headers.get("content-length", "")
    too_large = declared.isdigit() and int(declared) > limit
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        too_large = too_large or size > limit
        if too_large:
            chunks.clear()
        else:
            chunks.append(chunk)
    if too_large:
        raise TooLargeError(f"{what}: more than {limit / 1e6:g} MB")
    return b"".join(chunks)


async def json_object(request: Request) -> dict[str, Any]:
    """The body as a JSON object; an absent body is an empty one."""
    data = await body_bytes(request, MAX_BODY_BYTES, "the request")
    return parse_object(data or b"{}")


def parse_object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise UnusableError("the request is not JSON") from None
    if not isinstance(value, dict):
        raise UnusableError(f"the request must be a JSON object, but is a {type(value).__name__}")
    return value


Who = Annotated[Annotator, Depends(who)]
InProject = Annotated[Project, Depends(project_of)]
WithViews = Annotated[Views, Depends(views_of)]
WithModel = Annotated[Model, Depends(model_of)]
Body = Annotated[dict[str, Any], Depends(json_object)]
LeaseKey = Annotated[str | None, Header(alias="X-Lease")]
