"""Databases of earlier versions are brought up to date when their project is opened; nothing in them is lost."""

from __future__ import annotations

import sqlalchemy as sa

from vitruv.annotate.domain import schema

_STEPS = {
    # Version 2 records how a point was answered: by a click, or by accepting the model's guess.
    1: ("ALTER TABLE points ADD COLUMN source VARCHAR(8)", "UPDATE points SET source = 'click' WHERE click_x IS NOT NULL"),
}
"""Version -> the statements that lead to the next one; they run on SQLite and on PostgreSQL."""


def upgrade(connection: sa.Connection, version: int) -> None:
    """Bring the tables from `version` to SCHEMA_VERSION, inside the caller's transaction."""
    for step in range(version, schema.SCHEMA_VERSION):
        for statement in _STEPS[step]:
            connection.exec_driver_sql(statement)
    if version < schema.SCHEMA_VERSION:
        connection.execute(sa.update(schema.project).values(schema_version=schema.SCHEMA_VERSION))
