"""How the answer of a request handler becomes bytes: in the thread that made it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any

from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute


class PlainRoute(APIRoute):
    """A route whose handler's dict is written as JSON at once.

    FastAPI would check each answer against its annotation in another thread and only then write it; the answers are our own.
    A handler that sets headers or cookies returns a response of its own.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint if iscoroutinefunction(endpoint) else _answering(endpoint), **options)


def _answering(handler: Callable[..., Any]) -> Callable[..., Response]:
    @functools.wraps(handler)
    def answer(*args: Any, **values: Any) -> Response:
        found = handler(*args, **values)
        return found if isinstance(found, Response) else JSONResponse(found)

    return answer
