"""The web application: the HTTP interface, the browser front-end, and how refusals become answers."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware

from vitruv.annotate.domain.project import Project
from vitruv.annotate.domain.proposer import Proposer
from vitruv.annotate.domain.refusals import Refusal
from vitruv.annotate.domain.views import Views
from vitruv.annotate.http import api_project, api_work
from vitruv.annotate.http.access import GuardHeaders
from vitruv.errors import VitruvError

STATIC = Path(__file__).parents[1] / "static"
_ASK_AGAIN = {"cache-control": "no-cache"}


def create_app(project: Project, views: Views, model: Proposer | None = None) -> FastAPI:
    """The server of one project. model: who proposes; None for the model inside the package, where there is one."""
    app = FastAPI(title="Vitruv annotate", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.project = project
    app.state.views = views
    app.state.model = model or Proposer()
    app.include_router(api_work.router)
    app.include_router(api_project.router)

    @app.get("/")
    def index() -> FileResponse:
        return FileResponse(STATIC / "index.html", headers=_ASK_AGAIN)

    app.mount("/static", _Static(directory=STATIC))
    app.add_middleware(GZipMiddleware, minimum_size=2000, compresslevel=5)
    app.add_middleware(GuardHeaders)
    app.add_exception_handler(VitruvError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _broken)
    return app


class _Static(StaticFiles):
    """Files of the front-end; browsers ask each time whether they changed, so an update shows at once."""

    def file_response(self, *args: object, **kwargs: object) -> object:  # type: ignore[override]
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers.update(_ASK_AGAIN)
        return response


def _answer(status: int, code: str, sentence: str) -> JSONResponse:
    headers = {"retry-after": "2"} if status == 503 else None
    return JSONResponse({"error": sentence, "code": code}, status_code=status, headers=headers)


def _refused(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, Refusal):
        return _answer(error.status, error.code, str(error))
    return _answer(422, "unusable", str(error))


def _invalid(request: Request, error: Exception) -> JSONResponse:
    first = error.errors()[0] if isinstance(error, RequestValidationError) else {}
    place = ".".join(str(part) for part in first.get("loc", ()))
    return _answer(422, "unusable", f"{place}: {first.get('msg', 'not usable')}")


def _http(request: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    sentence = {404: "there is nothing at this address", 405: "this address does not take such a request"}.get(status, "refused")
    return _answer(status, "http", sentence)


def _broken(request: Request, error: Exception) -> JSONResponse:
    """A mistake of ours; the traceback is in the server's log."""
    return _answer(500, "broken", "something broke in the server; nothing of this request was saved")
