"""One-picture textures of a body: which point of the picture belongs to which point of the surface."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vitruv.errors import FormatError, InputError, MissingFileError, UnreadableFileError
from vitruv.surface import Atlas
from vitruv.types import AnyArray, Float32Array, Int32Array, PathLike

_MOST_LINES = 2_000_000


@dataclass(frozen=True, eq=False)
class Layout:
    """A body's faces with texture coordinates.

    vertices: (v, 3) float32; faces: (f, 3) int32; face_uv: (f, 3, 2) float32, u to the right, v upwards, (0, 0) is the lower left
    corner of the picture.
    """

    vertices: Float32Array
    faces: Int32Array
    face_uv: Float32Array

    def __post_init__(self) -> None:
        if self.faces.ndim != 2 or self.faces.shape[1] != 3 or self.face_uv.shape != (len(self.faces), 3, 2):
            raise InputError(f"faces must be (f, 3) and face_uv (f, 3, 2), but got {self.faces.shape} and {self.face_uv.shape}")

    @classmethod
    def of_body(cls) -> Layout:
        """The layout of the package's own body (MakeHuman's hm08 skin layout)."""
        from vitruv.body import Body

        body = Body.load()
        return cls(body.mean, body.faces, body.face_uv)

    @classmethod
    def of_obj(cls, path: PathLike) -> Layout:
        """From a Wavefront OBJ whose faces have texture coordinates (f v/vt ...); faces with more corners are cut into triangles.

        Raises MissingFileError, UnreadableFileError, FormatError.
        """
        try:
            lines = Path(path).read_text("utf-8", "replace").splitlines()
        except FileNotFoundError:
            raise MissingFileError(path) from None
        except OSError as error:
            raise UnreadableFileError(path, f"cannot be read ({error.strerror or error})") from None
        if len(lines) > _MOST_LINES:
            raise FormatError(path, f"more than {_MOST_LINES} lines are no body")
        vertices: list[list[float]] = []
        points: list[list[float]] = []
        faces: list[list[int]] = []
        face_points: list[list[int]] = []
        for number, line in enumerate(lines, 1):
            try:
                match line.split():
                    case ["v", x, y, z, *_]:
                        vertices.append([float(x), float(y), float(z)])
                    case ["vt", u, v, *_]:
                        points.append([float(u), float(v)])
                    case ["f", *corners] if len(corners) >= 3:
                        pairs = [corner.split("/") for corner in corners]
                        ends = [_index(pair[0], len(vertices)) for pair in pairs]
                        marks = [_index(pair[1], len(points)) for pair in pairs]
                        for k in range(1, len(pairs) - 1):
                            faces.append([ends[0], ends[k], ends[k + 1]])
                            face_points.append([marks[0], marks[k], marks[k + 1]])
            except (ValueError, IndexError):
                raise FormatError(path, f"line {number} cannot be read as a line of an OBJ file with texture coordinates") from None
        if not faces:
            raise FormatError(path, "no faces with texture coordinates (f v/vt ...) are in it")
        uv = np.array(points, np.float32)[np.array(face_points)]
        return cls(np.array(vertices, np.float32), np.array(faces, np.int32), uv)

    def match(self, atlas: Atlas) -> tuple[AnyArray, AnyArray]:
        """(f,) face of the atlas that is the same three vertices, -1 where it has none; and (f, 3) which of its corners is which.

        Raises InputError when fewer than half of the faces are the atlas's: the layout is of another body.
        """
        count = max(int(self.faces.max()), int(atlas.faces.max())) + 1

        def key(faces: AnyArray) -> AnyArray:
            a, b, c = np.sort(faces.astype(np.int64), axis=1).T
            return np.asarray((a * count + b) * count + c)

        own, theirs = key(self.faces), key(atlas.faces)
        order = np.argsort(theirs)
        place = np.minimum(np.searchsorted(theirs[order], own), len(theirs) - 1)
        face = np.where(theirs[order][place] == own, order[place], -1)
        if (face >= 0).mean() < 0.5:
            raise InputError("the layout is of another body than the atlas: their faces do not name the same vertices")
        corner = (atlas.faces[face][:, None, :] == self.faces[:, :, None]).argmax(axis=2)
        return face, corner


def _index(text: str, count: int) -> int:
    """Numbers of an OBJ begin at 1, or count back from the end."""
    value = int(text)
    index = value - 1 if value > 0 else count + value
    if not 0 <= index < count:
        raise IndexError(text)
    return index
