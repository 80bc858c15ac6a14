"""The paper's networks on pictures of a data set, for evaluation and for in-painting."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from vitruv.formats import Person
from vitruv.geometry import clip, placement_xywh, xywh_to_xyxy
from vitruv.networks.fcn import FCN
from vitruv.networks.multitask import MultiTaskRCNN
from vitruv.rcnn_config import DetectionRules
from vitruv.results import ChartMap, DensePoses
from vitruv.train.densepose.decode import read_maps
from vitruv.train.densepose.input import network_images
from vitruv.train.densepose.people import read_cells
from vitruv.train.densepose.photos import PhotoSampler, PhotoSource, person_matrix
from vitruv.train.densepose.place import fit, inverse, place, warp
from vitruv.types import AnyArray, UInt8Array

PEOPLE = DetectionRules(people=20)
"""The evaluation counts 20 detections of a picture."""


@torch.inference_mode()
def predict_rcnn(network: MultiTaskRCNN, rgb: UInt8Array, size_hw: tuple[int, int], rules: DetectionRules = PEOPLE) -> DensePoses:
    """People of a picture, found and regressed by the network itself, in pixels of the picture."""
    matrix = fit(_hw(rgb), size_hw)
    canvas = torch.from_numpy(warp(rgb, matrix, size_hw))[None].to(next(network.parameters()).device)
    levels = network.features(network_images(canvas))
    inner = (min(size_hw[0], round(rgb.shape[0] * matrix[1, 1])), min(size_hw[1], round(rgb.shape[1] * matrix[0, 0])))
    found = network.detect(levels, inner, rules)
    boxes = clip((found.boxes_xyxy / matrix[0, 0]).astype(np.float32), _hw(rgb))
    kept = np.flatnonzero((boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1]))
    if not len(kept):
        return DensePoses.empty(_hw(rgb))
    maps = network.regress(levels, found.boxes_xyxy[kept])
    names = ("coarse_segm", "fine_segm", "u", "v")
    charts = [
        read_maps({name: maps[name][i] for name in names}, box, place_)
        for i, (box, place_) in enumerate(zip(boxes[kept], placement_xywh(boxes[kept]), strict=True))
    ]
    return DensePoses(boxes[kept], found.scores[kept], charts, _hw(rgb))


@torch.inference_mode()
def predict_fcn(network: FCN, rgb: UInt8Array, people: Sequence[Person], size_hw: tuple[int, int]) -> DensePoses:
    """What the network says of the whole picture, cut out at the boxes of annotated people: it cannot tell people apart itself."""
    matrix = fit(_hw(rgb), size_hw)
    canvas = torch.from_numpy(warp(rgb, matrix, size_hw))[None].to(next(network.parameters()).device)
    output = network(network_images(canvas))
    maps = {name: values[0] for name, values in output._asdict().items()}
    corner = place(inverse(matrix), np.array([[size_hw[1], size_hw[0]]]))[0]
    boxes = _boxes(people)
    charts = [read_maps(maps, np.array([0, 0, *corner]), box) for box in placement_xywh(boxes)]
    return DensePoses(boxes, np.ones(len(boxes), np.float32), charts, _hw(rgb))


@torch.inference_mode()
def predict_teacher(
    network: FCN, source: PhotoSource, image_id: int | str, size_hw: tuple[int, int]
) -> tuple[DensePoses, list[int]]:
    """The annotated people of a picture, each in its box and inside its part masks; and their indices among all of its people."""
    sampler = PhotoSampler(source, size_hw, kind="crops")
    device = next(network.parameters()).device
    indices = source.file.indices_of_image[image_id]
    people = [(i, source.file.person(index), index) for i, index in enumerate(indices)]
    chosen = [(i, person, index) for i, person, index in people if not person.is_crowd and person.has_points and person.part_masks]
    boxes, charts = _boxes([person for _, person, _ in chosen]), []
    for (_, person, index), box in zip(chosen, placement_xywh(boxes), strict=True):
        crop = torch.from_numpy(sampler.crop(index, 0)["image"])[None].to(device)
        output = network(network_images(crop))
        window = _window(person, size_hw)
        chart = read_maps({name: values[0] for name, values in output._asdict().items()}, window, box, body_only=True)
        charts.append(_inside_parts(chart, person, box))
    poses = DensePoses(boxes, np.ones(len(boxes), np.float32), charts, source.file.images[image_id].size_hw)
    return poses, [i for i, _, _ in chosen]


def _inside_parts(chart: ChartMap, person: Person, box_xywh: AnyArray) -> ChartMap:
    foreground = person.foreground()
    if foreground is None:
        return ChartMap.empty(chart.size_hw)
    x, y, w, h = person.bbox_xywh
    columns, rows = np.meshgrid(np.arange(box_xywh[2]) + 0.5 + box_xywh[0] - x, np.arange(box_xywh[3]) + 0.5 + box_xywh[1] - y)
    grid = foreground.view(np.uint8)
    inside = read_cells(grid, np.stack([columns * grid.shape[1] / max(w, 1e-6), rows * grid.shape[0] / max(h, 1e-6)], axis=-1)) > 0
    return ChartMap(chart.labels * inside, np.asarray(chart.uv * inside, np.float32))


def _window(person: Person, size_hw: tuple[int, int]) -> AnyArray:
    corners = place(inverse(person_matrix(person, size_hw)), np.array([[0, 0], [size_hw[1], size_hw[0]]]))
    return corners.ravel()


def _boxes(people: Sequence[Person]) -> AnyArray:
    return xywh_to_xyxy(np.array([person.bbox_xywh for person in people], np.float32).reshape(-1, 4))


def _hw(rgb: UInt8Array) -> tuple[int, int]:
    return rgb.shape[0], rgb.shape[1]
