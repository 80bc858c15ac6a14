"""Clips, cameras and streams in; video files out. Needs the extra `video` (PyAV, with FFmpeg inside).

    with VideoReader("walk.mp4") as clip, VideoWriter("out.mp4", size_hw=clip.info.size_hw, time_base=clip.info.time_base) as out:
        for frame in clip.frames():
            out.write(frame.rgb, pts=frame.pts, duration=frame.duration)

Every frame is read once, in order, upright, as 8-bit RGB, with its own time stamp; nothing is dropped or doubled.
"""

from vitruv.media.video.frame import Place, VideoFrame, VideoInfo
from vitruv.media.video.joining import Part, join_parts
from vitruv.media.video.opening import Source, camera, is_url
from vitruv.media.video.reader import VideoReader
from vitruv.media.video.sound import Sound, sound_fits
from vitruv.media.video.writer import Codec, Container, VideoWriter

__all__ = [
    "Codec",
    "Container",
    "Part",
    "Place",
    "Sound",
    "Source",
    "VideoFrame",
    "VideoInfo",
    "VideoReader",
    "VideoWriter",
    "camera",
    "is_url",
    "join_parts",
    "sound_fits",
]
