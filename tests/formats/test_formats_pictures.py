"""IUV and label pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vitruv import ChartMap
from vitruv.errors import FormatError, InputError, MissingFileError, UnreadableFileError, UnwritableFileError
from vitruv.formats import decode_iuv, encode_iuv, read_iuv_png, read_label_png, write_iuv_png, write_label_png


def random_map(size_hw: tuple[int, int] = (9, 7)) -> ChartMap:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 25, size_hw).astype(np.uint8)
    uv = rng.random((2, *size_hw), np.float32)
    uv[:, labels == 0] = 0
    return ChartMap(labels, uv)


def test_codes_are_truncated_and_in_the_order_asked_for() -> None:
    chart_map = ChartMap(np.array([[0, 3]], np.uint8), np.array([[[0, 0.5]], [[0, 0.999]]], np.float32))
    assert encode_iuv(chart_map, channel_order="iuv").tolist() == [[[0, 0, 0], [3, 127, 254]]]
    assert encode_iuv(chart_map, channel_order="vui").tolist() == [[[0, 0, 0], [254, 127, 3]]]


@pytest.mark.parametrize("order", ["iuv", "vui"])
@pytest.mark.parametrize("size_hw", [(1, 1), (9, 7)])
def test_iuv_there_and_back(tmp_path: Path, order: str, size_hw: tuple[int, int]) -> None:
    chart_map = random_map(size_hw)
    write_iuv_png(tmp_path / "a.png", chart_map, channel_order=order)  # type: ignore[arg-type]
    back = read_iuv_png(tmp_path / "a.png", channel_order=order)  # type: ignore[arg-type]
    np.testing.assert_array_equal(back.labels, chart_map.labels)
    assert ((chart_map.uv - back.uv) > -1e-6).all()
    assert ((chart_map.uv - back.uv) < 1 / 255).all()
    np.testing.assert_array_equal(
        encode_iuv(back, channel_order=order),  # type: ignore[arg-type]
        np.asarray(Image.open(tmp_path / "a.png")),
    )


def test_nobody(tmp_path: Path) -> None:
    write_iuv_png(tmp_path / "a.png", ChartMap.empty((4, 5)), channel_order="vui")
    assert not np.asarray(Image.open(tmp_path / "a.png")).any()


def test_the_wrong_order_is_noticed(tmp_path: Path) -> None:
    chart_map = random_map()
    write_iuv_png(tmp_path / "a.png", chart_map, channel_order="vui")
    with pytest.raises(FormatError, match=r"a\.png: chart \d+ is above 24; are its channels in the order 'vui'\?"):
        read_iuv_png(tmp_path / "a.png", channel_order="iuv")


def test_unknown_order() -> None:
    with pytest.raises(InputError, match="channel_order must be 'iuv' or 'vui', but got 'bgr'"):
        encode_iuv(random_map(), channel_order="bgr")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="channel_order must be"):
        decode_iuv(np.zeros((2, 2, 3), np.uint8), channel_order="")  # type: ignore[arg-type]


def test_the_genuine_picture_of_a_rendered_body(shared_dir: Path) -> None:
    """Written by OpenCV: red is V. Its front faces us, arms raised; every chart but one is seen."""
    chart_map = read_iuv_png(shared_dir / "fixtures" / "synth_UV_example.png", channel_order="vui")
    assert chart_map.size_hw == (512, 176)
    assert int((chart_map.labels > 0).sum()) == 19479
    assert set(range(1, 25)) - set(np.unique(chart_map.labels)) == {12}


def test_labels_there_and_back(tmp_path: Path) -> None:
    labels = random_map().labels
    write_label_png(tmp_path / "a.png", labels)
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "L"
    np.testing.assert_array_equal(read_label_png(tmp_path / "a.png"), labels)


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.full((2, 2), 25, np.uint8), r"a\.png: label 25 is above 24"),
        (np.full((2, 2, 3), (1, 2, 3), np.uint8), r"a\.png: a label picture is grey, but this one has colours"),
    ],
)
def test_other_pictures_are_no_labels(tmp_path: Path, pixels: np.ndarray, message: str) -> None:
    Image.fromarray(pixels).save(tmp_path / "a.png")
    with pytest.raises(FormatError, match=message):
        read_label_png(tmp_path / "a.png")


def test_unusable_files(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        read_label_png(tmp_path / "gone.png")
    (tmp_path / "text.png").write_text("text")
    with pytest.raises(UnreadableFileError):
        read_iuv_png(tmp_path / "text.png", channel_order="iuv")
    with pytest.raises(UnwritableFileError, match="nowhere"):
        write_label_png(tmp_path / "nowhere" / "a.png", np.zeros((2, 2), np.uint8))
