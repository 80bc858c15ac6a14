"""`vitruv annotate`: the annotation tool in a browser, and its project on the command line."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from vitruv.cli.annotate_project import opened
from vitruv.cli.commands import Command, run_command
from vitruv.cli.parsing import parse
from vitruv.errors import InputError, MissingExtraError, VitruvError

if TYPE_CHECKING:
    from vitruv.annotate import Project, Views


@dataclass(frozen=True)
class _Place:
    project: Annotated[Path, tyro.conf.arg(metavar="DIR")]
    """Folder of the project."""

    database: Annotated[str | None, tyro.conf.arg(metavar="URL")] = None
    """postgresql://user@host/name, for a team on several machines. Default: a SQLite file in the project's folder."""


@dataclass(frozen=True)
class ServeOptions(_Place):
    """Start the annotation tool and print the owner's personal link. A project that does not exist yet is created.

    Example: vitruv annotate --project summer
    """

    host: str = "127.0.0.1"
    """Address to listen on. The default can be reached from this machine only; 0.0.0.0 opens the server to the network."""

    port: int = 8642
    """Port to listen on; 0 picks a free one."""

    address: Annotated[str | None, tyro.conf.arg(metavar="URL")] = None
    """Address under which people reach the server, for personal links: https://annotate.example.org behind a reverse proxy."""

    model: Annotated[str | None, tyro.conf.arg(metavar="MODEL")] = None
    """Model that proposes boxes, parts and points: a name from `vitruv models`, or a model folder. Default: the built-in model."""

    surface: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Atlas to use instead of the built-in one."""


@dataclass(frozen=True)
class AddOptions(_Place):
    """Add photos to a project: files, folders, or the people of a COCO file for photos that are already in it.

    Example: vitruv annotate add photos/ --project summer
    """

    photos: tyro.conf.Positional[tuple[Path, ...]] = ()
    """Photos (JPEG, PNG, WebP) and folders of photos."""

    annotations: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """COCO or DensePose-COCO JSON to import: boxes, or annotations to continue and correct."""

    create: bool = False
    """Create the project if it does not exist."""


@dataclass(frozen=True)
class InviteOptions(_Place):
    """Add a person to the team and print their personal link.

    Example: vitruv annotate invite Ada --project summer
    """

    name: tyro.conf.Positional[str] = ""
    """Name of the person."""

    role: Literal["annotator", "reviewer", "owner"] = "annotator"
    """Annotators annotate; reviewers also accept work and send it back; owners manage everything."""

    address: Annotated[str | None, tyro.conf.arg(metavar="URL")] = None
    """Address of the server, for the link. Default: the address at which the project was last served."""


@dataclass(frozen=True)
class ExportOptions(_Place):
    """Write all accepted work as DensePose-COCO JSON.

    Example: vitruv annotate export --project summer --output summer.json
    """

    output: Annotated[Path, tyro.conf.arg(metavar="FILE", aliases=["-o"])] = Path("densepose_coco.json")
    """File to write."""

    unfinished: bool = False
    """Also write work that is not finished or not accepted yet."""


def main(argv: Sequence[str]) -> int:
    """Returns the exit status. Raises VitruvError for anything the user can fix."""
    commands = {
        "serve": Command("start the tool (or no command, only options): vitruv annotate --project DIR", _serve),
        "add": Command("add photos, or import the people of a COCO file", _add),
        "invite": Command("create the personal link of a new annotator", _invite),
        "export": Command("write DensePose-COCO JSON", _export),
        "study": Command("measure the accuracy of annotators on synthetic photos", _study),
    }
    return run_command("vitruv annotate", commands, argv, default="serve")


def _existing(place: _Place) -> contextlib.AbstractContextManager[Project]:
    hint = f"create one with `vitruv annotate --project {place.project}`"
    return opened(place.project, place.database, create=False, hint=hint)


def _serve(argv: Sequence[str]) -> int:
    options = parse(ServeOptions, "vitruv annotate", argv)
    try:
        import uvicorn

        from vitruv.annotate import Proposer, Views, create_app, owner_token, personal_link, save_address
    except ImportError as error:
        raise MissingExtraError(error.name or "fastapi", "annotate") from None
    from vitruv.http import is_loopback, listen
    from vitruv.surface import Atlas

    model = Proposer(options.model)
    if options.model is not None:
        model.required()
    is_new = not options.project.exists()
    with opened(options.project, options.database, create=True, hint="") as project:
        views = Views(Atlas.load(options.surface), project.folder / "views")
        config = uvicorn.Config(
            create_app(project, views, model), host=options.host, port=options.port, access_log=False, log_level="warning",
            server_header=False, timeout_graceful_shutdown=3,
        )  # fmt: skip
        bound = listen(options.host, options.port)
        address = save_address(project, options.address or _address(options.host, bound.getsockname()[1]))
        print(f"{'New project' if is_new else 'Project'} {project.name()!r} in {project.folder}")
        print(f"Owner's link: {personal_link(address, owner_token(project))}", flush=True)
        if not is_loopback(options.host):
            warning = "The server is open to the network without encryption: put a reverse proxy with HTTPS in front of it."
            print(warning, file=sys.stderr)
        if why_not := model.why_not():
            print(f"There are no proposals: {why_not}. Choose another model with --model.", file=sys.stderr)
        threading.Thread(target=_warm, args=(views,), daemon=True).start()
        uvicorn.Server(config).run(sockets=[bound])
    return 0


def _address(host: str, port: int) -> str:
    from vitruv.http import is_loopback

    name = "localhost" if is_loopback(host) else socket.gethostname() if host in ("0.0.0.0", "::", "") else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _warm(views: Views) -> None:
    """Render the views of all parts before they are needed. If that fails, the first request for a view reports the reason."""
    with contextlib.suppress(VitruvError):
        views.warm()


def _add(argv: Sequence[str]) -> int:
    options = parse(AddOptions, "vitruv annotate add", argv)
    if not options.photos and options.annotations is None:
        raise InputError("give at least one photo or folder, or --annotations FILE")
    failed: list[str] = []
    new = known = 0

    def leave_out(path: Path, reason: str) -> None:
        print(f"vitruv annotate: left out {path}: {reason}", file=sys.stderr)

    hint = "create one with --create"
    with opened(options.project, options.database, create=options.create, hint=hint) as project:
        from vitruv.annotate import add_photo_file, import_coco
        from vitruv.media import find_photos
        from vitruv.surface import Atlas

        for photo in find_photos(options.photos, left_out=leave_out) if options.photos else ():
            try:
                added = add_photo_file(project, photo.path, photo.relative.as_posix())
            except OSError as error:
                failed.append(f"{photo.path}: {error.strerror or error}")
            except VitruvError as error:
                failed.append(str(error))
            else:
                new, known = new + added.is_new, known + (not added.is_new)
        if options.photos:
            print(f"{_count(new, 'photo')} added, {known} already present")
        if options.annotations is not None:
            counts = import_coco(project, options.annotations, Atlas.load())
            missing = f"; {_count(counts['missing'], 'photo')} not in the project" if counts["missing"] else ""
            print(f"{_count(counts['people'], 'person', 'people')} imported, {counts['annotated']} with annotations{missing}")
    for line in failed:
        print(f"vitruv annotate: {line}", file=sys.stderr)
    return 1 if failed else 0


def _count(number: int, one: str, several: str | None = None) -> str:
    return f"{number} {one if number == 1 else several or one + 's'}"


def _invite(argv: Sequence[str]) -> int:
    options = parse(InviteOptions, "vitruv annotate invite", argv)
    with _existing(options) as project:
        from vitruv.annotate import invite, last_address, personal_link, save_address

        address = save_address(project, options.address) if options.address else last_address(project)
        person, token = invite(project, options.name, options.role)
    if address is None:
        address = _address("127.0.0.1", ServeOptions.port)
        note = "This project was never served; the link assumes the default address (--address gives another)."
        print(note, file=sys.stderr)
    print(f"{person.name}'s link: {personal_link(address, token)}")
    return 0


def _export(argv: Sequence[str]) -> int:
    options = parse(ExportOptions, "vitruv annotate export", argv)
    with _existing(options) as project:
        from vitruv.annotate import export_coco

        counts = export_coco(project, options.output, unfinished=options.unfinished)
    people = f"{_count(counts['people'], 'person', 'people')}, {counts['with_masks']} with part masks"
    print(f"{options.output}: {_count(counts['photos'], 'photo')}, {people}, {_count(counts['points'], 'point')}")
    return 0


def _study(argv: Sequence[str]) -> int:
    from vitruv.cli import annotate_study

    return annotate_study.main(argv)
