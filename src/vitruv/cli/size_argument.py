"""Sizes of pictures on the command line."""

from __future__ import annotations

import re

from vitruv.errors import InputError


def size_hw_of(text: str) -> tuple[int, int]:
    """WIDTHxHEIGHT as (height, width). Raises InputError."""
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if not match or not all(32 <= int(side) <= 4096 for side in match.groups()):
        raise InputError(f"--size must be WIDTHxHEIGHT with sides of 32 to 4096 pixels, such as 640x480, but got {text!r}")
    return int(match[2]), int(match[1])
