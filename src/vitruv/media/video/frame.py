"""What a clip is made of, as values."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from vitruv.types import UInt8Array


@dataclass(frozen=True)
class Place:
    """Where a frame stands in its clip. index: its number, from 0. pts: its time stamp in units of the clip's `time_base`."""

    index: int
    pts: int


@dataclass(frozen=True, eq=False)
class VideoFrame:
    """One picture of a clip.

    rgb: (h, w, 3) uint8, upright. index: its number in the source, from 0. pts, duration: in units of the clip's `time_base`, pts
    from the start of the file, strictly rising. time_s: seconds since the clip's first frame.
    """

    rgb: UInt8Array
    index: int
    pts: int
    duration: int
    time_s: float

    @property
    def place(self) -> Place:
        return Place(self.index, self.pts)


@dataclass(frozen=True)
class VideoInfo:
    """What is known of a clip before it is read.

    name: what messages call it. size_hw: of its frames as they are handed out. time_base: seconds per unit of time stamps.
    rate: frames a second on average. pixel_aspect: width of a pixel divided by its height. frames: how many the file says it has,
    or an estimate from its length; None where it says nothing. duration_s: as the file says. sound: the codec of its sound, None
    without. live: a camera or a stream, which cannot be read twice.
    """

    name: str
    size_hw: tuple[int, int]
    time_base: Fraction
    rate: Fraction
    pixel_aspect: Fraction
    codec: str
    frames: int | None
    duration_s: float | None
    sound: str | None
    live: bool
