"""What is wanted of a clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vitruv.errors import InputError
from vitruv.formats import ChannelOrder
from vitruv.media.video import Container
from vitruv.tracking import Smoothing

ClipProduct = Literal["overlay", "iuv", "labels", "npz", "json", "jsonl"]
Lossless = Literal["mkv", "png"]


@dataclass(frozen=True)
class ClipSettings:
    """save: what is written. container: of the overlay. sound: of the clip, kept in the overlay. lossless: IUV and labels as video
    (FFV1) or as numbered PNG files. channel_order: of IUV. start_s, end_s: seconds since the first frame. every: one of so many
    frames. max_size: longest side in pixels. detect_every, threshold, smooth: of the tracker. segment_frames: how many frames are
    finished together. Raises InputError for values that cannot be used."""

    save: tuple[ClipProduct, ...] = ("overlay", "iuv", "labels", "json")
    container: Container = "mp4"
    sound: bool = True
    lossless: Lossless = "mkv"
    channel_order: ChannelOrder = "iuv"
    start_s: float = 0.0
    end_s: float | None = None
    every: int = 1
    max_size: int | None = None
    detect_every: int = 5
    threshold: float | None = None
    smooth: Smoothing = "off"
    segment_frames: int = 150

    def __post_init__(self) -> None:
        if not self.save:
            raise InputError("save needs at least one of overlay, iuv, labels, npz, json, jsonl")
        if not 0 <= self.start_s < float("inf"):
            raise InputError(f"start must be 0 seconds or more, but is {self.start_s:g}")
        if self.end_s is not None and not self.end_s > self.start_s:
            raise InputError(f"end must come after start ({self.start_s:g} s), but is {self.end_s:g} s")
        for name, value in (("every", self.every), ("detect_every", self.detect_every), ("segment_frames", self.segment_frames)):
            if value < 1:
                raise InputError(f"{name} must be at least 1, but is {value}")
        if self.max_size is not None and self.max_size < 1:
            raise InputError(f"max_size must be at least 1 pixel, but is {self.max_size}")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise InputError(f"threshold must be from 0 to 1, but is {self.threshold:g}")
