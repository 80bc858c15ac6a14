"""The service's own description, as OpenAPI: requests are read by hand, so their schemas are written by hand."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from vitruv.serve.outputs import MEDIA_TYPES

ABOUT = (
    "Photos in, dense pose out: for every pixel of every person the chart of the body surface (1 to 24), and U and V on it. "
    "Errors are JSON: {error: one sentence, code: a short name for programs}."
)
TAGS: list[dict[str, Any]] = [{"name": "predict"}, {"name": "state"}]


class ErrorAnswer(BaseModel):
    error: str
    code: str


class Detection(BaseModel):
    """One person, in the result format of DensePose-COCO. uv_data: base64 of an RGB PNG with I, 255 U and 255 V."""

    image_id: int
    category_id: int
    score: float
    bbox: list[float]
    uv_shape: list[int]
    uv_data: str


class BatchEntry(BaseModel):
    name: str
    results: list[Detection] | None = None
    error: str | None = None
    code: str | None = None


class State(BaseModel):
    status: str


class ModelName(BaseModel):
    name: str


class ModelList(BaseModel):
    models: list[ModelName]
    limits: dict[str, float]
    version: str


_FILE = {"type": "string", "format": "binary"}
_JSON_OF_DETECTIONS = {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Detection"}}}


def _errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    names = {
        401: "No token, or a wrong one",
        406: "The header Accept allows none of the forms",
        408: "The request did not arrive in time",
        413: "Too many bytes or pixels",
        422: "The image or an option cannot be used",
        503: "The queue is full, the answer took too long, or the service is stopping",
        507: "The server's disk is full",
    }
    return {status: {"model": ErrorAnswer, "description": names[status]} for status in statuses}


def _option(name: str, schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": text}


def _form(name: str, files: dict[str, Any], options: list[dict[str, Any]]) -> dict[str, Any]:
    fields = {option["name"]: option["schema"] for option in options}
    return {"type": "object", "required": [name], "properties": {name: files, **fields}, "additionalProperties": False}


_THRESHOLD = _option("threshold", {"type": "number", "minimum": 0, "maximum": 1}, "Minimum score of people. Default: the model's.")
_IMAGE_ID = _option("image_id", {"type": "integer", "minimum": 0, "default": 1}, "image_id in the JSON; of a batch's first photo.")
_OPTIONS = [
    _THRESHOLD,
    _option("boxes", {"type": "string", "examples": ["[[20, 10, 180, 400]]"]}, "JSON list of boxes x1, y1, x2, y2 to map."),
    _option("output", {"type": "string", "enum": list(MEDIA_TYPES)}, "Form of the answer; without it, the header Accept decides."),
    _option("preset", {"type": "string"}, "Answer with the map of a preset (`vitruv presets`) instead, as PNG or NPY."),
    _option("channel_order", {"type": "string", "enum": ["iuv", "vui"], "default": "iuv"}, "Channels of the IUV PNG."),
    _IMAGE_ID,
]

PREDICT: dict[str, Any] = {
    "tags": ["predict"],
    "responses": {
        200: {
            "description": "The people. Header X-People: how many; X-People-Omitted: how many beyond the limit.",
            "content": {
                "application/json": _JSON_OF_DETECTIONS,
                **{kind: {"schema": _FILE} for kind in ("image/png", "image/jpeg", "application/x-npz", "application/x-npy")},
            },
        },
        **_errors(401, 406, 408, 413, 422, 503, 507),
    },
    "openapi_extra": {
        "parameters": _OPTIONS,
        "requestBody": {
            "required": True,
            "content": {
                "image/*": {"schema": _FILE},
                "multipart/form-data": {"schema": _form("image", _FILE, _OPTIONS)},
            },
        },
    },
}

BATCH: dict[str, Any] = {
    "tags": ["predict"],
    "responses": {
        200: {"description": "One entry for each photo, in their order: results, or an error.", "model": list[BatchEntry]},
        **_errors(401, 408, 413, 422, 503, 507),
    },
    "openapi_extra": {
        "parameters": [_THRESHOLD, _IMAGE_ID],
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": _form("images", {"type": "array", "minItems": 1, "items": _FILE}, [_THRESHOLD, _IMAGE_ID]),
                },
            },
        },
    },
}

MODELS: dict[str, Any] = {"tags": ["state"], "responses": {200: {"model": ModelList}, **_errors(401)}}
HEALTH: dict[str, Any] = {"tags": ["state"], "responses": {200: {"model": State}}}
READY: dict[str, Any] = {"tags": ["state"], "responses": {200: {"model": State}, **_errors(503)}}
METRICS: dict[str, Any] = {
    "tags": ["state"],
    "responses": {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **_errors(401)},
}
