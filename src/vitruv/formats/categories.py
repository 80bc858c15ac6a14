"""Which categories of a COCO file are people."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from vitruv.errors import FormatError
from vitruv.types import PathLike

COCO_PERSON = 1
"""The id of people in COCO, and in files that list no categories."""

_NAMES = frozenset({"person", "people", "persons", "human", "pedestrian"})


def person_categories(categories: object, path: PathLike) -> frozenset[int]:
    """The ids of people among a file's `categories`; COCO's where it has none.

    Raises FormatError, naming `path`, when there are categories and none of them is a person.
    """
    listed = [one for one in categories if isinstance(one, dict)] if isinstance(categories, (list, tuple)) else []
    if not listed:
        return frozenset({COCO_PERSON})
    found = frozenset(one["id"] for one in listed if str(one.get("name")).casefold() in _NAMES and isinstance(one.get("id"), int))
    if not found:
        names = ", ".join(str(one.get("name", one.get("id"))) for one in listed[:5])
        raise FormatError(path, f"none of its categories is named person: {names}")
    return found


def category_ids(categories: Iterable[Mapping[str, object]]) -> frozenset[int]:
    """The ids of a file's `categories`; what is no whole number is passed over."""
    return frozenset(number for one in categories if isinstance(number := one.get("id"), int))


def is_person(category_id: object, persons: Collection[int]) -> bool:
    """category_id: of a record; people where it says nothing."""
    return category_id is None or (category_id in persons if isinstance(category_id, int) else False)
