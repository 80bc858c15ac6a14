"""Files on disk, whatever they hold: written whole or not at all, the cache folder, archives of arrays."""

from vitruv.files.atomic import replacing, replacing_path
from vitruv.files.cache import cache_folder
from vitruv.files.npz import made_from, read_arrays, write_arrays

__all__ = ["cache_folder", "made_from", "read_arrays", "replacing", "replacing_path", "write_arrays"]
