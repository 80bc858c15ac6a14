"""The web application: the HTTP interface and the pages."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.gzip import GZipMiddleware

from vitruv.annotate.domain import Project, Proposer, Views
from vitruv.annotate.http import api_project, api_work
from vitruv.http import PAGES, SecurityHeaders, answer_errors

STATIC = Path(__file__).parents[1] / "static"
_REVALIDATE = {"cache-control": "no-cache"}


def create_app(project: Project, views: Views, model: Proposer | None = None) -> FastAPI:
    """The server of one project. model: makes the proposals; None uses the embedded model, if there is one."""
    app = FastAPI(title="Vitruv annotate", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.project = project
    app.state.views = views
    app.state.model = model or Proposer()
    app.include_router(api_work.router)
    app.include_router(api_project.router)

    @app.get("/")
    def index() -> FileResponse:
        return FileResponse(STATIC / "index.html", headers=_REVALIDATE)

    app.mount("/static", _Static(directory=STATIC))
    app.add_middleware(GZipMiddleware, minimum_size=2000, compresslevel=5)
    app.add_middleware(SecurityHeaders, policy=PAGES)
    answer_errors(app)
    return app


class _Static(StaticFiles):
    """Files of the pages; browsers check each time whether they changed, so an update shows at once."""

    def file_response(self, *args: object, **kwargs: object) -> object:  # type: ignore[override]
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers.update(_REVALIDATE)
        return response
