"""Clips in, files with dense pose out: decoding, finding people, drawing and encoding at the same time, in parts that outlive a
kill. Needs the extra `video`."""

from vitruv.clips.frames import PeopleFrame, Video, video
from vitruv.clips.pipeline import ClipResult, Progress, convert_clip
from vitruv.clips.settings import ClipProduct, ClipSettings
from vitruv.clips.workplace import Workplace

__all__ = ["ClipProduct", "ClipResult", "ClipSettings", "PeopleFrame", "Progress", "Video", "Workplace", "convert_clip", "video"]
