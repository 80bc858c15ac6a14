"""Clips made for tests: small, with everything a file can say about itself."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from toy_model import painted_picture
from vitruv.types import UInt8Array


def bars(count: int = 12, size_hw: tuple[int, int] = (48, 64)) -> list[UInt8Array]:
    """Frames that differ: frame i is grey i * 16, with a red corner at the top left."""
    frames = []
    for i in range(count):
        frame = np.full((*size_hw, 3), 16 * i % 256, np.uint8)
        frame[: size_hw[0] // 4, : size_hw[1] // 4] = (250, 20, 20)
        frames.append(frame)
    return frames


def write_clip(
    path: Path,
    frames: Sequence[UInt8Array],
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    options: dict[str, str] | None = None,
    times: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, 25),
    matrix: tuple[int, ...] | None = None,
    sound: str | None = None,
    container: dict[str, str] | None = None,
    colours: tuple[int, int, int] | None = None,
) -> Path:
    """times: time stamps in units of time_base. matrix: display matrix. sound: its codec. colours: matrix, transfer, primaries."""
    rate = Fraction(25)
    with av.open(str(path), "w", options=container or {}) as output:
        stream = output.add_stream(codec, rate=rate, options=options or {})
        stream.height, stream.width = frames[0].shape[:2] if frames else (48, 64)
        stream.pix_fmt = pixels
        stream.time_base = stream.codec_context.time_base = time_base
        if matrix is not None:
            stream.set_display_matrix(matrix)
        if colours is not None:
            stream.codec_context.colorspace, stream.codec_context.color_trc, stream.codec_context.color_primaries = colours
        heard = output.add_stream(sound, rate=48000) if sound else None
        if heard is not None:
            heard.layout = "mono"
        for i, pixel_values in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixel_values, format="rgb48le" if pixel_values.dtype == np.uint16 else "rgb24")
            frame = frame.reformat(format=pixels, dst_colorspace="BT2020" if colours else "ITU601")
            frame.pts, frame.time_base = (i if times is None else times[i]), time_base
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        if heard is not None:
            wave = (8000 * np.sin(np.arange(48000 * max(len(frames), 1) // 25) / 20)).astype(np.int16)
            note = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
            note.sample_rate, note.pts = 48000, 0
            fitted = av.AudioResampler(heard.format, "mono", 48000, frame_size=heard.codec_context.frame_size or 1024)
            for piece in [*fitted.resample(note), *fitted.resample(None)]:
                output.mux(heard.encode(piece))
            output.mux(heard.encode(None))
    return path


def sound_packets(path: Path) -> list[tuple[float, bytes]]:
    """Time in seconds and bytes of every packet of sound."""
    with av.open(str(path)) as source:
        if not source.streams.audio:
            return []
        return [(float(p.pts * p.time_base), bytes(p)) for p in source.demux(source.streams.audio) if p.size]


def people_clip(path: Path, count: int = 24, *, size_hw: tuple[int, int] = (120, 160), sound: str | None = None) -> Path:
    """A lossless clip of two painted people (see `toy_model`): one walks right in the left half, one down in the right half."""
    frames = []
    for i in range(count):
        boxes = [(8 + i % 20, 20, 30, 60), (100, 10 + i % 30, 24, 50)]
        frames.append(painted_picture(size_hw, boxes)[0])
    return write_clip(path, frames, codec="ffv1", pixels="bgr0", sound=sound)
