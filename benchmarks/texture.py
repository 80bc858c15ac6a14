"""The round trip of a texture: people in a known one are drawn, it is taken from some views, put onto another, and compared.

    python benchmarks/texture.py --people 8 --output sheet.png

Prints PSNR in dB over the pixels of the person in the new view, for true maps and, with --predicted, for those of the model inside
the package: of the pixels that some view had shown, of all with everything filled in, and the share that had been shown.
Needs the extra `synth`.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from PIL import Image

import vitruv
from vitruv.body import Body, PoseLibrary, ShapeSampler
from vitruv.render import Camera, rasterise
from vitruv.results import ChartMap, DensePoses
from vitruv.surface import Atlas
from vitruv.texture import AtlasTexture, TextureExtractor, Tiles, apply_texture
from vitruv.types import Float32Array, UInt8Array

SIZE_HW = (640, 480)
BACKGROUND = 205


@dataclass(frozen=True)
class View:
    rgb: UInt8Array
    people: DensePoses


def dressed(tiles: Tiles) -> AtlasTexture:
    """A texture with detail of all sizes and without a person's skin: a checked shirt, striped trousers, shoes, hair and a face."""
    x, y, z = np.moveaxis(tiles.positions, 2, 0)
    column, row = np.meshgrid(np.arange(tiles.size_hw[1]), np.arange(tiles.size_hw[0]))
    chart = 1 + (column // tiles.resolution) * 6 + row // tiles.resolution
    rgb = np.zeros((*tiles.size_hw, 3))
    rgb[:] = (214, 168, 140)
    check = ((np.floor(x * 18) + np.floor(y * 18)) % 2)[:, :, None]
    rgb = np.where(np.isin(chart, (1, 2, 15, 16, 17, 18))[:, :, None], (190, 40, 50) * (1 - check) + (240, 235, 220) * check, rgb)
    stripe = (np.sin(x * 160) > 0.4)[:, :, None]
    rgb = np.where(np.isin(chart, range(7, 15))[:, :, None], np.where(stripe, (70, 90, 150), (40, 55, 105)), rgb)
    rgb = np.where(np.isin(chart, (5, 6))[:, :, None], (50, 40, 40), rgb)
    top = np.isin(chart, (23, 24)) & ((z < 0.02) | (y > np.quantile(y[np.isin(chart, (23, 24))], 0.9)))
    rgb = np.where(top[:, :, None], (90, 60, 35), rgb)
    rgb += 6 * np.sin(90 * x + 60 * y)[:, :, None] * np.cos(70 * z)[:, :, None]
    return AtlasTexture(np.clip(rgb, 0, 255).astype(np.uint8), tiles.inside)


def chart_map(vertices: Float32Array, atlas: Atlas, camera: Camera) -> ChartMap:
    """What a camera sees of a body, exactly."""
    raster = rasterise(vertices, atlas.faces, camera, SIZE_HW)
    seen = raster.face >= 0
    weights = raster.barycentric[seen]
    weights = np.concatenate([1 - weights.sum(axis=1, keepdims=True), weights], axis=1)
    labels, uv = np.zeros(SIZE_HW, np.uint8), np.zeros((2, *SIZE_HW), np.float32)
    labels[seen] = atlas.chart_of_face[raster.face[seen]]
    uv[:, seen] = np.clip(np.einsum("nk,nkc->nc", weights, atlas.corner_uv[raster.face[seen]]), 0, 1).T
    return ChartMap(labels, uv)


def drawn(vertices: Float32Array, atlas: Atlas, texture: AtlasTexture, yaw_deg: float) -> View:
    middle = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
    reach = float(np.linalg.norm(vertices - middle, axis=1).max())
    yaw = np.radians(yaw_deg)
    eye = middle + 4.5 * np.array([np.sin(yaw), 0.12, np.cos(yaw)])
    height, width = SIZE_HW
    camera = Camera.look_at(eye, middle, up=(0, 1, 0), focal_px=0.46 * height * 4.2 / reach, centre_xy=(width / 2, height / 2))
    chart = chart_map(vertices, atlas, camera)
    box = np.array([[0, 0, width, height]], np.float32)
    people = DensePoses(box, np.ones(1, np.float32), [chart], SIZE_HW)
    return View(apply_texture(texture, np.full((*SIZE_HW, 3), BACKGROUND, np.uint8), people), people)


def psnr(found: UInt8Array, true: UInt8Array, where: np.ndarray) -> float:
    if not where.any():
        return float("nan")
    return float(10 * np.log10(255**2 / max(np.mean((found[where].astype(float) - true[where]) ** 2), 1e-9)))


def predicted(view: View, predictor: vitruv.Predictor) -> DensePoses:
    rows, columns = np.nonzero(view.people.charts[0].labels)
    return predictor(view.rgb, boxes=[[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resolutions", type=int, nargs="+", default=[100, 200, 400])
    parser.add_argument("--views", type=float, nargs="+", default=[0, 120, 240], help="degrees from which the texture is taken")
    parser.add_argument("--new-view", type=float, default=50, help="degrees from which it is compared")
    parser.add_argument("--predicted", action="store_true", help="also with the maps of the model in the package")
    parser.add_argument("--output", help="sheet of the first person: the views, the new one, and the texture on it")
    options = parser.parse_args()
    atlas, body, shapes, poses = Atlas.load(), Body.load(), ShapeSampler.load(), PoseLibrary.load()
    truth = dressed(Tiles(atlas, 512))
    predictor = vitruv.load() if options.predicted else None
    print(f"{'maps':<10} {'texels':>6} {'shown':>6} {'PSNR of shown':>14} {'PSNR, filled':>13}")
    for name in ["true"] + (["predicted"] if predictor else []):
        for resolution in options.resolutions:
            rows = []
            for person in range(options.people):
                rng = np.random.default_rng((options.seed, person))
                shape = shapes.sample(rng).coefficients[None].repeat(len(options.views) + 1, axis=0)
                bodies = body.pose(shape, [poses.sample(rng, lying=0) for _ in shape]).vertices
                views = [drawn(v, atlas, truth, yaw) for v, yaw in zip(bodies, [*options.views, options.new_view], strict=True)]
                maps = [view.people if predictor is None or name == "true" else predicted(view, predictor) for view in views]
                extractor = TextureExtractor(resolution=resolution, atlas=atlas)
                for view, people in zip(views[:-1], maps[:-1], strict=True):
                    extractor.add(view.rgb, people[0])
                new, seen = views[-1], new_labels(views[-1])
                shown, filled = extractor.texture(), extractor.texture(fill="all")
                blank = np.full_like(new.rgb, BACKGROUND)
                mark = AtlasTexture(np.full_like(shown.rgb, 255), shown.known)
                covered = seen & (apply_texture(mark, np.zeros_like(blank), maps[-1]) == 255).all(axis=2)
                pictures = [apply_texture(texture, blank, maps[-1]) for texture in (shown, filled)]
                rows.append((covered.sum() / seen.sum(), psnr(pictures[0], new.rgb, covered), psnr(pictures[1], new.rgb, seen)))
                if options.output and person == 0 and resolution == options.resolutions[-1] and name == "true":
                    Image.fromarray(np.hstack([*(view.rgb for view in views), *pictures])).save(options.output)
            share, near, whole = np.nanmean(rows, axis=0)
            print(f"{name:<10} {resolution:>6} {share:>6.0%} {near:>14.1f} {whole:>13.1f}", flush=True)


def new_labels(view: View) -> np.ndarray:
    return view.people.charts[0].labels > 0


if __name__ == "__main__":
    main()
