"""What `torch.save` writes, read without PyTorch: pickles whose tensors name storages that stand elsewhere in the file.

New files (PyTorch 1.6 and later) are zip archives: NAME/data.pkl, NAME/data/0, NAME/data/1, ... Old files are five pickles in
a row (magic number, version, machine, content, storage keys), followed by the storages: count as int64, then the numbers.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection
from typing import Literal

import numpy as np

from vitruv.formats.pickle_machine import Name, PickleError, PickleMachine, RefusedError
from vitruv.formats.pickle_values import STORAGE_DTYPES, PlainValues
from vitruv.types import AnyArray

_OLD_START = b"\x80\x02\x8a\x0a" + (0x1950A86A20F9469CFC6C).to_bytes(10, "little") + b"."
_LOCAL_HEADER = 30  # bytes of a zip entry's own header before its name


def read_torch(data: memoryview, records: Collection[str]) -> object:
    """The content of a pickle or of a `torch.save` file, new or old. Raises PickleError or RefusedError."""
    if bytes(data[:4]) == b"PK\x03\x04":
        return _read_zip(data, records)
    if bytes(data[: len(_OLD_START)]) == _OLD_START:
        return _read_old(data, records)
    return PickleMachine(data, PlainValues(records, embedded=lambda inner: _embedded(inner, records))).load()


def _embedded(data: bytes, records: Collection[str]) -> object:
    """A storage that was pickled without `torch.save`: an old file inside the pickle."""
    if not data.startswith(_OLD_START):
        raise PickleError("a storage that is not written as PyTorch does")
    return _read_old(memoryview(data), records)


def _numbers(raw: memoryview, kind: str, order: Literal["<", ">"]) -> AnyArray:
    if kind != "bfloat16":
        return np.frombuffer(raw, np.dtype(kind).newbyteorder(order))
    upper_halves = np.frombuffer(raw, np.dtype("u2").newbyteorder(order)).astype(np.uint32)
    return (upper_halves << 16).view(np.float32)


def _storage_key(key: tuple[object, ...]) -> tuple[str, str, int]:
    """("storage", type, key, device, count) -> NumPy type, key, count."""
    if len(key) < 5 or key[0] != "storage" or not isinstance(key[1], Name) or key[1].name not in STORAGE_DTYPES:
        raise RefusedError("data outside the file")
    if not isinstance(key[2], str) or not isinstance(key[4], int) or any(part is not None for part in key[5:]):
        raise PickleError("a storage that is not named as PyTorch does")
    return STORAGE_DTYPES[key[1].name], key[2], key[4]


def _read_zip(data: memoryview, records: Collection[str]) -> object:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = {info.filename: info for info in archive.infolist()}
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, OSError, EOFError) as error:
        raise PickleError(f"the zip archive is damaged ({error})") from None

    def content(name: str) -> memoryview:
        info = entries.get(name)
        if info is None or info.compress_type != zipfile.ZIP_STORED:
            raise PickleError(f"{name} is missing or compressed, which PyTorch never writes")
        header = data[info.header_offset : info.header_offset + _LOCAL_HEADER]
        lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        start = info.header_offset + _LOCAL_HEADER + lengths
        return data[start : start + info.file_size]

    mains = [name for name in entries if name.split("/")[1:] == ["data.pkl"]]
    if len(mains) != 1:
        raise PickleError("a zip archive without data.pkl")
    folder = mains[0].removesuffix("data.pkl")
    order: Literal["<", ">"] = ">" if folder + "byteorder" in entries and bytes(content(folder + "byteorder")) == b"big" else "<"
    storages: dict[str, AnyArray] = {}

    def storage(key: tuple[object, ...]) -> AnyArray:
        kind, name, _ = _storage_key(key)
        if name not in storages:
            storages[name] = _numbers(content(f"{folder}data/{name}"), kind, order)
        return storages[name]

    return PickleMachine(content(mains[0]), PlainValues(records, storage)).load()


class _Scan:
    """A `Builder` that makes nothing, and notes which storages a pickle names."""

    def __init__(self) -> None:
        self.storages: dict[str, tuple[str, int]] = {}

    def name(self, name: Name) -> object:
        return name

    def call(self, function: object, arguments: tuple[object, ...]) -> object:
        return {}

    def new(self, kind: object, arguments: tuple[object, ...]) -> object:
        return {}

    def set_state(self, value: object, state: object) -> object:
        return value

    def persistent(self, key: object) -> object:
        if not isinstance(key, tuple):
            raise RefusedError("data outside the file")
        kind, name, count = _storage_key(key)
        self.storages[name] = kind, count
        return None


def _read_old(data: memoryview, records: Collection[str]) -> object:
    # The storages come last, so the content is passed over once to find them.
    scan = _Scan()
    machine = PickleMachine(data, scan)
    for _ in range(3):  # magic number, version, machine
        machine.load()
    start = machine.position
    machine.load()
    keys = machine.load()
    found: dict[str, AnyArray] = {}
    position = machine.position
    for name in keys if isinstance(keys, list) else ():
        if name not in scan.storages:
            raise PickleError("a storage that no tensor names")
        kind, count = scan.storages[name]
        end = position + 8 + max(count, 0) * (2 if kind == "bfloat16" else np.dtype(kind).itemsize)
        if int.from_bytes(data[position : position + 8], "little") != count or end > len(data):
            raise PickleError("a storage is cut off")
        found[name] = _numbers(data[position + 8 : end], kind, "<")
        position = end

    def storage(key: tuple[object, ...]) -> AnyArray:
        _, name, _ = _storage_key(key)
        if name not in found:
            raise PickleError(f"storage {name} is missing")
        return found[name]

    return PickleMachine(data, PlainValues(records, storage), start).load()
