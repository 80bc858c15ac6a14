"""At the door of the server: who asks, what handlers get, and the headers on every answer."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Header, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vitruv.annotate.domain.accounts import Annotator, by_token
from vitruv.annotate.domain.project import Project
from vitruv.annotate.domain.proposer import Proposer
from vitruv.annotate.domain.refusals import NotAllowedError
from vitruv.annotate.domain.views import Views
from vitruv.annotate.http.bodies import json_object

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


# These three are coroutines because they need no thread of their own: each change of threads costs as much as a query.


async def project_of(request: Request) -> Project:
    project: Project = request.app.state.project
    return project


async def views_of(request: Request) -> Views:
    views: Views = request.app.state.views
    return views


async def model_of(request: Request) -> Proposer:
    model: Proposer = request.app.state.model
    return model


def cookie_name(project: Project) -> str:
    """Cookies do not know ports: two projects on one machine need two names."""
    return f"vitruv_{project.id[:8]}"


def who(request: Request) -> Annotator:
    """Who asks, by the session cookie or an `Authorization: Bearer` header."""
    project: Project = request.app.state.project
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return by_token(project, bearer.strip())
    # A page elsewhere can send a form with the cookie, but not a header of its own.
    if request.method not in _SAFE and request.headers.get("x-vitruv") is None:
        raise NotAllowedError("requests with a cookie need the header X-Vitruv")
    return by_token(project, request.cookies.get(cookie_name(project)))


Who = Annotated[Annotator, Depends(who)]
InProject = Annotated[Project, Depends(project_of)]
WithViews = Annotated[Views, Depends(views_of)]
WithModel = Annotated[Proposer, Depends(model_of)]
Body = Annotated[dict[str, Any], Depends(json_object)]
LeaseKey = Annotated[str | None, Header(alias="X-Lease")]
