"""Parts of a video as one file, without encoding anything again, and with the sound of the source."""

from __future__ import annotations

import heapq
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from vitruv.errors import InputError, UnreadableFileError
from vitruv.media.video.sound import Sound, SoundCopy
from vitruv.media.video.writer import format_of, options_of, unwritable
from vitruv.types import PathLike


@dataclass(frozen=True)
class Part:
    """A file of `VideoWriter`. times: (pts, duration) of each of its frames, on the clock of the whole video."""

    path: Path
    times: Sequence[tuple[int, int]]


def join_parts(parts: Sequence[Part], path: PathLike, *, time_base: Fraction, sound: Sound | None = None) -> None:
    """Write the frames of all parts into one file, which appears when it is whole.

    time_base: of the parts' time stamps. sound: what is heard; its stretch begins where the time stamps are 0.
    Raises UnwritableFileError; UnreadableFileError for a part that is damaged or has another number of frames than times.
    """
    if not parts:
        raise InputError("no parts to join")
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    copy: SoundCopy | None = None
    try:
        with (
            av.open(f"file:{parts[0].path}") as first,
            av.open(
                f"file:{temporary}",
                "w",
                format=format_of(path),
                options=options_of(format_of(path)),
            ) as output,
        ):
            stream = output.add_stream_from_template(first.streams.video[0])
            stream.time_base = time_base
            copy = None if sound is None else SoundCopy(sound, output)
            _mux(output, _pictures(parts, stream, time_base), copy)
        temporary.replace(path)
    except (av.error.FFmpegError, OSError) as error:
        temporary.unlink(missing_ok=True)
        raise error if isinstance(error, UnreadableFileError) else unwritable(path, error) from None
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        if copy is not None:
            copy.close()


def _mux(output: OutputContainer, pictures: Iterator[tuple[float, Packet[Stream]]], copy: SoundCopy | None) -> None:
    """In the order of time, so that nothing waits in memory for the other stream."""
    for _, packet in heapq.merge(pictures, copy or (), key=lambda timed: timed[0]):
        output.mux_one(packet)


def _pictures(parts: Sequence[Part], stream: VideoStream, time_base: Fraction) -> Iterator[tuple[float, Packet[Stream]]]:
    for part in parts:
        count = 0
        with av.open(f"file:{part.path}") as source:
            for packet in source.demux(source.streams.video[0]):
                if packet.size == 0:
                    continue
                if count == len(part.times):
                    raise UnreadableFileError(part.path, f"it has more than the {count} frames that were written")
                pts, duration = part.times[count]
                packet.time_base = time_base
                packet.pts = packet.dts = pts
                packet.duration = duration
                packet.stream = stream
                count += 1
                yield float(pts * time_base), cast("Packet[Stream]", packet)
        if count != len(part.times):
            raise UnreadableFileError(part.path, f"it has {count} frames instead of the {len(part.times)} that were written")
