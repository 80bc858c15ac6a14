"""`vitruv annotate`: the annotation tool in a browser, and what goes with it on the command line."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from vitruv.errors import InputError, MissingExtraError, VitruvError

if TYPE_CHECKING:
    from vitruv.annotate import Project, Views

_USAGE = """usage: vitruv annotate [serve|add|invite|export|study] --project DIR ...

  serve   (or nothing) start the tool: vitruv annotate --project DIR
  add     take in photos, or the people of a COCO file
  invite  the personal link of a new annotator
  export  write DensePose-COCO JSON
  study   the accuracy study on synthetic photos with known truth

`vitruv annotate VERB --help` explains each."""


@dataclass(frozen=True)
class _Place:
    project: Annotated[Path, tyro.conf.arg(metavar="DIR")]
    """Folder of the project; it is made when it does not exist."""

    database: Annotated[str | None, tyro.conf.arg(metavar="URL")] = None
    """postgresql://user@host/name for a team on several machines. Without it: a SQLite file in the project's folder."""


@dataclass(frozen=True)
class ServeOptions(_Place):
    """Start the annotation tool and print the owner's personal link.

    Example: vitruv annotate --project summer
    """

    host: str = "127.0.0.1"
    """Address to listen on. The default is reachable from this machine only; 0.0.0.0 opens it to the network."""

    port: int = 8642
    """Port to listen on; 0 takes a free one."""

    model: Annotated[str | None, tyro.conf.arg(metavar="MODEL")] = None
    """Who proposes boxes, parts and points: a name from `vitruv models`, or the folder of a model. Without it: the model inside
    the package, where there is one."""

    surface: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Another atlas than the one inside the package."""


@dataclass(frozen=True)
class AddOptions(_Place):
    """Take photos into a project: files, folders, or the people of a COCO file for photos that are in it.

    Example: vitruv annotate add photos/ --project summer
    """

    photos: tyro.conf.Positional[tuple[Path, ...]] = ()
    """Photos (JPEG, PNG, WebP) and folders of photos."""

    annotations: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """COCO or DensePose-COCO JSON with the people in them: boxes, or annotations to correct."""


@dataclass(frozen=True)
class InviteOptions(_Place):
    """Add somebody to the team, and print the secret end of their personal link.

    Example: vitruv annotate invite Ada --project summer
    """

    name: tyro.conf.Positional[str] = ""
    """Name of the person."""

    role: Literal["annotator", "reviewer", "owner"] = "annotator"
    """What they may do: annotate; accept and send back, too; manage everything."""


@dataclass(frozen=True)
class ExportOptions(_Place):
    """Write what is accepted as DensePose-COCO JSON.

    Example: vitruv annotate export --project summer --output summer.json
    """

    output: Annotated[Path, tyro.conf.arg(metavar="FILE")] = Path("densepose_coco.json")
    """File to write."""

    unfinished: bool = False
    """Write what is not finished or accepted yet, too."""


def main(argv: Sequence[str]) -> int:
    """Returns the exit status. Raises VitruvError for anything the user can mend."""
    verbs = {"serve": _serve, "add": _add, "invite": _invite, "export": _export, "study": _study}
    if argv and argv[0] in ("-h", "--help"):
        print(_USAGE)
        return 0
    verb, rest = (argv[0], argv[1:]) if argv and argv[0] in verbs else ("serve", argv)
    if not rest and verb == "serve":
        print(_USAGE, file=sys.stderr)
        return 2
    try:
        import vitruv.annotate  # noqa: F401  says early which extra is missing
    except ImportError as error:
        raise MissingExtraError(error.name or "fastapi", "annotate") from None
    return verbs[verb](rest)


@contextlib.contextmanager
def _opened(place: _Place) -> Iterator[Project]:
    from vitruv.annotate import Project

    project = Project.open(place.project, place.database)
    try:
        yield project
    finally:
        project.close()


def _serve(argv: Sequence[str]) -> int:
    options = tyro.cli(ServeOptions, args=argv, prog="vitruv annotate")
    import uvicorn

    from vitruv.annotate import Proposer, Views, create_app, owner_token
    from vitruv.http import is_loopback, listen
    from vitruv.surface import Atlas

    model = Proposer(options.model)
    if options.model is not None:
        model.required()
    with _opened(options) as project:
        views = Views(Atlas.load(options.surface), project.folder / "views")
        config = uvicorn.Config(
            create_app(project, views, model), host=options.host, port=options.port, access_log=False, log_level="warning",
            server_header=False, timeout_graceful_shutdown=3,
        )  # fmt: skip
        listening = listen(options.host, options.port)
        port = listening.getsockname()[1]
        shown = "localhost" if is_loopback(options.host) else options.host
        print(f"Project {project.name()!r} in {project.folder}")
        print(f"Owner's link: http://{shown}:{port}/#/enter/{owner_token(project)}", flush=True)
        if not is_loopback(options.host):
            print("Reachable from the network, without encryption: put a reverse proxy with HTTPS before it.", file=sys.stderr)
        if why_not := model.why_not():
            print(f"People work without proposals: {why_not}. Another model can be given with --model.", file=sys.stderr)
        threading.Thread(target=_warm, args=(views,), daemon=True).start()
        uvicorn.Server(config).run(sockets=[listening])
    return 0


def _warm(views: Views) -> None:
    """Make the views of all parts before somebody asks; whoever asks first gets the reason when that fails."""
    with contextlib.suppress(VitruvError):
        views.warm()


def _add(argv: Sequence[str]) -> int:
    options = tyro.cli(AddOptions, args=argv, prog="vitruv annotate add")
    from vitruv.annotate import add_photo_file, import_coco
    from vitruv.media import find_photos
    from vitruv.surface import Atlas

    if not options.photos and options.annotations is None:
        raise InputError("name photos, folders of photos, or --annotations FILE")
    refused: list[str] = []
    new = known = 0
    with _opened(options) as project:
        for photo in find_photos(options.photos) if options.photos else ():
            try:
                added = add_photo_file(project, photo.path)
            except OSError as error:
                refused.append(f"{photo.path}: {error.strerror or error}")
            except VitruvError as error:
                refused.append(str(error))
            else:
                new, known = new + added.is_new, known + (not added.is_new)
        if options.photos:
            print(f"{new} photos taken in, {known} were there already")
        if options.annotations is not None:
            counts = import_coco(project, options.annotations, Atlas.load())
            print("{people} people taken in, {annotated} of them annotated; {missing} photos are not here".format(**counts))
    for line in refused:
        print(f"vitruv annotate: {line}", file=sys.stderr)
    return 1 if refused else 0


def _invite(argv: Sequence[str]) -> int:
    options = tyro.cli(InviteOptions, args=argv, prog="vitruv annotate invite")
    from vitruv.annotate import invite

    with _opened(options) as project:
        somebody, token = invite(project, options.name, options.role)
    print(f"{somebody.name}'s link is the server's address and then: /#/enter/{token}")
    return 0


def _export(argv: Sequence[str]) -> int:
    options = tyro.cli(ExportOptions, args=argv, prog="vitruv annotate export")
    from vitruv.annotate import export_coco

    with _opened(options) as project:
        counts = export_coco(project, options.output, unfinished=options.unfinished)
    summary = "{photos} photos, {people} people, {with_masks} with part masks, {points} points".format(**counts)
    print(f"{options.output}: {summary}")
    return 0


def _study(argv: Sequence[str]) -> int:
    from vitruv.cli import annotate_study

    return annotate_study.main(argv)
