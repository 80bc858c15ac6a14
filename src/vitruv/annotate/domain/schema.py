"""The tables of a project. Times are seconds since 1970 (UTC); ids are random and unrelated between projects."""

from __future__ import annotations

import secrets

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

SCHEMA_VERSION = 2
"""`upgrade` leads from every earlier version to this one."""

metadata = MetaData()


def new_id() -> str:
    """96 random bits, usable in addresses."""
    return secrets.token_urlsafe(12)


def _id() -> Column[str]:
    return Column("id", String(16), primary_key=True, default=new_id)


project = Table(
    "project",
    metadata,
    _id(),
    Column("schema_version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("created", Float, nullable=False),
)

annotators = Table(
    "annotators",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    Column("role", String(16), nullable=False),  # owner, reviewer, annotator
    Column("token_sha256", String(64), nullable=False, unique=True),
    Column("active", Boolean, nullable=False, default=True),
    Column("created", Float, nullable=False),
)

photos = Table(
    "photos",
    metadata,
    _id(),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("name", Text, nullable=False),  # as it was called where it came from; becomes `file_name`
    Column("kind", String(8), nullable=False),  # jpeg, png, webp
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("coco_id", BigInteger, nullable=False, unique=True),
    Column("extra", JSON, nullable=False),  # other COCO fields that came with it, handed on unchanged
    Column("created", Float, nullable=False),
)

people = Table(
    "people",
    metadata,
    _id(),
    Column("photo_id", ForeignKey("photos.id"), nullable=False, index=True),
    # The box, in pixels of the upright photo: left, top, width, height (COCO's own layout).
    Column("x", Float, nullable=False),
    Column("y", Float, nullable=False),
    Column("w", Float, nullable=False),
    Column("h", Float, nullable=False),
    Column("coco_id", BigInteger, nullable=False, unique=True),
    Column("source", String(16), nullable=False),  # drawn, imported, model, study
    Column("extra", JSON, nullable=False),
    Column("created", Float, nullable=False),
)

# One piece of work. `boxes` belongs to a photo; `parts` and `points` to a person, once for each replica.
# State: open -> submitted -> accepted, or returned -> submitted ... ; without review submitting accepts at once.
tasks = Table(
    "tasks",
    metadata,
    _id(),
    Column("kind", String(8), nullable=False),
    Column("photo_id", ForeignKey("photos.id"), nullable=False, index=True),
    Column("person_id", ForeignKey("people.id"), nullable=True, index=True),
    Column("replica", Integer, nullable=False, default=0),
    Column("state", String(12), nullable=False),
    Column("annotator_id", ForeignKey("annotators.id"), nullable=True),  # who works or worked on it
    Column("lease_key", String(16), nullable=False, default=""),
    Column("lease_until", Float, nullable=False, default=0.0),
    Column("note", Text, nullable=False, default=""),  # what the reviewer wrote
    Column("created", Float, nullable=False),
    Column("updated", Float, nullable=False),
    Index("tasks_queue", "state", "kind", "lease_until"),
    Index("tasks_annotator", "annotator_id", "state"),
)

masks = Table(
    "masks",
    metadata,
    Column("task_id", ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True),
    Column("part", Integer, primary_key=True),  # 1..14
    Column("counts", Text, nullable=False),  # compressed COCO run lengths on the 256 x 256 grid
    Column("area", Integer, nullable=False),
    Column("updated", Float, nullable=False),
)

points = Table(
    "points",
    metadata,
    Column("task_id", ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("part", Integer, nullable=False),  # the mask it was sampled in
    Column("x", Float, nullable=False),  # on the 256 x 256 grid, pixel-index coordinates
    Column("y", Float, nullable=False),
    Column("state", String(8), nullable=False, default="open"),  # open, placed, skipped
    # The answer: a point of the surface, and the click it came from (absent where it was imported).
    Column("face", Integer),
    Column("b0", Float),
    Column("b1", Float),
    Column("b2", Float),
    Column("chart", Integer),
    Column("u", Float),
    Column("v", Float),
    Column("view_part", Integer),
    Column("view", Integer),
    Column("click_x", Float),
    Column("click_y", Float),
    Column("seconds", Float),  # how long the annotator looked at it
    Column("source", String(8)),  # click, guess (of the model, accepted by the annotator); null where it was imported
    Column("updated", Float, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("task_id", String(16), nullable=False, index=True),
    Column("annotator_id", String(16), nullable=False),
    Column("action", String(16), nullable=False),  # claimed, submitted, accepted, returned, released, reopened
    Column("note", Text, nullable=False, default=""),
    Column("at", Float, nullable=False),
)
