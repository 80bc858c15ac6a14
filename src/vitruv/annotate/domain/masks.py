"""Stage one: the visible region of each of the 14 parts, saved stroke by stroke."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from vitruv.annotate.domain.accounts import Annotator
from vitruv.annotate.domain.leases import hold
from vitruv.annotate.domain.project import Project
from vitruv.annotate.domain.schema import masks
from vitruv.errors import InputError
from vitruv.formats import decode_rle, encode_rle
from vitruv.geometry import GRID
from vitruv.http.errors import UnprocessableError
from vitruv.surface.charts import NUM_PARTS
from vitruv.types import BoolArray


def save_masks(project: Project, annotator: Annotator, task_id: str, key: str | None, parts: object) -> dict[str, int]:
    """Save the parts that a stroke has changed. parts: {"1": run lengths, ...}; an empty mask removes the part.

    Returns the area of each saved part in pixels of the 256 x 256 grid. Raises UnprocessableError, and saves
    nothing, when one of them is not a mask.
    """
    areas = {part: (counts, area) for part, counts, area in _checked(parts)}
    with project.store.write() as connection:
        task = hold(connection, project, annotator, task_id, key)
        if task.kind != "parts":
            raise UnprocessableError("part masks can be saved only in a parts task")
        write_masks(connection, task_id, areas, project.now())
    return {str(part): area for part, (_, area) in areas.items()}


def write_masks(connection: sa.Connection, task_id: str, parts: dict[int, tuple[str, int]], now: float) -> None:
    """Write masks (part -> run lengths, area) inside a transaction."""
    if not parts:
        return
    connection.execute(sa.delete(masks).where(masks.c.task_id == task_id, masks.c.part.in_(parts)))
    rows = [
        {"task_id": task_id, "part": part, "counts": counts, "area": area, "updated": now}
        for part, (counts, area) in parts.items()
        if area
    ]
    if rows:
        connection.execute(sa.insert(masks), rows)


def masks_of(connection: sa.Connection, task_id: str) -> dict[int, str]:
    """part -> run lengths of the parts that are visible."""
    rows = connection.execute(sa.select(masks).where(masks.c.task_id == task_id).order_by(masks.c.part))
    return {row.part: row.counts for row in rows}


def decoded(counts_of_part: dict[int, str]) -> dict[int, BoolArray]:
    """part -> (256, 256) bool."""
    return {part: decode_mask(counts) for part, counts in counts_of_part.items()}


def decode_mask(counts: object, *, name: str = "mask") -> BoolArray:
    """COCO's packed run lengths -> (256, 256) bool. Raises UnprocessableError, which starts with `name`, for anything else."""
    if not isinstance(counts, str):
        raise UnprocessableError(f"{name} must be a text of packed run lengths, but is a {type(counts).__name__}")
    try:
        return decode_rle({"size": [GRID, GRID], "counts": counts})
    except InputError as error:
        raise UnprocessableError(f"{name}: {error}") from None


def encode_mask(mask: BoolArray) -> str:
    """(256, 256) bool -> COCO's packed run lengths."""
    return str(encode_rle(mask)["counts"])


def _checked(parts: object) -> list[tuple[int, str, int]]:
    if not isinstance(parts, dict):
        raise UnprocessableError('parts must be an object like {"1": run lengths}')
    checked: list[tuple[int, str, int]] = []
    for name, counts in parts.items():
        part = _part(name)
        checked.append((part, counts, int(decode_mask(counts, name=f"parts[{part}]").sum())))
    return checked


def _part(name: Any) -> int:
    if isinstance(name, str) and name.isascii() and name.isdigit() and 1 <= int(name) <= NUM_PARTS:
        return int(name)
    raise UnprocessableError(f"a part must be a number from 1 to {NUM_PARTS}, but got {name!r}")
