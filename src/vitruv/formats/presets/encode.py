"""Arrays of presets as files: the ending of the name says the format."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from vitruv.errors import UnwritableFileError
from vitruv.files import replacing
from vitruv.formats.png import write_png
from vitruv.types import AnyArray

_JPEG = (".jpg", ".jpeg")


def make_folder(folder: Path) -> None:
    """Make a folder and those above it. Raises UnwritableFileError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnwritableFileError(folder, f"the folder cannot be made ({(error.strerror or str(error)).lower()})") from None


def write_array(path: Path, array: AnyArray, *, key: str = "arr_0") -> None:
    """Write pixels as PNG or JPEG (quality 100, colours not halved), anything as .npy or .npz (one entry, `key`).

    Folders are made as needed. Raises UnwritableFileError.
    """
    make_folder(path.parent)
    ending = path.suffix.lower()
    if ending in _JPEG:
        with replacing(path) as stream:
            Image.fromarray(array).save(stream, "jpeg", quality=100, subsampling=0)
    elif ending == ".npy":
        with replacing(path) as stream:
            np.lib.format.write_array(stream, np.ascontiguousarray(array), allow_pickle=False)
    elif ending == ".npz":
        # numpy.savez_compressed puts the time of day into the file; the same map should give the same bytes.
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
        with replacing(path) as stream, zipfile.ZipFile(stream, "w") as archive:
            archive.writestr(zipfile.ZipInfo(f"{key}.npy"), buffer.getbuffer(), zipfile.ZIP_DEFLATED, compresslevel=1)
    else:
        write_png(path, array)
