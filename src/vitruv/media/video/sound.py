"""The sound of a clip, taken over packet by packet, untouched."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import get_args

import av
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream

from vitruv.errors import InputError
from vitruv.media.video.opening import as_source, open_container
from vitruv.media.video.writer import FORMATS, Container


@dataclass(frozen=True)
class Sound:
    """The sound of a file, from start_s on and before end_s, in seconds of the file's own clock. None: to its end."""

    path: Path
    start_s: float = 0.0
    end_s: float | None = None


def sound_fits(path: Path, container: Container) -> None:
    """Check that a container can hold all sound of a file, by writing the container's head into memory.

    Raises InputError naming the codec, and the containers that can, and what opening the file raises.
    """
    with open_container(as_source(path)) as source:
        for stream in source.streams.audio:
            if _holds(container, stream):
                continue
            name = stream.codec_context.name if stream.codec_context is not None else "an unknown codec"
            others = [f"--container {other}" for other in get_args(Container) if other != container and _holds(other, stream)]
            ways = " or ".join([*others, "--no-sound"])
            raise InputError(f"{path}: its sound ({name}) cannot be kept in {container}; use {ways}")


def _holds(container: Container, stream: av.AudioStream) -> bool:
    try:
        with av.open(io.BytesIO(), "w", format=FORMATS[f".{container}"]) as trial:
            trial.add_stream_from_template(stream)
            trial.start_encoding()
    except (av.error.FFmpegError, OSError, ValueError, RuntimeError):
        return False
    return True


class SoundCopy:
    """Streams of sound in an output, and their packets from the source. Close it when done."""

    def __init__(self, sound: Sound, output: OutputContainer) -> None:
        self._sound = sound
        self._source = open_container(as_source(sound.path))
        self._streams = {s.index: output.add_stream_from_template(s) for s in self._source.streams.audio}

    def __iter__(self) -> Iterator[tuple[float, Packet[Stream]]]:
        """Seconds and packets within the stretch, their time stamps counted from its start."""
        if not self._streams:
            return
        begin = Fraction(self._source.start_time or 0, av.time_base) + Fraction(self._sound.start_s)
        packets = self._source.demux(*self._source.streams.audio)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.error.FFmpegError):  # a file that is cut off ends here; the reader of its frames has said so
                return
            if packet.dts is None or packet.pts is None:
                continue
            base = packet.time_base
            time_s = float(packet.pts * base - begin)
            length_s = float((packet.duration or 0) * base)
            if self._sound.end_s is not None and time_s >= self._sound.end_s - self._sound.start_s:
                continue
            if self._sound.start_s > 0 and time_s + length_s <= 0:
                continue
            shift = round(begin / base)
            packet.pts -= shift
            packet.dts -= shift
            packet.stream = self._streams[packet.stream.index]
            yield time_s, packet

    def close(self) -> None:
        self._source.close()
