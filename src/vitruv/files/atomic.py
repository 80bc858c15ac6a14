"""Files that appear under their final name only when they are whole."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from vitruv.errors import UnwritableFileError
from vitruv.types import PathLike

# What a full or broken disk answers to a write; other OSErrors of the body are the caller's own.
_WRITE_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


@contextmanager
def replacing_path(path: PathLike) -> Iterator[Path]:
    """The path of a temporary file beside `path`, which takes the name `path` after the block; it is removed if the block raises.

    For writers that open the file themselves; others use `replacing`. The rename is one step: an old file is replaced whole.
    Raises UnwritableFileError when the folder does not exist or cannot be written, or the disk is full.
    """
    final = Path(path)
    temporary = final.with_name(f".{final.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        yield temporary
        temporary.replace(final)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and (error.errno in _WRITE_ERRORS or error.filename == str(temporary)):
            raise UnwritableFileError(final, f"cannot be written: {_sentence(error)}") from None
        raise


@contextmanager
def replacing(path: PathLike) -> Iterator[BinaryIO]:
    """A binary stream whose bytes stand under `path` after the block, and nowhere if the block raises.

    The bytes go to a temporary file in the same folder, which then takes the final name in one step (an old file is replaced).
    Raises UnwritableFileError when the folder does not exist or cannot be written, or the disk is full.
    """
    with replacing_path(path) as temporary, temporary.open("xb") as stream:
        yield stream


def _sentence(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
