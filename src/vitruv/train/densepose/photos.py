"""Training samples from DensePose-COCO files: annotations and the folder of pictures, read when they are needed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image

from vitruv.errors import FormatError, InputError, MissingFileError, UnreadableFileError
from vitruv.formats import AnnotationFile, Person
from vitruv.geometry import crop_window
from vitruv.surface import MIRROR_CHART, NUM_CHARTS, Atlas
from vitruv.train.crop_augment import AugmentConfig, recolour
from vitruv.train.densepose.people import SILHOUETTE, people_arrays, read_cells
from vitruv.train.densepose.place import FILL_RGB, fit, mirrors, of_window, varied, warp
from vitruv.train.mirror import mirror_table
from vitruv.types import AnyArray, BoolArray, Float64Array, UInt8Array

PhotoSample = dict[str, AnyArray]
CROP_MARGIN = 1.15  # of a person's box, in crops for the teacher
_ORDER_STREAM, _CHANGE_STREAM = 5_101, 5_102


@dataclass(frozen=True)
class PhotoSource:
    """A data set of the DensePose-COCO form.

    annotations: the JSON file. images: folder of its pictures. dense: folder with dense targets (`vitruv train inpaint` or
    `vitruv synth` wrote it), or None. atlas: surface for mirroring, None for the one in the package.
    """

    annotations: Path
    images: Path
    dense: Path | None = None
    atlas: Path | None = None

    @cached_property
    def file(self) -> AnnotationFile:
        return AnnotationFile.open(self.annotations)

    @cached_property
    def surface(self) -> Atlas:
        return Atlas.load(self.atlas)

    @cached_property
    def mirror_codes(self) -> UInt8Array:
        return mirror_table(self.surface)

    def __getstate__(self) -> dict[str, object]:
        """Worker processes open the file themselves; the mirror table, which takes seconds to make, travels along."""
        return {
            name: self.__dict__[name]
            for name in ("annotations", "images", "dense", "atlas", "mirror_codes")
            if name in self.__dict__
        }

    def read(self, image_id: int | str) -> UInt8Array:
        """(h, w, 3) uint8 RGB, of the size the annotations say; as stored, as the annotations' coordinates are."""
        info = self.file.images[image_id]
        rgb = _read_rgb(self.images / info.file_name)
        if rgb.shape[:2] != info.size_hw:
            raise FormatError(
                self.images / info.file_name,
                f"the picture has (h, w) = {rgb.shape[:2]}, but the annotations say {info.size_hw}",
            )
        return rgb

    def read_dense(self, image_id: int | str) -> tuple[UInt8Array, UInt8Array]:
        """(h, w, 3) uint8 chart, U, V codes and (h, w) uint8 person, 0 for nobody, i + 1 for person i of the picture."""
        if self.dense is None:
            raise InputError("this data set has no folder of dense targets")
        iuv_path, person_path = dense_paths(self.dense, self.file.images[image_id].file_name)
        iuv = _read_rgb(iuv_path)
        if int(iuv[..., 0].max(initial=0)) > NUM_CHARTS:
            raise FormatError(iuv_path, f"chart {int(iuv[..., 0].max())} in the first channel, expected 0..{NUM_CHARTS}")
        return iuv, _read_rgb(person_path)[..., 0]

    def check(self) -> None:
        """Look once at everything, before hours are spent: raises FileError, FormatError or InputError with what to do."""
        if not self.images.is_dir():
            raise MissingFileError(self.images, "no such folder of pictures")
        categories: set[int] = set()
        for person in self.file.people():
            categories.add(person.category_id)
            points = person.points
            if points is not None and len(points.charts):
                wrong = ~np.isin(points.charts, np.arange(1, NUM_CHARTS + 1))
                if wrong.any():
                    raise FormatError(
                        self.annotations,
                        f"{person.where} (id {person.id}): dp_I holds {points.charts[wrong][0]:g}, but charts are 1..{NUM_CHARTS}",
                    )
        if len(categories) > 1:
            raise InputError(
                f"{self.annotations} has annotations of categories {sorted(categories)}, but these networks know one class, "
                "people: keep one category"
            )
        if not self.annotated_people:
            raise InputError(
                f"{self.annotations} has no person with dense points (dp_x, dp_y, dp_I, dp_U, dp_V): nothing to train on"
            )
        for image_id in self.annotated_images:
            path = self.images / self.file.images[image_id].file_name
            if not path.is_file():
                raise MissingFileError(path, f"no such picture, although {self.annotations} names it")
            if self.dense is not None:
                for dense in dense_paths(self.dense, path.name):
                    if not dense.is_file():
                        raise MissingFileError(dense, "no dense target for a picture: run `vitruv train inpaint` to the end")

    @cached_property
    def annotated_people(self) -> list[int]:
        """Indices of people with dense points, crowds left out."""
        return [i for i, p in enumerate(self.file.people()) if p.has_points and p.record.get("dp_I") and not p.is_crowd]

    @cached_property
    def annotated_images(self) -> list[int | str]:
        """Pictures with at least one such person, in the order of the file."""
        wanted = {self.file.person(i).image_id for i in self.annotated_people}
        return [image_id for image_id in self.file.images if image_id in wanted]


def dense_paths(folder: Path, file_name: str) -> tuple[Path, Path]:
    """Where the dense target of a picture lies: chart and U, V; and who is seen."""
    stem = Path(file_name).stem
    return folder / f"{stem}_iuv.png", folder / f"{stem}_person.png"


