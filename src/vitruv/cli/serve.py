"""`vitruv serve`: the prediction service."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from vitruv.cli.parsing import parse
from vitruv.errors import InputError, MissingExtraError

_GRACE_S = 120


@dataclass(frozen=True)
class ServeOptions:
    """Answer photos with dense pose over HTTP. The page at / describes the service.

    Example: vitruv serve
             curl --data-binary @photo.jpg http://localhost:8643/v1/predict
    """

    host: str = "127.0.0.1"
    """Address to listen on. The default can be reached from this machine only; any other needs --token-file."""

    port: int = 8643
    """Port to listen on; 0 picks a free one."""

    token_file: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """File with tokens, one per line. Clients send one of them as `Authorization: Bearer TOKEN`."""

    model: Annotated[str | None, tyro.conf.arg(metavar="MODEL")] = None
    """Model to use instead of the built-in one, as in `vitruv predict`."""

    device: str = "auto"
    """auto, cpu, cuda, cuda:1, or any other provider of the installed ONNX Runtime."""

    workers: int = 1
    """Copies of the model that compute at the same time. One uses all cores for each photo."""

    max_queue: int = 32
    """Photos that may wait; beyond that, requests are answered 503 with Retry-After."""

    max_batch: int = 8
    """Photos that go through the networks together."""

    max_pixels: int = 25_000_000
    """Largest photo, width times height."""

    max_bytes: int = 20_000_000
    """Largest file of a photo."""

    max_people: int = 50
    """People in an answer; the ones with the highest scores are kept."""

    timeout: float = 60.0
    """Seconds until a request is given up."""

    max_connections: int = 1000
    """Connections at the same time; beyond that, requests are answered 503."""


def main(argv: Sequence[str]) -> int:
    """Returns the exit status when the service was stopped. Raises VitruvError for anything the user can fix."""
    options = parse(ServeOptions, "vitruv serve", argv)
    try:
        import uvicorn

        from vitruv.http import is_loopback, listen
        from vitruv.http.header_timeout import PatientProtocol
        from vitruv.serve import Engine, Limits, create_app, read_tokens
        from vitruv.serve.metrics import Metrics
    except ImportError as error:
        raise MissingExtraError(error.name or "fastapi", "serve") from None
    from vitruv.runtime import load

    limits = Limits(
        max_bytes=options.max_bytes, max_pixels=options.max_pixels, max_people=options.max_people, max_queue=options.max_queue,
        max_batch=options.max_batch, timeout_s=options.timeout,
    )  # fmt: skip
    if not 1 <= options.workers <= 64 or options.max_connections < 1:
        raise InputError("--workers must be from 1 to 64, and --max-connections at least 1")
    tokens = read_tokens(options.token_file) if options.token_file else []
    if not tokens and not is_loopback(options.host):
        raise InputError(f"others can reach {options.host}: give --token-file FILE, with one token per line")
    bound = listen(options.host, options.port)
    metrics = Metrics()
    predictors = [load(options.model, device=options.device) for _ in range(options.workers)]
    engine = Engine(predictors, limits, on_batch=metrics.on_batch)
    app = create_app(engine, metrics=metrics, limits=limits, tokens=tokens, model=Path(options.model or "embedded").name)
    config = uvicorn.Config(
        app, host=options.host, port=options.port, http=PatientProtocol, access_log=False, log_level="warning", server_header=False,
        date_header=True, limit_concurrency=options.max_connections, timeout_graceful_shutdown=_GRACE_S,
    )  # fmt: skip
    name = "localhost" if is_loopback(options.host) else options.host
    print(f"Serving on http://{f'[{name}]' if ':' in name else name}:{bound.getsockname()[1]}/ (Ctrl-C stops)", flush=True)
    if not is_loopback(options.host):
        print("There is no encryption: put a reverse proxy with HTTPS in front of it.", file=sys.stderr)
    uvicorn.Server(config).run(sockets=[bound])
    return 0
