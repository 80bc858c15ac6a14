"""`Tracker`: a predictor for the frames of a clip, which knows people again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias, get_args

import numpy as np

from vitruv.errors import InputError
from vitruv.geometry import placement_xywh
from vitruv.media import as_rgb
from vitruv.results import ChartMap, DensePoses
from vitruv.runtime import Predictor, chart_map_from_crop
from vitruv.tracking.appearance import REGIONS, Appearance
from vitruv.tracking.association import JUST_SEEN_S, associate
from vitruv.tracking.following import believable, crowded, inside, loose, trimmed
from vitruv.tracking.steady import Smoothing, carried_from, carried_state, steadied
from vitruv.tracking.track import Track
from vitruv.types import AnyArray, BoolArray, Float32Array, Float64Array, UInt8Array

TrackerState: TypeAlias = dict[str, AnyArray]
"""Everything a tracker knows, as arrays by name; `numpy.savez` keeps it."""

MEMORY_S = 30.0
"""Who is out of sight for longer is forgotten; coming back, they get another number."""

_LONGEST_BLIND_S = 0.25  # the detector is asked at least this often, however few frames a clip has in a second
_USUAL_STEP_S = 1 / 25  # between frames, where the caller tells no times


class Tracker:
    """Dense pose of the frames of a clip, in their order, with a number for each person that stays: `track_ids`, from 1 on.

    smooth: "off" maps each frame by itself; "light" and "strong" carry what the network told along with the body's surface, so that
    charts do not tremble and left and right do not change places, and filter the boxes. Only models with `Predictor.maps`.

    detect_every: people are looked for in one of so many frames, and as soon as somebody's map is doubtful or people touch; in
    between, their boxes come from the maps before. 1: in every frame; boxes, scores and maps are then those of the predictor.
    threshold: of the predictor. One tracker is for one clip; `reset` makes it forget.
    """

    def __init__(
        self, predictor: Predictor, *, detect_every: int = 5, threshold: float | None = None, smooth: Smoothing = "off"
    ) -> None:
        if isinstance(detect_every, bool) or not isinstance(detect_every, int) or detect_every < 1:
            raise InputError(f"detect_every must be a whole number of at least 1, but got {detect_every!r}")
        if smooth not in get_args(Smoothing):
            raise InputError(f"smooth must be one of {', '.join(get_args(Smoothing))}, but got {smooth!r}")
        self._predictor = predictor
        self._smooth: Smoothing = smooth
        self._detect_every = detect_every
        self._threshold = threshold
        self.reset()

    def reset(self) -> None:
        """Forget everybody."""
        self._tracks: list[Track] = []
        self._next_number = 1
        self._time_s = -np.inf
        self._looked_s = -np.inf
        self._blind_frames = 0
        self._doubtful = True
        self._picture: UInt8Array | None = None

    def __call__(self, frame: object, time_s: float | None = None) -> DensePoses:
        """The people of the next frame.

        frame: as for the predictor. time_s: seconds, later than the frame before; None: a 25th of a second later.
        Returns `DensePoses` with `track_ids`. Raises InputError when time does not go on, and what the predictor raises.
        """
        rgb = as_rgb(frame)
        if time_s is None:
            time_s = self._time_s + _USUAL_STEP_S if np.isfinite(self._time_s) else 0.0
        if not np.isfinite(time_s) or time_s <= self._time_s:
            raise InputError(f"frames must come in the order of time, but {time_s!r} comes after {self._time_s!r}")
        here = [track for track in self._tracks if track.seen_s == self._time_s]
        self._tracks = [track for track in self._tracks if time_s - track.seen_s <= MEMORY_S]
        due = self._blind_frames + 1 >= self._detect_every or time_s - self._looked_s > _LONGEST_BLIND_S
        followed = None if due or self._doubtful else self._follow(rgb, time_s, here)
        people = self._look(rgb, time_s) if followed is None else followed
        self._time_s = time_s
        if self._smooth != "off":
            self._picture = rgb[:, :, 1].copy()
        return people

    def _look(self, rgb: UInt8Array, time_s: float) -> DensePoses:
        """Find people, and find out who they are."""
        people = self._predictor(rgb, threshold=self._threshold)
        touched = crowded(people.boxes_xyxy)
        looks = _looks_of(rgb, people)
        boxes = people.boxes_xyxy.astype(np.float64)
        areas = _areas_of(people)
        found = associate(self._tracks, boxes, looks, time_s)
        numbers = np.zeros(len(people), np.int64)
        known = list(self._tracks)
        for i in range(len(people)):
            score = float(people.scores[i])
            if i in found:
                track = known[found[i]]
                track.seen(boxes[i], time_s, score=score, area=areas[i], look=None if touched[i] else looks[i])
            else:
                track = Track(self._next_number, boxes[i], time_s, score, areas[i], looks[i])
                self._next_number += 1
                self._tracks.append(track)
            numbers[i] = track.number
            track.looked_side = float((boxes[i, 2:] - boxes[i, :2]).max())
        self._looked_s, self._blind_frames = time_s, 0
        lost_just_now = any(0 < time_s - track.seen_s <= JUST_SEEN_S for track in self._tracks)
        self._doubtful = bool(touched.any()) or lost_just_now
        tracked = replace(people, track_ids=numbers)
        if self._smooth == "off" or not len(people):
            return tracked
        by_number = {track.number: track for track in self._tracks}
        here = [by_number[number] for number in numbers.tolist()]
        height, width = people.size_hw
        filtered = np.stack([self._filtered(track, time_s) for track in here]).clip(0, [width, height, width, height])
        steady = np.asarray(filtered, np.float32)
        return replace(tracked, boxes_xyxy=steady, charts=self._charts(rgb, steady, here, time_s))

    def _follow(self, rgb: UInt8Array, time_s: float, here: Sequence[Track]) -> DensePoses | None:
        """Map people where they should be; None where that is doubtful, so that they have to be looked for."""
        if not here:
            self._blind_frames += 1
            return replace(DensePoses.empty((rgb.shape[0], rgb.shape[1])), track_ids=np.zeros(0, np.int64))
        size_hw = (rgb.shape[0], rgb.shape[1])
        expected = np.stack([track.at(time_s) for track in here])
        if not inside(expected, size_hw).all() or crowded(expected).any():
            return None
        wide = loose(expected, size_hw)
        if self._smooth == "off":
            people = trimmed(self._predictor(rgb, boxes=wide))
        else:
            charts = self._charts(rgb, wide, here, time_s)
            people = trimmed(DensePoses(wide, np.ones(len(here), np.float32), charts, size_hw))
        areas = _areas_of(people)
        fine = believable(
            expected.clip(0, [*size_hw[::-1]] * 2),
            people.boxes_xyxy,
            np.array([track.area for track in here]),
            areas,
            np.array([track.looked_side for track in here]),
        )
        if not fine.all():
            return None
        boxes = people.boxes_xyxy.astype(np.float64)
        for i, (track, look) in enumerate(zip(here, _looks_of(rgb, people), strict=True)):
            track.seen(boxes[i], time_s, score=track.score, area=areas[i], look=look)
            if self._smooth != "off":
                self._filtered(track, time_s)
        self._blind_frames += 1
        scores = np.array([track.score for track in here], np.float32)
        return replace(people, scores=scores, track_ids=np.array([track.number for track in here], np.int64))

    def _filtered(self, track: Track, time_s: float) -> Float64Array:
        """(4,) the track's box, from now on without its trembling."""
        track.box_xyxy = track.filtered(track.box_xyxy, time_s)
        return track.box_xyxy

    def _charts(self, rgb: UInt8Array, boxes_xyxy: Float32Array, here: Sequence[Track], time_s: float) -> list[ChartMap]:
        """Steady maps of people in their boxes."""
        charts = []
        placements = placement_xywh(boxes_xyxy)
        picture = rgb[:, :, 1]
        for maps, track, place in zip(self._predictor.maps(rgb, boxes_xyxy), here, placements, strict=True):
            steady, track.carried = steadied(
                maps, track.carried, time_s, self._smooth, picture=picture, picture_before=self._picture
            )
            x, y, w, h = (int(v) for v in place)
            charts.append(
                chart_map_from_crop(steady.logits, steady.uv, window_xyxy=steady.window_xyxy, placement_xywh=(x, y, w, h))
            )
        return charts

    def state(self) -> TrackerState:
        """What `restore` needs to go on from here, also in another process; the same frames then give the same people."""
        tracks = self._tracks
        return {
            **({} if self._picture is None else {"picture": self._picture}),
            "clock": np.array([self._time_s, self._looked_s, self._blind_frames, self._doubtful, self._next_number], np.float64),
            "numbers": np.array([t.number for t in tracks], np.int64),
            "boxes_xyxy": np.array([t.box_xyxy for t in tracks], np.float64).reshape(-1, 4),
            "speeds": np.array([t.speed for t in tracks], np.float64).reshape(-1, 4),
            "seen": np.array([(t.seen_s, t.score, t.area, t.looked_side) for t in tracks], np.float64).reshape(-1, 4),
            "colours": np.array([t.look.colours for t in tracks], np.float32).reshape(-1, REGIONS, 3),
            "pixels": np.array([t.look.pixels for t in tracks], np.float32).reshape(-1, REGIONS),
            **{f"steady_{t.number}_{name}": a for t in tracks for name, a in carried_state(t.carried, t.filter).items()},
        }

    def restore(self, state: Mapping[str, AnyArray]) -> None:
        """Go on where `state` was taken."""
        clock = state["clock"].tolist()
        self._picture = state.get("picture")
        self._time_s, self._looked_s = clock[0], clock[1]
        self._blind_frames, self._doubtful, self._next_number = int(clock[2]), bool(clock[3]), int(clock[4])
        self._tracks = [
            Track(
                number=int(state["numbers"][i]),
                box_xyxy=np.array(state["boxes_xyxy"][i]),
                speed=np.array(state["speeds"][i]),
                seen_s=float(state["seen"][i, 0]),
                score=float(state["seen"][i, 1]),
                area=float(state["seen"][i, 2]),
                looked_side=float(state["seen"][i, 3]),
                look=Appearance(np.array(state["colours"][i]), np.array(state["pixels"][i])),
            )
            for i in range(len(state["numbers"]))
        ]
        for track in self._tracks:
            head = f"steady_{track.number}_"
            track.carried = carried_from({k.removeprefix(head): v for k, v in state.items() if k.startswith(head)}, track.filter)


