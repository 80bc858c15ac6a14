"""A project is a folder with photos, and a database in it or elsewhere. `Project.open` creates what is missing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from vitruv.annotate.domain import schema
from vitruv.annotate.domain.store import Store, sqlite_url
from vitruv.annotate.domain.upgrade import upgrade
from vitruv.errors import FormatError, InputError, MissingFileError, UnwritableFileError
from vitruv.files import replacing
from vitruv.http.errors import UnprocessableError

MARKER = "vitruv-project.json"
MAX_POINTS_PER_PART = 50


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the owner can change while people work. Changes apply to tasks that are opened afterwards."""

    review: bool = False  # finished work counts only after a reviewer accepted it
    replicas: int = 1  # how many annotators do each person, to see how far they agree
    lease_minutes: float = 15.0  # how long a task stays with somebody who does nothing
    photo_megabytes: int = 40
    photo_megapixels: int = 100
    points_per_part: int | None = None  # None: by the area of the part, 5 to 14, as in DensePose-COCO

    def __post_init__(self) -> None:
        for field, low, high in (
            ("replicas", 1, 10),
            ("lease_minutes", 0.001, 24 * 60),
            ("photo_megabytes", 1, 1000),
            ("photo_megapixels", 1, 1000),
        ):
            value = getattr(self, field)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
                raise UnprocessableError(f"{field} must be between {low:g} and {high}, but got {value!r}")
        for field in ("replicas", "photo_megabytes", "photo_megapixels"):
            if not isinstance(getattr(self, field), int):
                raise UnprocessableError(f"{field} must be a whole number, but got {getattr(self, field)!r}")
        count = self.points_per_part
        if count is not None and (not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MAX_POINTS_PER_PART):
            message = f"points_per_part must be null (by area) or a whole number from 1 to {MAX_POINTS_PER_PART}, but got {count!r}"
            raise UnprocessableError(message)
        if not isinstance(self.review, bool):
            raise UnprocessableError(f"review must be true or false, but got {self.review!r}")


@dataclass(frozen=True)
class Project:
    """An open project. `now` is the clock, in seconds since 1970: leases are measured on it."""

    folder: Path
    store: Store
    id: str
    now: Callable[[], float] = time.time

    @classmethod
    def open(
        cls, folder: str | Path, database: str | None = None, *, create: bool = True, now: Callable[[], float] = time.time
    ) -> Project:
        """Open the project in `folder`, or start one there.

        database: a URL; without one, the file `vitruv.sqlite` in the folder. create: False opens existing projects only.
        Raises MissingFileError when there is no project and `create` is False, InputError when folder and database belong to
        different projects, UnwritableFileError when the folder cannot be written, UnavailableError when the database cannot be
        reached.
        """
        folder = Path(folder).resolve()
        marker = _read_marker(folder)
        if not marker and not create:
            raise MissingFileError(folder, "there is no annotation project here")
        if database is None and marker.get("database") == "elsewhere":
            raise InputError(f"{folder} keeps its annotations in a database of its own: give its URL with --database")
        if database is not None and marker.get("database") == "here":
            raise InputError(f"{folder} keeps its annotations in its own folder: leave --database out")
        try:
            (folder / "photos").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnwritableFileError(folder, f"the project cannot be created here ({error.strerror})") from None
        store = Store(database or sqlite_url(folder / "vitruv.sqlite"))
        try:
            project_id = _same_project(store, marker.get("id"), folder, now())
        except BaseException:
            store.close()
            raise
        if not marker:
            _write_marker(folder, {"id": project_id, "database": "elsewhere" if database else "here"})
        return cls(folder, store, project_id, now)

    @property
    def photo_folder(self) -> Path:
        return self.folder / "photos"

    def name(self) -> str:
        with self.store.query_once() as connection:
            return str(connection.execute(sa.select(schema.project.c.name)).scalar_one())

    def settings(self) -> Settings:
        with self.store.query_once() as connection:
            return read_settings(connection)

    def change(self, changes: dict[str, Any]) -> None:
        """Change the name or some of the settings. Raises UnprocessableError for anything else."""
        name = changes.pop("name", None)
        unknown = set(changes) - {field.name for field in fields(Settings)}
        if unknown:
            raise UnprocessableError(f"a project has no setting {sorted(unknown)[0]!r}")
        if name is not None and (not isinstance(name, str) or not 1 <= len(name.strip()) <= 100):
            raise UnprocessableError("the name of a project must have 1 to 100 characters")
        with self.store.write() as connection:
            settings = asdict(replace(read_settings(connection), **changes))
            values = {"settings": settings} if name is None else {"settings": settings, "name": name.strip()}
            connection.execute(sa.update(schema.project).values(**values))

    def close(self) -> None:
        self.store.close()


def read_settings(connection: sa.Connection) -> Settings:
    """The settings, inside a transaction."""
    return as_settings(connection.execute(sa.select(schema.project.c.settings)).scalar_one())


def as_settings(kept: dict[str, Any]) -> Settings:
    """Settings from the column they are kept in; those that this version does not know are left out."""
    known = {field.name for field in fields(Settings)}
    return Settings(**{key: value for key, value in kept.items() if key in known})


def _same_project(store: Store, expected_id: str | None, folder: Path, now: float) -> str:
    """The id of the project in the database. An empty database gets a new project, an older one is upgraded."""
    with store.write() as connection:
        row = connection.execute(sa.select(schema.project)).one_or_none()
        if row is None:
            project_id = expected_id or schema.new_id()
            connection.execute(
                sa.insert(schema.project).values(
                    id=project_id,
                    schema_version=schema.SCHEMA_VERSION,
                    name=folder.name or "project",
                    settings=asdict(Settings()),
                    created=now,
                )
            )
            return project_id
        if row.id == expected_id and row.schema_version <= schema.SCHEMA_VERSION:
            upgrade(connection, row.schema_version)
    if row.schema_version > schema.SCHEMA_VERSION:
        raise InputError(f"the project in {folder} was made by a newer Vitruv: install that or a newer version")
    if row.id != expected_id:
        raise InputError(
            f"the database belongs to another project, {row.name!r}: give the folder of that project or another database"
        )
    return str(row.id)


def _read_marker(folder: Path) -> dict[str, str]:
    path = folder / MARKER
    if not path.exists():
        return {}
    try:
        marker = json.loads(path.read_text())
    except (OSError, ValueError):
        raise FormatError(path, "this is not a valid project marker; restore the file or use another folder") from None
    if not isinstance(marker, dict) or not isinstance(marker.get("id"), str) or marker.get("database") not in ("here", "elsewhere"):
        raise FormatError(path, "this is not the marker of a project; restore it or start in another folder")
    return marker


def _write_marker(folder: Path, marker: dict[str, str]) -> None:
    with replacing(folder / MARKER) as file:
        file.write(json.dumps(marker).encode())
