"""Large JSON files, record by record.

DensePose-COCO files are a few long lists of records, up to half a gigabyte. The file is mapped and passed over once to find
where each record begins and ends; a record is parsed when it is asked for.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from vitruv.errors import FormatError, InputError
from vitruv.formats.safe_pickle import map_file
from vitruv.types import Int64Array, PathLike, UInt8Array

_RELEASED_BYTES = 1 << 26  # what was read is given back to the system after so much

CACHED_BYTES = 1 << 25
"""Records of files up to this size are kept once parsed."""

_PIECE = 1 << 23
_BACKSLASH, _QUOTE = ord("\\"), ord('"')


def _kinds() -> UInt8Array:
    table = np.zeros(256, np.uint8)
    for characters, kind in ((b"{[", 1), (b"}]", 2), (b'"', 3)):
        table[list(characters)] = kind
    return table


_KIND = _kinds()


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _parser() -> Callable[[bytes], Any]:
    try:
        import orjson
    except ImportError:  # the base install; the same rules, slower
        return lambda text: json.loads(text, parse_constant=_refuse)
    return orjson.loads


def parse_json(text: bytes, path: PathLike, where: str = "the file") -> Any:
    """Strict JSON: NaN and infinity are refused. Raises FormatError naming `where`."""
    try:
        return _parser()(text)
    except (ValueError, RecursionError) as error:
        if b"NaN" in text or b"Infinity" in text:
            raise FormatError(path, f"{where} holds NaN or infinity, which JSON does not know") from None
        raise FormatError(path, f"{where} is not JSON: {error}") from None


def dump_json(value: object) -> bytes:
    """JSON text; NaN and infinity are refused (InputError)."""
    try:
        return json.dumps(value, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise InputError(f"this cannot be written as JSON: {error}") from None


class Records(Sequence[dict[str, Any]]):
    """A list of JSON objects in a mapped file, parsed on demand. Raises FormatError for one that is not an object."""

    def __init__(self, data: memoryview, spans: Int64Array, path: PathLike, name: str) -> None:
        self._data, self._spans, self.path, self.name = data, spans, path, name
        self._read = 0
        self._cache: list[dict[str, Any] | None] | None = [None] * len(spans) if len(data) <= CACHED_BYTES else None

    def __len__(self) -> int:
        return len(self._spans)

    @property
    def kept(self) -> bool:
        """Whether records stay parsed; those of large files do not."""
        return self._cache is not None

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if self._cache is not None and (known := self._cache[index]) is not None:
            return known
        start, end = (int(v) for v in self._spans[index])
        self._read += end - start
        if self._read > _RELEASED_BYTES:
            self._read = 0
            _release(self._data)
        record = parse_json(bytes(self._data[start:end]), self.path, f"{self.name}[{index}]")
        if not isinstance(record, dict):
            raise FormatError(self.path, f"{self.name}[{index}] is not an object")
        if self._cache is not None:
            self._cache[index] = record
        return record

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self[i] for i in range(len(self)))


@dataclass(frozen=True, eq=False)
class JsonFile:
    """A JSON file whose top is a list of records, or an object with such lists.

    top: the parsed top, in which every list or object below it is replaced by its number.
    """

    path: PathLike
    data: memoryview
    top: Any
    _spans: Int64Array
    _inner: Int64Array

    @classmethod
    def open(cls, path: PathLike) -> JsonFile:
        """Raises MissingFileError, UnreadableFileError and FormatError (not JSON, or cut off)."""
        data = map_file(path)
        first, second = _spans_at_depths(data)
        top = parse_json(_shell(data, 0, len(data), first), path)
        if not isinstance(top, (list, dict)):
            raise FormatError(path, "the file is not a JSON list or object")
        return cls(path, data, top, first, second)

    def records(self, name: str) -> Records:
        """The records of the top's list `name`, or of the top itself when `name` is empty."""
        if not name:
            if not isinstance(self.top, list) or self.top != [[i] for i in range(len(self._spans))]:
                raise FormatError(self.path, "expected a list of objects")
            return Records(self.data, self._spans, self.path, "results")
        number = self.top.get(name) if isinstance(self.top, dict) else None
        if not (isinstance(number, list) and len(number) == 1):
            raise FormatError(self.path, f"expected a list {name!r}")
        start, end = (int(v) for v in self._spans[number[0]])
        low, high = np.searchsorted(self._inner[:, 0], [start, end])
        spans = self._inner[low:high]
        if parse_json(_shell(self.data, start, end, spans), self.path, name) != [[i] for i in range(len(spans))]:
            raise FormatError(self.path, f"{name} must be a list of objects")
        return Records(self.data, spans, self.path, name)

    def value(self, name: str) -> Any:
        """The value of the top's key `name`, parsed whole; None when absent."""
        found = self.top.get(name) if isinstance(self.top, dict) else None
        if isinstance(found, list):
            start, end = self._spans[found[0]]
            return parse_json(bytes(self.data[start:end]), self.path, name)
        return found


