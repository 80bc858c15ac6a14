"""The application: addresses of the service, what they take and what they answer."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from vitruv._version import __version__
from vitruv.http import PAGES, NoTokenError, RequestError, SecurityHeaders, UnavailableError, answer_errors, error_answer
from vitruv.serve import describe
from vitruv.serve.engine import Engine, Photo, Prediction
from vitruv.serve.limits import Limits
from vitruv.serve.metrics import CountRequests, Metrics
from vitruv.serve.outputs import choose, encode, encode_preset, preset_named
from vitruv.serve.page import PAGE_CSS, page
from vitruv.serve.requests import read_photo, read_photos
from vitruv.serve.tokens import Tokens

PATHS = frozenset({"/v1/predict", "/v1/predict/batch", "/v1/models", "/v1/healthz", "/v1/readyz", "/v1/metrics"})
_CLIENT_LEFT = 499  # nobody sees it but the metrics


@dataclass
class _Service:
    engine: Engine
    metrics: Metrics
    limits: Limits
    tokens: Tokens
    model: str
    inside: int = field(default=0)

    @contextlib.contextmanager
    def admitted(self) -> Iterator[None]:
        """One request more that is read, waits or is computed; they are bounded together, so that memory is.

        Raises BusyError at once when there are too many, UnavailableError when the service is stopping.
        """
        if not self.engine.is_open:
            raise UnavailableError("the service is stopping")
        if self.inside >= self.limits.max_queue + self.limits.max_batch:
            raise self.engine.busy()
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1


def create_app(engine: Engine, *, metrics: Metrics, limits: Limits, tokens: Sequence[str] = (), model: str = "embedded") -> FastAPI:
    """The service on an engine, which is closed when the application stops. tokens: empty lets everybody in."""
    service = _Service(engine, metrics, limits, Tokens(tokens), model)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(engine.close)

    app = FastAPI(title="Vitruv", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None, description=describe.ABOUT)
    app.state.service = service
    app.openapi_tags = describe.TAGS
    _add_prediction(app, service)
    _add_state(app, service)
    app.add_middleware(CountRequests, metrics=metrics, paths=PATHS)
    app.add_middleware(SecurityHeaders, policy=PAGES)
    answer_errors(app)
    app.add_exception_handler(NoTokenError, _no_token)
    return app


def _add_prediction(app: FastAPI, service: _Service) -> None:
    guarded = [Depends(_allowed)]

    @app.post("/v1/predict", dependencies=guarded, **describe.PREDICT)
    async def predict(request: Request) -> Response:
        """Dense pose of the people in one photo."""
        with service.admitted():
            upload, options = await read_photo(request, service.limits)
            preset = None if options.preset is None else preset_named(options.preset)
            form = choose(options.output, request.headers.get("accept"))
            futures = service.engine.submit([Photo(upload.data, options.boxes_xyxy, options.threshold)])
            results = await _answers(request, futures, service.limits.timeout_s)
            if results is None:
                return Response(status_code=_CLIENT_LEFT)
            (result,) = results
            if isinstance(result, BaseException):
                raise _for_client(result)
            service.metrics.people.inc(len(result.people))
            if preset is not None:
                answer = await run_in_threadpool(encode_preset, result, preset)
            else:
                answer = await run_in_threadpool(
                    encode, result, form, channel_order=options.channel_order, image_id=options.image_id
                )
        headers = {"x-people": str(len(result.people)), "x-people-omitted": str(result.omitted), "vary": "accept"}
        return Response(answer.content, media_type=answer.media_type, headers=headers)

    @app.post("/v1/predict/batch", dependencies=guarded, **describe.BATCH)
    async def predict_batch(request: Request) -> Response:
        """Dense pose of the people in several photos. A photo that cannot be used gets an error; the others get their results."""
        with service.admitted():
            uploads, options = await read_photos(request, service.limits)
            futures = service.engine.submit([Photo(upload.data, None, options.threshold) for upload in uploads])
            results = await _answers(request, futures, service.limits.timeout_s)
            if results is None:
                return Response(status_code=_CLIENT_LEFT)
            entries = []
            for number, (upload, result) in enumerate(zip(uploads, results, strict=True), start=options.image_id):
                name = f'{{"name": {json.dumps(upload.name)}, '
                if isinstance(result, RequestError):
                    entries.append(name + f'"error": {json.dumps(str(result))}, "code": {json.dumps(result.code)}}}')
                elif isinstance(result, BaseException):
                    raise _for_client(result)
                else:
                    service.metrics.people.inc(len(result.people))
                    records = await run_in_threadpool(encode, result, "json", image_id=number)
                    entries.append(f'{name}"results": {records.content.decode()}}}')
        return Response(f"[{', '.join(entries)}]", media_type="application/json")

    @app.get("/v1/models", dependencies=guarded, **describe.MODELS)
    async def models() -> Response:
        """The model of this service, and the limits of requests."""
        limits = {name: getattr(service.limits, name) for name in ("max_bytes", "max_pixels", "max_people", "max_batch")}
        return JSONResponse({"models": [{"name": service.model}], "limits": limits, "version": __version__})


def _add_state(app: FastAPI, service: _Service) -> None:
    @app.get("/v1/healthz", **describe.HEALTH)
    async def healthz() -> Response:
        """The process runs."""
        return JSONResponse({"status": "ok"})

    @app.get("/v1/readyz", **describe.READY)
    async def readyz() -> Response:
        """The service accepts photos now: 503 while the queue is full, or when it is stopping."""
        if not service.engine.is_open or service.engine.waiting >= service.limits.max_queue:
            raise UnavailableError("the service accepts no photos now")
        return JSONResponse({"status": "ready"})

    @app.get("/v1/metrics", dependencies=[Depends(_allowed)], **describe.METRICS)
    async def metrics() -> Response:
        """Counters for Prometheus."""
        service.metrics.waiting.set(service.engine.waiting)
        service.metrics.open.set(service.inside)
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/", include_in_schema=False)
    async def index() -> Response:
        return Response(page(app.openapi()), media_type="text/html")

    @app.get("/page.css", include_in_schema=False)
    async def style() -> Response:
        return Response(PAGE_CSS, media_type="text/css")


async def _allowed(request: Request) -> None:
    service: _Service = request.app.state.service
    service.tokens.check(request.headers.get("authorization"))


def _no_token(request: Request, error: Exception) -> JSONResponse:
    code = error.code if isinstance(error, NoTokenError) else NoTokenError.code
    answer = error_answer(401, code, str(error))
    answer.headers["www-authenticate"] = "Bearer"
    return answer


async def _answers(
    request: Request, futures: list[Future[Prediction]], timeout_s: float
) -> list[Prediction | BaseException] | None:
    """What became of each photo; None when the client has gone, whose photos then leave the queue.

    Raises UnavailableError when it takes too long.
    """
    wrapped = [asyncio.wrap_future(future) for future in futures]
    done = asyncio.ensure_future(_gathered(wrapped))
    gone = asyncio.ensure_future(_disconnected(request))
    watched: set[asyncio.Future[Any]] = {done, gone}
    try:
        await asyncio.wait(watched, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if done.done():
            return done.result()
        if gone.done():
            return None
        raise UnavailableError(f"the answer took longer than {timeout_s:g} seconds")
    finally:
        gone.cancel()
        if not done.done():
            done.cancel()
            for future in futures:
                future.cancel()


async def _gathered(futures: list[asyncio.Future[Prediction]]) -> list[Prediction | BaseException]:
    return await asyncio.gather(*futures, return_exceptions=True)


def _for_client(error: BaseException) -> BaseException:
    """Errors about the request as they are; others may name files of ours, and become 500 without a word about the reason."""
    if isinstance(error, RequestError):
        return error
    hidden = RuntimeError("a photo could not be computed")
    hidden.__cause__ = error
    return hidden


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
