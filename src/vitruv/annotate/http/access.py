"""What request handlers depend on: the caller, the project, its views and the model."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Header, Request

from vitruv.annotate.domain.accounts import Annotator, by_token
from vitruv.annotate.domain.project import Project
from vitruv.annotate.domain.proposer import Proposer
from vitruv.annotate.domain.views import Views
from vitruv.http.errors import NotAllowedError
from vitruv.http.request_bodies import json_object

_SAFE = ("GET", "HEAD")

# These three are coroutines so that they need no thread of their own: each switch of threads costs as much as a query.


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
    """Cookies are shared by all ports of a host, so each project needs a name of its own."""
    return f"vitruv_{project.id[:8]}"


def current_annotator(request: Request) -> Annotator:
    """The caller, identified by the session cookie or an `Authorization: Bearer` header."""
    project: Project = request.app.state.project
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return by_token(project, bearer.strip())
    # Another site can make a browser send a form with the cookie, but not a custom header.
    if request.method not in _SAFE and request.headers.get("x-vitruv") is None:
        raise NotAllowedError("requests with a cookie need the header X-Vitruv")
    return by_token(project, request.cookies.get(cookie_name(project)))


CurrentAnnotator = Annotated[Annotator, Depends(current_annotator)]
InProject = Annotated[Project, Depends(project_of)]
WithViews = Annotated[Views, Depends(views_of)]
WithModel = Annotated[Proposer, Depends(model_of)]
Body = Annotated[dict[str, Any], Depends(json_object)]
LeaseKey = Annotated[str | None, Header(alias="X-Lease")]