def _release(data: memoryview) -> None:
    """Let go of the mapped pages: the system reads them again when needed, and they do not count as memory of the process."""
    if isinstance(data.obj, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        data.obj.madvise(mmap.MADV_DONTNEED)


def _shell(data: memoryview, start: int, end: int, spans: Int64Array) -> bytes:
    """The text between `start` and `end` with every span replaced by its number in brackets."""
    pieces, at, released = [], start, start
    for i, (left, right) in enumerate(spans.tolist()):
        pieces += [bytes(data[at:left]), b"[%d]" % i]
        at = right
        if at - released > _RELEASED_BYTES:  # looking between the records maps all of the file
            _release(data)
            released = at
    return b"".join([*pieces, data[at:end]])


def _spans_at_depths(data: memoryview) -> tuple[Int64Array, Int64Array]:
    """Begin and end (n, 2) of every list or object one level below the top, and two levels below."""
    whole = np.frombuffer(data, np.uint8)
    depth, in_string = 0, False
    opened: dict[int, list[Int64Array]] = {2: [], 3: []}
    closed: dict[int, list[Int64Array]] = {2: [], 3: []}
    for start in range(0, len(whole), _PIECE):
        kinds = _KIND[whole[start : start + _PIECE]]
        at = np.flatnonzero(kinds)
        kind = kinds[at]
        at += start
        keep = ~((kind == 3) & _escaped(whole, at))
        at, kind = at[keep], kind[keep]
        quotes = np.cumsum(kind == 3) + in_string
        outside = (kind != 3) & (quotes % 2 == 0)
        in_string = bool(quotes[-1] % 2) if len(quotes) else in_string
        at, step = at[outside], np.where(kind[outside] == 1, 1, -1)
        after = np.cumsum(step) + depth
        depth = int(after[-1]) if len(after) else depth
        _release(data)
        for level in (2, 3):
            opened[level].append(at[(step == 1) & (after == level)])
            closed[level].append(at[(step == -1) & (after == level - 1)] + 1)
    return _paired(opened[2], closed[2]), _paired(opened[3], closed[3])


def _paired(opened: list[Int64Array], closed: list[Int64Array]) -> Int64Array:
    begin, end = np.concatenate([*opened, []]), np.concatenate([*closed, []])
    count = min(len(begin), len(end))  # a file that is cut off has more beginnings; parsing the shell then fails
    return np.stack([begin[:count], end[:count]], axis=1).astype(np.int64)


def _escaped(whole: UInt8Array, at: Int64Array) -> Any:
    """Which of the positions follow an odd number of backslashes."""
    odd = np.zeros(len(at), bool)
    for i in np.flatnonzero((at > 0) & (whole[at - 1] == _BACKSLASH)):
        run = 1
        while at[i] > run and whole[at[i] - 1 - run] == _BACKSLASH:
            run += 1
        odd[i] = run % 2 == 1
    return odd
