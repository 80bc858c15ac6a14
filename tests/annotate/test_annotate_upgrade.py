"""Projects of earlier versions open, keep everything, and know afterwards what the new version knows."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from annotating import Clock

from vitruv.annotate import Project
from vitruv.annotate.domain import schema
from vitruv.annotate.domain.accounts import by_token
from vitruv.annotate.domain.leases import take
from vitruv.annotate.domain.points import points_of, skip_point
from vitruv.annotate.domain.project import MARKER
from vitruv.errors import InputError

DUMP = Path(__file__).parents[1] / "data" / "annotate_project_v1.sql"
POINTS_TASK = "bMdywazImIS1bjoQ"


@pytest.fixture
def old_folder(tmp_path: Path) -> Path:
    """A project as the first version left it: one person, one point placed and one skipped of five."""
    folder = tmp_path / "old"
    folder.mkdir()
    with sqlite3.connect(folder / "vitruv.sqlite") as connection:
        connection.executescript(DUMP.read_text())
    connection.close()
    (folder / MARKER).write_text('{"id": "PgmV8ErlHCqmfFe1", "database": "here"}')
    return folder


def test_a_project_of_the_first_version(old_folder: Path, clock: Clock) -> None:
    for _ in range(2):  # the second time nothing is left to upgrade
        project = Project.open(old_folder, now=clock)
        with project.store.read() as connection:
            version = connection.execute(sa.select(schema.project.c.schema_version)).scalar_one()
            points = points_of(connection, POINTS_TASK)
        project.close()
        assert version == schema.SCHEMA_VERSION == 2
        assert [(p["state"], p["source"]) for p in points] == [("placed", "click"), ("skipped", None), *[("open", None)] * 3]
        assert (points[0]["chart"], points[0]["click_x"], points[0]["seconds"]) == (2, 136.0, 2.5)
    project = Project.open(old_folder, now=clock)
    assert project.settings().points_per_part is None, "settings that it did not know have their defaults"
    ada = by_token(project, "ada-token")
    key = take(project, ada, POINTS_TASK).key
    skip_point(project, ada, POINTS_TASK, key, 2)
    with project.store.read() as connection:
        assert points_of(connection, POINTS_TASK)[2]["state"] == "skipped", "work goes on"
    project.close()


def test_the_upgrade_runs_on_every_database(any_project: Project, database: str | None) -> None:
    with any_project.store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE points DROP COLUMN source")
        connection.execute(sa.update(schema.project).values(schema_version=1))
    again = Project.open(any_project.folder, database)
    with again.store.read() as connection:
        assert points_of(connection, "none") == []
        assert connection.execute(sa.select(schema.project.c.schema_version)).scalar_one() == schema.SCHEMA_VERSION
    again.close()


def test_a_project_of_a_newer_version_is_left_alone(any_project: Project, database: str | None) -> None:
    with any_project.store.write() as connection:
        connection.execute(sa.update(schema.project).values(schema_version=schema.SCHEMA_VERSION + 1))
    with pytest.raises(InputError, match="was made by a newer Vitruv"):
        Project.open(any_project.folder, database)
