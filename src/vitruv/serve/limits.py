"""What one request, and all of them together, may cost."""

from __future__ import annotations

from dataclasses import dataclass, fields

from vitruv.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits of a service. Memory stays below about max_queue x (max_bytes + the answer) + max_batch x 4 bytes x max_pixels."""

    max_bytes: int = 20_000_000
    """Size of one photo's file. A batch request may hold four times as much."""

    max_pixels: int = 25_000_000
    """Width times height of a photo; checked before it is decoded."""

    max_people: int = 50
    """People in an answer: the best ones are kept. More boxes than that are refused."""

    max_queue: int = 32
    """Photos that may wait. Beyond that, requests are answered 503 at once."""

    max_batch: int = 8
    """Photos that go through the networks together, and photos of a batch request."""

    read_timeout_s: float = 30.0
    """Time for a request to arrive completely."""

    timeout_s: float = 60.0
    """Time from the arrival of a request to its answer."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e12:
                raise InputError(f"{field.name} must be a positive number, but got {value!r}")
