"""Files on disk, whatever they hold: written whole or not at all, the cache folder, archives of arrays, and found by the names that
JSON files give them."""

from vitruv.files.atomic import locked, remove_abandoned, replacing, replacing_path
from vitruv.files.cache import cache_folder
from vitruv.files.folders import make_folder
from vitruv.files.kinds import is_text, looks_like
from vitruv.files.matching import FilePath, Unmatched, match_files
from vitruv.files.npz import made_from, read_arrays, write_arrays

__all__ = [
    "FilePath",
    "Unmatched",
    "cache_folder",
    "is_text",
    "locked",
    "looks_like",
    "made_from",
    "make_folder",
    "match_files",
    "read_arrays",
    "remove_abandoned",
    "replacing",
    "replacing_path",
    "write_arrays",
]
