"""What a file looks like by its first bytes: for messages about files that are not what was expected."""

from __future__ import annotations

import string

_STARTS = (
    (b"version https://git-lfs", "a pointer of Git LFS (run `git lfs pull`)"),
    (b"\x1f\x8b", "a gzip file (unpack it first)"),
    (b"BZh", "a bzip2 file (unpack it first)"),
    (b"\xfd7zXZ", "an xz file (unpack it first)"),
    (b"\x28\xb5\x2f\xfd", "a zstd file (unpack it first)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive (unpack it first)"),
    (b"Rar!", "a RAR archive (unpack it first)"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG", "a PNG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"\x93NUMPY", "an array of NumPy (.npy)"),
    (b"\x89HDF", "an HDF5 file"),
    (b"MATLAB", "a MATLAB file"),
    (b"%PDF", "a PDF"),
    (b"<!", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "an XML file"),
    (b"<", "a web page"),
    (b"{", "JSON"),
    (b"[", "JSON"),
)
_HEADER_BYTES = 8  # of safetensors: the length of the JSON that follows
_TEXT = frozenset(string.printable.encode())


def looks_like(start: bytes) -> str | None:
    """In words, or None where the bytes tell nothing. start: the first 64 bytes or more."""
    if not start:
        return "an empty file"
    if not start.strip(b"\0"):
        return "a file of zeros"
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "a WebP picture"
    if start[_HEADER_BYTES : _HEADER_BYTES + 2] == b'{"' and start[4:_HEADER_BYTES] == bytes(4):
        return "a safetensors file"
    stripped = start.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    return next((kind for begin, kind in _STARTS if stripped.lower().startswith(begin.lower())), None)


def is_text(start: bytes) -> bool:
    """Whether the bytes are plain text."""
    return bool(start) and set(start) <= _TEXT
