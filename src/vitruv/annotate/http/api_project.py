"""The HTTP interface around the work: sessions, the team, photos, settings, views, import and export."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from vitruv.annotate.domain import accounts
from vitruv.annotate.domain.agreement import agreement
from vitruv.annotate.domain.exchange import export_coco, import_coco
from vitruv.annotate.domain.overview import photo_page, progress
from vitruv.annotate.domain.photos import add_photo, photo_file, thumbnail
from vitruv.annotate.domain.schema import new_id
from vitruv.annotate.http.access import Body, CurrentAnnotator, InProject, WithViews, cookie_name
from vitruv.errors import FormatError, UnwritableFileError
from vitruv.http.errors import InsufficientStorageError, UnprocessableError
from vitruv.http.request_bodies import read_body, save_body
from vitruv.http.routes import PlainRoute

router = APIRouter(prefix="/api", route_class=PlainRoute)

_KEPT_FOREVER = "private, max-age=31536000, immutable"
_HALF_A_YEAR_S = 180 * 24 * 3600
_MAX_IMPORT_BYTES = 600_000_000


@router.post("/session")
def enter(request: Request, project: InProject, body: Body) -> Response:
    """Exchange the token of a personal link for a cookie that scripts cannot read."""
    token = body.get("token")
    me = accounts.by_token(project, token if isinstance(token, str) else None)
    answer = JSONResponse({"name": me.name, "role": me.role})
    answer.set_cookie(
        cookie_name(project),
        str(token),
        max_age=_HALF_A_YEAR_S,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.delete("/session")
def leave(project: InProject) -> Response:
    answer = JSONResponse({})
    answer.delete_cookie(cookie_name(project), httponly=True, samesite="strict")
    return answer


@router.get("/me")
def me(project: InProject, me: CurrentAnnotator) -> dict[str, Any]:
    return {"id": me.id, "name": me.name, "role": me.role, "project": project.name()}


@router.get("/project")
def show_project(project: InProject, me: CurrentAnnotator) -> dict[str, Any]:
    return progress(project, me)


@router.patch("/project")
def change_project(project: InProject, me: CurrentAnnotator, body: Body) -> dict[str, Any]:
    me.require("owner")
    project.change(body)
    return progress(project, me)


@router.get("/agreement")
def show_agreement(project: InProject, views: WithViews, me: CurrentAnnotator) -> dict[str, Any]:
    me.require("reviewer")
    return agreement(project, views.atlas)


@router.post("/annotators")
def add_annotator(project: InProject, me: CurrentAnnotator, body: Body) -> dict[str, Any]:
    me.require("owner")
    somebody, token = accounts.invite(project, body.get("name"), body.get("role", "annotator"))
    return {"id": somebody.id, "name": somebody.name, "role": somebody.role, "token": token}


@router.post("/annotators/{annotator_id}/link")
def renew_link(project: InProject, me: CurrentAnnotator, annotator_id: str) -> dict[str, Any]:
    me.require("owner")
    return {"token": accounts.renew(project, annotator_id)}


@router.patch("/annotators/{annotator_id}")
def change_annotator(project: InProject, me: CurrentAnnotator, annotator_id: str, body: Body) -> dict[str, Any]:
    me.require("owner")
    if not isinstance(body.get("active"), bool):
        raise UnprocessableError("active must be true or false")
    if annotator_id == me.id:
        raise UnprocessableError("you cannot deactivate yourself")
    accounts.set_active(project, annotator_id, body["active"])
    return {}


@router.get("/photos")
def list_photos(project: InProject, me: CurrentAnnotator, after: int = 0) -> dict[str, Any]:
    return photo_page(project, after=after)


@router.post("/photos")
async def upload_photo(request: Request, project: InProject, me: CurrentAnnotator, name: str = "photo") -> dict[str, Any]:
    """Add one photo; the body is the file itself."""
    me.require("owner")
    settings = await run_in_threadpool(project.settings)
    data = await read_body(request, settings.photo_megabytes * 1_000_000, name[-120:])
    photo = await run_in_threadpool(add_photo, project, name, data)
    return {"id": photo.id, "name": photo.name, "width": photo.width, "height": photo.height, "new": photo.is_new}


@router.get("/photos/{photo_id}/image")
def photo_image(project: InProject, me: CurrentAnnotator, photo_id: str) -> FileResponse:
    path, kind = photo_file(project, photo_id)
    return FileResponse(path, media_type=f"image/{kind}", headers={"cache-control": _KEPT_FOREVER})


@router.get("/photos/{photo_id}/thumbnail")
def photo_thumbnail(project: InProject, me: CurrentAnnotator, photo_id: str) -> Response:
    return Response(thumbnail(project, photo_id), media_type="image/jpeg", headers={"cache-control": _KEPT_FOREVER})


@router.get("/views/{part}")
def show_views(views: WithViews, me: CurrentAnnotator, part: int) -> dict[str, Any]:
    return views.describe(part)


@router.get("/views/{part}/{view}/{layer}")
def view_layer(views: WithViews, me: CurrentAnnotator, part: int, view: int, layer: str) -> Response:
    """A layer of a view: image.png, iuv.png, or depth.bin (uint16, little-endian, row by row)."""
    data, media_type = views.layer(part, view, layer)
    return Response(data, media_type=media_type, headers={"cache-control": _KEPT_FOREVER})


@router.post("/import")
async def import_annotations(request: Request, project: InProject, views: WithViews, me: CurrentAnnotator) -> dict[str, int]:
    """COCO or DensePose-COCO JSON for photos that are in the project, matched by file name."""
    me.require("owner")
    path = project.folder / f".import-{new_id()}.json"
    try:
        await save_body(request, _MAX_IMPORT_BYTES, "the annotations", path)
        return await run_in_threadpool(import_coco, project, path, views.atlas)
    except FormatError as error:
        raise UnprocessableError(f"the annotations: {error.reason}") from None
    finally:
        path.unlink(missing_ok=True)


@router.get("/export")
def export_annotations(project: InProject, me: CurrentAnnotator, unfinished: bool = False) -> Response:
    """DensePose-COCO JSON of everything accepted; with `unfinished` of everything."""
    me.require("reviewer")
    headers = {"content-disposition": 'attachment; filename="densepose_coco.json"'}
    path = project.folder / f".export-{new_id()}.json"
    try:
        export_coco(project, path, unfinished=unfinished)
    except UnwritableFileError as error:
        raise InsufficientStorageError(f"the export could not be written: {error.reason}") from None
    gone = BackgroundTask(path.unlink, missing_ok=True)
    return FileResponse(path, media_type="application/json", headers=headers, background=gone)
