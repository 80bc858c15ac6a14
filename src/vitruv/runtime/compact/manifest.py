"""Entries of a model.json, checked one by one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vitruv.errors import ModelError


@dataclass(frozen=True)
class ManifestReader:
    """manifest: parts by name, each an object. Every method raises ModelError naming the entry that cannot be used."""

    folder: Path
    manifest: dict[str, Any]

    def has(self, part: str, name: str) -> bool:
        section = self.manifest.get(part)
        return isinstance(section, dict) and section.get(name) is not None

    def file(self, part: str) -> Path:
        name = self._value(part, "file")
        if not isinstance(name, str) or Path(name).name != name:
            raise self._wrong(part, "file", "the name of a file beside it")
        return self.folder / name

    def number(self, part: str, name: str, low: float, high: float) -> float:
        value = self._value(part, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self._wrong(part, name, f"a number from {low:g} to {high:g}")
        return float(value)

    def flag(self, part: str, name: str) -> bool:
        """False where it is not there."""
        if not self.has(part, name):
            return False
        value = self._value(part, name)
        if not isinstance(value, bool):
            raise self._wrong(part, name, "true or false")
        return value

    def size_hw(self, part: str, name: str) -> tuple[int, int]:
        value = self._value(part, name)
        if not isinstance(value, list) or len(value) != 2 or not all(type(side) is int and side > 0 for side in value):
            raise self._wrong(part, name, "two positive integers, height and width")
        return value[0], value[1]

    def _value(self, part: str, name: str) -> Any:
        if not self.has(part, name):
            raise ModelError(f"{self.folder}: model.json lacks {part}.{name}")
        return self.manifest[part][name]

    def _wrong(self, part: str, name: str, expected: str) -> ModelError:
        return ModelError(f"{self.folder}: model.json: {part}.{name} must be {expected}, but is {self._value(part, name)!r}")
