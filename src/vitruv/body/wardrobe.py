"""`Wardrobe`: clothes, shoes, hats and hair, and what goes with what."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from vitruv.body.garment import Garment
from vitruv.body.item import Item, skin_of_refs
from vitruv.body.mannequin import Mannequin
from vitruv.types import AnyArray, Float32Array, UInt8Array

_PER_VERTEX = ("refs", "weights", "offsets", "anchors")
_PER_FACE = ("faces", "face_uv")
_SEX_LIMIT = 0.35
"""People between this and 1 - this wear anything."""


@dataclass(frozen=True, eq=False)
class Wardrobe:
    """items: what there is, n = 0 is legal. pictures: encoded images (PNG or JPEG) that items wear. credits: author and licence of
    every item, in its words."""

    mannequin: Mannequin
    items: tuple[Item, ...]
    pictures: tuple[bytes, ...]
    credits: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def textures(self) -> tuple[UInt8Array, ...]:
        """(h, w, 4) uint8 RGBA each, row 0 is v = 1; alpha 0 where there is no cloth or hair."""
        from PIL import Image

        return tuple(np.asarray(Image.open(io.BytesIO(picture)).convert("RGBA")) for picture in self.pictures)

    def of_kind(self, kind: str, femininity: float = 0.5) -> list[int]:
        """Numbers of the items of a kind that a person of this femininity (0..1) may wear."""
        refused = 1 if femininity < _SEX_LIMIT else -1 if femininity > 1 - _SEX_LIMIT else 0
        return [i for i, item in enumerate(self.items) if item.kind == kind and (item.sex == 0 or item.sex != refused)]

    def outfit(self, rng: np.random.Generator, femininity: float = 0.5) -> tuple[int, ...]:
        """Items that go together, from the skin outwards: a suit, a dress, top and bottom or swimwear; perhaps a coat, shoes, a hat
        or glasses; mostly hair. Parts for which nothing is there are left out."""
        chosen: list[int] = []

        def add(kind: str, chance: float) -> bool:
            options = self.of_kind(kind, femininity)
            if not options or rng.random() >= chance:
                return False
            chosen.append(int(rng.choice(options)))
            return True

        lot = rng.random()
        if lot < 0.07:
            add("swim", 1.0)
        elif lot < 0.07 + 0.3 * femininity:
            add("dress", 1.0)
        elif lot < 0.7:
            add("suit", 1.0)
        else:
            add("bottom", 0.9)
            add("top", 0.9)
        if lot >= 0.07:
            add("coat", 0.12)
            add("shoes", 0.8)
        hat = add("hat", 0.12)
        add("glasses", 0.06)
        add("hair", 0.4 if hat else 0.93)
        return tuple(chosen)

    def wear(
        self, number: int, points: Float32Array, normals: Float32Array, transforms: Float32Array, rng: np.random.Generator
    ) -> Garment:
        """Put item `number` on a posed body, in one of its pictures. points, normals: `Mannequin.rest` of the shape and
        `Mannequin.normals` of that; transforms: (bones, 3, 4) of `Posed`. The garment stands in the frame of `Posed.vertices`."""
        item = self.items[number]
        return Garment(
            name=item.name,
            kind=item.kind,
            vertices=item.fit(points, normals, transforms),
            faces=item.faces,
            face_uv=item.face_uv,
            texture=int(rng.choice(item.textures)) if item.textures else -1,
            anchors=item.anchors,
            hides=item.hides,
        )

    def to_arrays(self) -> dict[str, AnyArray]:
        """Compact plain arrays; the mannequin itself travels with the body's arrays."""
        joined: dict[str, AnyArray] = {
            "wardrobe_names": np.array([item.name for item in self.items], np.str_),
            "wardrobe_kinds": np.array([item.kind for item in self.items], np.str_),
            "wardrobe_credits": np.array(self.credits, np.str_),
            "wardrobe_sexes": np.array([item.sex for item in self.items], np.int8),
            "wardrobe_vertex_counts": np.array([len(item.refs) for item in self.items], np.int32),
            "wardrobe_face_counts": np.array([len(item.faces) for item in self.items], np.int32),
            "wardrobe_texture_counts": np.array([len(item.textures) for item in self.items], np.int32),
            "wardrobe_hide_counts": np.array([len(item.hides) for item in self.items], np.int32),
            "wardrobe_hides": np.concatenate([np.zeros(0), *(item.hides for item in self.items)]).astype(np.uint16),
            "wardrobe_textures": np.array([t for item in self.items for t in item.textures], np.int32),
            "wardrobe_pictures": np.frombuffer(b"".join(self.pictures), np.uint8),
            "wardrobe_picture_sizes": np.array([len(picture) for picture in self.pictures], np.int64),
            "wardrobe_scale_refs": np.array([item.scale_refs for item in self.items], np.uint16).reshape(-1, 3, 2),
            "wardrobe_scale_lengths": np.array([item.scale_lengths for item in self.items], np.float32).reshape(-1, 3),
        }
        # Weights reach beyond 1 where a vertex hangs far outside its three points, so half floats would be too coarse there.
        kinds = {"refs": np.uint16, "weights": np.float32, "offsets": np.float16, "anchors": np.uint16, "faces": np.uint16}
        for name in (*_PER_VERTEX, *_PER_FACE):
            rows = [getattr(item, name) for item in self.items]
            empty = {"refs": (0, 3), "weights": (0, 3), "offsets": (0, 3), "anchors": (0,), "faces": (0, 3), "face_uv": (0, 3, 2)}
            joined[f"wardrobe_{name}"] = np.concatenate([np.zeros(empty[name]), *rows]).astype(kinds.get(name, np.float16))
        return joined

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, AnyArray], mannequin: Mannequin | None = None) -> Wardrobe:
        """From what `to_arrays` gave, with the body's arrays among them unless a mannequin is given. Raises KeyError for a missing
        one; without any `wardrobe_` array the wardrobe is empty."""
        mannequin = mannequin if mannequin is not None else Mannequin.from_arrays(arrays)
        if "wardrobe_names" not in arrays:
            return cls(mannequin, (), (), ())
        columns = {
            **{name: _parts(arrays[f"wardrobe_{name}"], arrays["wardrobe_vertex_counts"]) for name in _PER_VERTEX},
            **{name: _parts(arrays[f"wardrobe_{name}"], arrays["wardrobe_face_counts"]) for name in _PER_FACE},
            "hides": _parts(arrays["wardrobe_hides"], arrays["wardrobe_hide_counts"]),
            "textures": _parts(arrays["wardrobe_textures"], arrays["wardrobe_texture_counts"]),
        }
        items = []
        for i, name in enumerate(arrays["wardrobe_names"]):
            whole: dict[str, Any] = {key: columns[key][i].astype(np.int32) for key in ("refs", "anchors", "hides", "faces")}
            real: dict[str, Any] = {key: columns[key][i].astype(np.float32) for key in ("weights", "offsets", "face_uv")}
            bones, skin = skin_of_refs(mannequin, whole["refs"], real["weights"])
            items.append(
                Item(
                    name=str(name),
                    kind=str(arrays["wardrobe_kinds"][i]),
                    sex=int(arrays["wardrobe_sexes"][i]),
                    scale_refs=np.asarray(arrays["wardrobe_scale_refs"][i], np.int32),
                    scale_lengths=np.asarray(arrays["wardrobe_scale_lengths"][i], np.float32),
                    skin_bones=bones,
                    skin_weights=skin,
                    textures=tuple(int(t) for t in columns["textures"][i]),
                    **whole,
                    **real,
                )
            )
        pictures = tuple(part.tobytes() for part in _parts(arrays["wardrobe_pictures"], arrays["wardrobe_picture_sizes"]))
        return cls(mannequin, tuple(items), pictures, tuple(str(credit) for credit in arrays["wardrobe_credits"]))


def _parts(joined: AnyArray, counts: AnyArray) -> list[AnyArray]:
    ends = np.cumsum(counts)
    return [joined[end - count : end] for end, count in zip(ends, counts, strict=True)]
