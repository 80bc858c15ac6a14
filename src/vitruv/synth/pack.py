"""`SynthPack`: everything the samplers need, in one file that travels to another machine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np

from vitruv.body import Body, ShapeSampler
from vitruv.body.library import PoseLibrary
from vitruv.body.mannequin import Mannequin
from vitruv.body.wardrobe import Wardrobe
from vitruv.errors import FormatError, InputError
from vitruv.files import read_arrays
from vitruv.synth.background import Photos
from vitruv.synth.garment_fitter import GarmentFitter
from vitruv.synth.outfit import OutfitSampler
from vitruv.synth.paint import BodyPaint
from vitruv.synth.photo import CameraEffects
from vitruv.synth.picture import SceneRenderer
from vitruv.synth.scene_person import ScenePersonSampler
from vitruv.types import AnyArray, PathLike, UInt8Array


class SynthParts:
    """What a pack holds, unfolded: built once per process.

    photo_share: chance that a background is a photo, when there are photos.
    """

    def __init__(self, arrays: Mapping[str, AnyArray]) -> None:
        self.body = Body.from_arrays(arrays)
        self.paint = BodyPaint.of(self.body)
        self.backgrounds = Photos(split_blobs(arrays["backgrounds_bytes"], arrays["backgrounds_ends"]))
        self.textures: UInt8Array = np.ascontiguousarray(arrays["textures"])
        self.photo_share = 0.85
        self.person_sampler = ScenePersonSampler(
            self.body,
            ShapeSampler.from_arrays(arrays),
            PoseLibrary.from_arrays(arrays),
            OutfitSampler(self.paint, self.textures, self.backgrounds),
            GarmentFitter(Wardrobe.from_arrays(arrays, Mannequin.from_arrays(arrays, self.body))),
            self.paint,
            Photos(split_blobs(arrays["skins_bytes"], arrays["skins_ends"])),
        )
        self.renderer = SceneRenderer(
            self.body, self.paint, chart_of_face=arrays["atlas_chart_of_face"], corner_uv=arrays["atlas_corner_uv"]
        )
        self.camera_effects = CameraEffects()


class SynthPack:
    """One file with body, atlas, shapes, poses, clothes, skins, textures and backgrounds, as plain arrays.

    Pickles to its path alone: a worker process reads the file again.
    """

    def __init__(self, arrays: Mapping[str, AnyArray], *, path: PathLike | None = None) -> None:
        self._arrays: Mapping[str, AnyArray] | None = arrays
        self._path = None if path is None else str(Path(path).resolve())
        # Built now, so that a file of another version is refused where it is named.
        self.parts  # noqa: B018

    @classmethod
    def load(cls, path: PathLike) -> SynthPack:
        """Read a file written by `vitruv synth pack`. Raises MissingFileError, UnreadableFileError or FormatError."""
        arrays = read_arrays(Path(path))
        try:
            return cls(arrays, path=path)
        except (KeyError, InputError) as error:
            raise FormatError(path, f"is not a pack of this version ({error}); make one with `vitruv synth pack`") from error

    @cached_property
    def digest(self) -> str:
        """A short fingerprint of the contents: samples depend on nothing else but their settings and seed."""
        arrays = self._arrays if self._arrays is not None else read_arrays(Path(str(self._path)))
        total = hashlib.sha256()
        for name in sorted(arrays):
            values = np.ascontiguousarray(arrays[name])
            total.update(f"{name} {values.dtype} {values.shape} ".encode() + values.tobytes())
        return total.hexdigest()[:16]

    @cached_property
    def parts(self) -> SynthParts:
        arrays = self._arrays if self._arrays is not None else read_arrays(Path(str(self._path)))
        return SynthParts(arrays)

    def __getstate__(self) -> dict[str, object]:
        return {"_path": self._path, "_arrays": None if self._path else self._arrays}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)


def join_blobs(blobs: list[bytes]) -> tuple[UInt8Array, AnyArray]:
    """Byte strings one after the other, and where each ends: (n,) int64."""
    return np.frombuffer(b"".join(blobs), np.uint8), np.cumsum([len(b) for b in blobs], dtype=np.int64)


def split_blobs(joined: AnyArray, ends: AnyArray) -> list[bytes]:
    """The reverse of `join_blobs`."""
    starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    return [joined[a:b].tobytes() for a, b in zip(starts, ends, strict=True)]
