"""The one folder where Vitruv keeps what it downloads, converts or computes once."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """$VITRUV_CACHE, or else `vitruv` in the system's folder for caches. The folder need not exist yet."""
    chosen = os.environ.get("VITRUV_CACHE")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "vitruv"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "vitruv"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vitruv"
