"""Routes whose answers are serialised in the thread that made them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any

from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute


class PlainRoute(APIRoute):
    """A route that serialises the dict returned by its handler at once.

    FastAPI would validate each answer against its annotation in another thread first, which costs more than a query; the answers
    are our own. A handler that sets headers or cookies returns a Response.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint if iscoroutinefunction(endpoint) else _answering(endpoint), **options)


def _answering(handler: Callable[..., Any]) -> Callable[..., Response]:
    @functools.wraps(handler)
    def answer(*args: Any, **values: Any) -> Response:
        found = handler(*args, **values)
        return found if isinstance(found, Response) else JSONResponse(found)

    return answer
