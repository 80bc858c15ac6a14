"""Errors become answers: a JSON object with a sentence and a short code, never a traceback."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from vitruv.errors import VitruvError
from vitruv.http.errors import RequestError

_SENTENCES = {404: "there is nothing at this address", 405: "this address does not accept this kind of request"}


def answer_errors(app: FastAPI) -> None:
    """Install the handlers: {"error": sentence, "code": short name} with the right status for whatever a request handler raises."""
    app.add_exception_handler(VitruvError, _vitruv_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _internal)


def error_answer(status: int, code: str, sentence: str, *, retry_after_s: int | None = None) -> JSONResponse:
    headers = {"retry-after": str(retry_after_s)} if retry_after_s is not None else None
    return JSONResponse({"error": sentence, "code": code}, status_code=status, headers=headers)


def _vitruv_error(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, RequestError):
        return error_answer(error.status, error.code, str(error), retry_after_s=error.retry_after_s)
    return error_answer(422, "unprocessable", str(error))


def _invalid(request: Request, error: Exception) -> JSONResponse:
    first = error.errors()[0] if isinstance(error, RequestValidationError) else {}
    place = ".".join(str(part) for part in first.get("loc", ()))
    return error_answer(422, "unprocessable", f"{place}: {first.get('msg', 'cannot be used')}")


def _http(request: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    answer = error_answer(status, "http", _SENTENCES.get(status, "the request was refused"))
    answer.headers.update(getattr(error, "headers", None) or {})
    return answer


def _internal(request: Request, error: Exception) -> JSONResponse:
    """A mistake of ours; the traceback is in the server's log."""
    return error_answer(500, "internal", "an internal error occurred; nothing from this request was saved")