def _looks_of(rgb: UInt8Array, people: DensePoses) -> list[Appearance]:
    """What everybody looks like, where nobody with a better score is in front."""
    looks = []
    alone = ~crowded(people.boxes_xyxy)
    person = None if alone.all() else people.canvas()[1]
    for i, (place, chart) in enumerate(zip(people.placements_xywh, people.charts, strict=True)):
        x, y = int(place[0]), int(place[1])
        hidden = None if person is None or alone[i] else _hidden(person, i, (x, y), chart.size_hw)
        looks.append(Appearance.of(rgb, chart, (x, y), hidden))
    return looks


def _hidden(person: AnyArray, i: int, corner_xy: tuple[int, int], size_hw: tuple[int, int]) -> BoolArray:
    """(h, w) of a chart map: whether somebody else is seen at its pixels."""
    (x, y), (height, width) = corner_xy, size_hw
    hidden = np.zeros(size_hw, bool)
    left, top = max(-x, 0), max(-y, 0)
    right, bottom = min(width, person.shape[1] - x), min(height, person.shape[0] - y)
    if left < right and top < bottom:
        hidden[top:bottom, left:right] = person[y + top : y + bottom, x + left : x + right] != i + 1
    return hidden


def _areas_of(people: DensePoses) -> AnyArray:
    """(n,) float64: pixels of everybody's map."""
    return np.array([np.count_nonzero(chart.labels) for chart in people.charts], np.float64)
