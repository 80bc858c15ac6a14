"""The dump of Detectron2, read by PyTorch itself and by our own reader."""

from __future__ import annotations

import sys
import types
from pathlib import Path, PurePath

import numpy as np
import pytest
from made_people import SIZE_HW, made_people

from vitruv.formats import quantize, read_results
from vitruv.formats.presets import PresetWriter, presets
from vitruv.results import DensePoses

torch = pytest.importorskip("torch")


@pytest.fixture
def densepose(monkeypatch: pytest.MonkeyPatch) -> type:
    """A stand-in for Detectron2's package, so that its class can be found by name."""
    module = types.ModuleType("densepose.structures.chart_result")

    class DensePoseChartResultWithConfidences:
        labels: object
        uv: object

    module.DensePoseChartResultWithConfidences = DensePoseChartResultWithConfidences  # type: ignore[attr-defined]
    for name in ("densepose", "densepose.structures"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return DensePoseChartResultWithConfidences


def write(folder: Path) -> Path:
    with PresetWriter(presets["detectron2-dump"], folder) as writer:
        writer.add(PurePath("a.jpg"), made_people(), source=Path("photos/a.jpg"))
        writer.add(PurePath("nobody.jpg"), DensePoses.empty(SIZE_HW))
    return folder / "results.pkl"


def test_torch_loads_it(tmp_path: Path, densepose: type) -> None:
    people = made_people()
    first, nobody = torch.load(write(tmp_path), weights_only=False)
    assert set(first) == {"file_name", "scores", "pred_boxes_XYXY", "pred_densepose"}
    assert first["file_name"] == "photos/a.jpg"
    assert first["scores"].dtype == first["pred_boxes_XYXY"].dtype == torch.float32
    np.testing.assert_array_equal(first["pred_boxes_XYXY"].numpy(), people.boxes_xyxy)
    np.testing.assert_array_equal(first["scores"].numpy(), people.scores)
    for result, chart in zip(first["pred_densepose"], people.charts, strict=True):
        assert type(result) is densepose
        assert result.labels.dtype == torch.int64 and result.uv.dtype == torch.float32
        np.testing.assert_array_equal(result.labels.numpy(), chart.labels)
        np.testing.assert_array_equal(result.uv.numpy(), chart.uv)
        assert result.sigma_1 is None and result.coarse_segm_confidence is None
    assert set(nobody) == {"file_name", "scores", "pred_boxes_XYXY"}
    assert nobody["scores"].shape == (0,) and nobody["pred_boxes_XYXY"].shape == (0, 4)


def test_dreampose_s_own_converter_can_use_it(tmp_path: Path, densepose: type) -> None:
    """Its script takes the first person's uv and places it at the truncated box."""
    entry = torch.load(write(tmp_path), weights_only=False)[0]
    x1, y1, _, _ = entry["pred_boxes_XYXY"][0].int().numpy()
    uv = entry["pred_densepose"][0].uv
    canvas = np.zeros((2, *SIZE_HW))
    canvas[:, y1 : y1 + uv.shape[1], x1 : x1 + uv.shape[2]] = uv.cpu().numpy()
    one = made_people(1)
    np.testing.assert_array_equal(canvas, presets["dreampose"].render(one))


def test_our_reader_reads_it_without_torch(tmp_path: Path) -> None:
    results = read_results(write(tmp_path))
    people = made_people()
    assert results.image_ids == ["a.jpg", "a.jpg"]
    for i, chart in enumerate(people.charts):
        np.testing.assert_array_equal(results.iuv(i), quantize(chart))


def test_the_same_people_give_the_same_bytes(tmp_path: Path) -> None:
    assert write(tmp_path / "a").read_bytes() == write(tmp_path / "b").read_bytes()
