"""The people of a clip, each with a number that stays. Needs the extra `video`.

    tracker = Tracker(vitruv.load())
    for frame in clip.frames():
        people = tracker(frame.rgb, frame.time_s)
        people.track_ids  # (n,) int64

Why the association is our own page and not a library: those that are kept up (`trackers`, `norfair`) bring OpenCV and know boxes
only; what tells people apart here are the colours of their body regions, which dense pose gives for nothing. The assignment itself
is SciPy's.
"""

from vitruv.tracking.steady import Smoothing
from vitruv.tracking.tracker import Tracker, TrackerState

__all__ = ["Smoothing", "Tracker", "TrackerState"]
