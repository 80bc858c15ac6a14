"""`DensePoses` as a NumPy archive."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from vitruv import ChartMap, DensePoses
from vitruv.errors import FormatError, MissingFileError, UnreadableFileError, UnwritableFileError
from vitruv.formats import read_npz, write_npz


def two_people(*, extras: bool = False) -> DensePoses:
    rng = np.random.default_rng(0)
    sizes = [(4, 3), (2, 6)]
    charts = [ChartMap(rng.integers(0, 25, size).astype(np.uint8), rng.random((2, *size), np.float32)) for size in sizes]
    boxes = np.array([[0.5, 1.25, 3.9, 5.5], [-2, 3, 4.5, 5.9]], np.float32)
    return DensePoses(
        boxes,
        np.array([0.9, 0.3], np.float32),
        charts,
        (10, 12),
        confidences=[{"fine_segm": rng.random(size, np.float32), "kappa_u": rng.random(size, np.float32)} for size in sizes]
        if extras
        else (),
        closest_vertices=[rng.integers(-1, 99, size).astype(np.int32) for size in sizes] if extras else (),
    )


@pytest.mark.parametrize("people", [DensePoses.empty((3, 4)), two_people(), two_people(extras=True)])
def test_there_and_back(tmp_path: Path, people: DensePoses) -> None:
    write_npz(tmp_path / "a.npz", people)
    back = read_npz(tmp_path / "a.npz")
    assert back.size_hw == people.size_hw
    np.testing.assert_array_equal(back.boxes_xyxy, people.boxes_xyxy)
    np.testing.assert_array_equal(back.scores, people.scores)
    assert len(back) == len(people)
    for one, other in zip(back.charts, people.charts, strict=True):
        np.testing.assert_array_equal(one.labels, other.labels)
        np.testing.assert_array_equal(one.uv, other.uv)
    assert len(back.closest_vertices) == len(people.closest_vertices)
    for one, other in zip(back.closest_vertices, people.closest_vertices, strict=True):
        np.testing.assert_array_equal(one, other)
    assert [set(maps) for maps in back.confidences] == [set(maps) for maps in people.confidences]
    for one, other in zip(back.confidences, people.confidences, strict=True):
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])


def test_numpy_reads_it(tmp_path: Path) -> None:
    people = two_people()
    write_npz(tmp_path / "a.npz", people)
    with np.load(tmp_path / "a.npz") as archive:
        np.testing.assert_array_equal(archive["placements_xywh"], people.placements_xywh)
        np.testing.assert_array_equal(archive["uv_1"], people.charts[1].uv)


def test_same_people_same_bytes(tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        write_npz(tmp_path / name, two_people())
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def saved(**arrays: object) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **{name: np.asarray(value) for name, value in arrays.items()})
    return stream.getvalue()


def single_array() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.zeros(3))
    return stream.getvalue()


BOX = np.array([[0, 0, 2, 2]], np.float32)


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"", UnreadableFileError, "not a NumPy archive, or a damaged one"),
        (b"text", UnreadableFileError, "not a NumPy archive, or a damaged one"),
        (single_array(), FormatError, "a single array, expected an archive"),
        (saved(x=np.array([{}], object)), UnreadableFileError, "not a NumPy archive, or a damaged one"),
        (saved(x=1), FormatError, "the entry 'boxes_xyxy' is missing"),
        (saved(boxes_xyxy=BOX, scores=np.ones(1), size_hw=[3, 3]), FormatError, "the entry 'labels_0' is missing"),
        (saved(boxes_xyxy=BOX, scores=np.ones(1), size_hw=[3]), FormatError, "its entries do not fit together"),
        (
            saved(boxes_xyxy=BOX, scores=np.ones(1), size_hw=[3, 3], labels_0=np.zeros((2, 2)), uv_0=np.zeros((2, 2, 2))),
            FormatError,
            r"its entries do not fit together \(labels must be",
        ),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, error: type[Exception], message: str) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(error, match=rf"a\.npz: {message}"):
        read_npz(tmp_path / "a.npz")


def test_damaged_archive(tmp_path: Path) -> None:
    write_npz(tmp_path / "a.npz", two_people())
    whole = bytearray((tmp_path / "a.npz").read_bytes())
    (tmp_path / "a.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFileError):
        read_npz(tmp_path / "a.npz")
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        start = archive.infolist()[-1].header_offset + 60
    whole[start] ^= 255
    (tmp_path / "a.npz").write_bytes(whole)
    with pytest.raises(UnreadableFileError):
        read_npz(tmp_path / "a.npz")


def test_missing_and_unwritable(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        read_npz(tmp_path / "gone.npz")
    with pytest.raises(UnwritableFileError):
        write_npz(tmp_path / "nowhere" / "a.npz", two_people())