def _read_rgb(path: Path) -> UInt8Array:
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"), np.uint8)
    except FileNotFoundError:
        raise MissingFileError(path) from None
    # Pillow answers damaged files with many kinds of error; all of them mean the same here.
    except Exception as error:
        raise UnreadableFileError(path, f"not a readable picture ({error})") from None


@dataclass(frozen=True)
class PhotoSampler:
    """Sample `index` of an endless stream: every picture (or person) once, in random order, then all again in another order.

    kind: "scenes" are whole pictures; "crops" single annotated people with the background removed, as the teacher sees them.
    augment: None for evaluation. most_people: slots in the arrays (1 in crops). silhouettes: decode COCO's masks, too.
    A sample has `image` (*size_hw, 3) uint8, `number` () int64, the arrays of `people_arrays`, and with a folder of dense targets
    `iuv` (*size_hw, 3) uint8 and `seen` (*size_hw) uint8: slot + 1 of the person on top, 0 for nobody.
    """

    source: PhotoSource
    size_hw: tuple[int, int]
    kind: Literal["scenes", "crops"] = "scenes"
    augment: AugmentConfig | None = None
    most_people: int = 8
    silhouettes: bool = False
    seed: int = 0

    def __call__(self, index: int) -> PhotoSample:
        items: list[int | str] = list(self.source.annotated_people) if self.kind == "crops" else self.source.annotated_images
        round_, place_in_round = divmod(index, len(items))
        # Without augmentation the order is that of the file: a held-out set can be told by its numbers.
        order = (
            np.arange(len(items))
            if self.augment is None
            else np.random.default_rng((self.seed, round_, _ORDER_STREAM)).permutation(len(items))
        )
        item = items[int(order[place_in_round])]
        sample = self.crop(int(item), index) if self.kind == "crops" else self.scene(item, index)
        sample["number"] = np.array(index, np.int64)
        return sample

    def scene(self, image_id: int | str, index: int) -> PhotoSample:
        info = self.source.file.images[image_id]
        people = self.source.file.people_of(image_id)
        matrix, rng = self._changed(fit(info.size_hw, self.size_hw), index)
        sample = self._arrays(people, image_id, matrix, self.most_people, self.silhouettes)
        sample["image"] = self._coloured(warp(self.source.read(image_id), matrix, self.size_hw), rng)
        if self.source.dense is not None:
            sample["iuv"], sample["seen"] = self._dense(image_id, matrix, sample["origin"])
        return sample

    def crop(self, person_index: int, index: int) -> PhotoSample:
        person = self.source.file.person(person_index)
        matrix, rng = self._changed(person_matrix(person, self.size_hw), index)
        sample = self._arrays([person], person.image_id, matrix, 1, False)
        image = self._coloured(warp(self.source.read(person.image_id), matrix, self.size_hw), rng)
        sample["image"] = np.where(figure(sample, self.size_hw)[..., None], image, np.array(FILL_RGB, np.uint8))
        return sample

    def _changed(self, matrix: Float64Array, index: int) -> tuple[Float64Array, np.random.Generator]:
        rng = np.random.default_rng((self.seed, index, _CHANGE_STREAM))
        return (matrix if self.augment is None else varied(matrix, self.size_hw, self.augment, rng)), rng

    def _arrays(
        self, people: list[Person], image_id: int | str, matrix: Float64Array, most_people: int, silhouettes: bool
    ) -> PhotoSample:
        info = self.source.file.images[image_id]
        return people_arrays(
            people, info, matrix, self.size_hw, most_people=most_people, atlas=self.source.surface, silhouettes=silhouettes
        )

    def _coloured(self, image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
        if self.augment is None:
            return image
        generator = torch.Generator().manual_seed(int(rng.integers(1 << 62)))
        return np.asarray(recolour(torch.from_numpy(image.copy())[None], self.augment, generator)[0].numpy(), np.uint8)

    def _dense(self, image_id: int | str, matrix: Float64Array, origin: AnyArray) -> tuple[UInt8Array, UInt8Array]:
        codes, person = self.source.read_dense(image_id)
        iuv, seen = warp(codes, matrix, self.size_hw, exact=True), warp(person, matrix, self.size_hw, exact=True)
        if mirrors(matrix):
            uv = self.source.mirror_codes[iuv[..., 0], iuv[..., 1], iuv[..., 2]]
            iuv = np.concatenate([MIRROR_CHART[iuv[..., :1]], uv], axis=-1)
        slots = np.zeros(256, np.uint8)
        for slot, i in enumerate(origin.tolist()):
            if i >= 0:
                slots[i + 1] = slot + 1
        return iuv, slots[seen]


def person_matrix(person: Person, size_hw: tuple[int, int]) -> Float64Array:
    """The canvas of a crop: the person's box with a margin."""
    x, y, w, h = person.bbox_xywh
    box = np.array([x, y, x + max(w, 1), y + max(h, 1)])
    return of_window(crop_window(box, size_hw, CROP_MARGIN), size_hw)


def figure(sample: PhotoSample, size_hw: tuple[int, int], slot: int = 0) -> BoolArray:
    """(*size_hw) bool: where the canvas shows the annotated parts of one person."""
    columns, rows = np.meshgrid(np.arange(size_hw[1]) + 0.5, np.arange(size_hw[0]) + 0.5)
    x1, y1, x2, y2 = (float(v) for v in sample["boxes_xyxy"][slot])
    grid = sample["grid"][slot] % SILHOUETTE
    scale = (grid.shape[1] / max(x2 - x1, 1e-6), grid.shape[0] / max(y2 - y1, 1e-6))
    return read_cells(grid, (np.stack([columns, rows], axis=-1) - (x1, y1)) * scale) > 0
