"""Make the pictures of the README and of the documentation again, after the model, the surface or the drawing has changed.

    python docs/make_pictures.py                      # with the model in the package and examples/crew.jpg
    python docs/make_pictures.py --photo people.jpg --model fast

writes docs/pictures/result.jpg (photo, overlay, charts) and docs/pictures/charts.jpg (the 24 charts on the body, with numbers).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import vitruv
from vitruv import draw
from vitruv.surface import NUM_CHARTS, Atlas

HERE = Path(__file__).parent
_PANEL_PX = 480
_BODY_HW = (860, 600)
_OVERSAMPLE = 3


def result(photo: Path, model: str | None) -> Image.Image:
    """The photo, the people drawn over it, and their charts alone, side by side."""
    rgb = vitruv.read_image(photo)
    people = vitruv.load(model)(rgb) if model else vitruv.load()(rgb)
    print(people)
    labels = people.canvas().chart.labels
    charts = draw.colour_labels(labels)
    charts[labels == 0] = 255
    height, width = labels.shape
    size = (round(_PANEL_PX * width / height), _PANEL_PX)
    sheet = Image.new("RGB", (3 * size[0] + 2 * 8, size[1]), "white")
    for i, panel in enumerate((rgb, people.overlay(rgb), charts)):
        sheet.paste(Image.fromarray(panel).resize(size, Image.Resampling.LANCZOS), (i * (size[0] + 8), 0))
    return sheet


def charts_on_the_body() -> Image.Image:
    """The body in rest pose from the front and from the back, every chart in its colour and with its number."""
    atlas = Atlas.load()
    sheet = Image.new("RGB", (2 * _BODY_HW[1], _BODY_HW[0]), "white")
    for i, facing in enumerate((1, -1)):
        sheet.paste(_body(atlas, facing), (i * _BODY_HW[1], 0))
    return sheet


def _body(atlas: Atlas, facing: int) -> Image.Image:
    """Seen along the z axis from far away, far triangles painted first. facing: 1 from the front, -1 from the back."""
    height, width = (_OVERSAMPLE * side for side in _BODY_HW)
    points = atlas.vertices.astype(np.float64) * [facing, 1, facing]
    scale = 0.95 * height / np.ptp(points[:, 1])
    flat = np.stack([width / 2 + points[:, 0] * scale, 0.975 * height - points[:, 1] * scale], axis=1)
    corners = points[atlas.faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    colours = draw.palette()[atlas.chart_of_face]
    shade = 0.55 + 0.45 * np.clip(0.8 * normal[:, 2] + 0.3 * normal[:, 1] - 0.2 * normal[:, 0], 0, 1)
    image = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(image)
    seen = np.flatnonzero(normal[:, 2] > 0)
    for face in seen[np.argsort(corners[seen, :, 2].mean(axis=1), kind="stable")]:
        colour = tuple(int(value) for value in colours[face] * shade[face])
        pen.polygon([tuple(corner) for corner in flat[atlas.faces[face]]], fill=colour)
    font = ImageFont.load_default(size=22 * _OVERSAMPLE)
    centres = flat[atlas.faces].mean(axis=1)
    for chart in range(1, NUM_CHARTS + 1):
        own = atlas.chart_of_face == chart
        towards, away = own & (normal[:, 2] > 0.3), own & (normal[:, 2] < -0.3)
        # A number stands on the side that shows more of the chart, in the middle of what is seen there.
        if (towards.sum(), facing) > (away.sum(), -facing):
            place = tuple(np.average(centres[towards], axis=0, weights=normal[towards, 2]))
            pen.text(place, str(chart), font=font, fill="white", stroke_fill="black", stroke_width=3 * _OVERSAMPLE, anchor="mm")
    return image.resize((_BODY_HW[1], _BODY_HW[0]), Image.Resampling.LANCZOS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photo", type=Path, default=HERE.parent / "examples" / "crew.jpg")
    parser.add_argument("--model", default=None)
    parser.add_argument("--output", type=Path, default=HERE / "pictures")
    options = parser.parse_args()
    options.output.mkdir(exist_ok=True)
    result(options.photo, options.model).save(options.output / "result.jpg", quality=88)
    charts_on_the_body().save(options.output / "charts.jpg", quality=90, subsampling=0)


if __name__ == "__main__":
    main()
