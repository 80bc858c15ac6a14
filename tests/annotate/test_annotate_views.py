"""Six views of every part: from a click to the surface, and the same in the browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from vitruv.annotate import Views
from vitruv.annotate.http.app import STATIC
from vitruv.http.errors import NotFoundError, UnprocessableError
from vitruv.surface.charts import CHARTS_OF_PART, NUM_PARTS, PART_OF_CHART

PART = 13  # a small one: right lower arm


@pytest.mark.parametrize("part", [0, 15, -1])
def test_there_are_14_parts(views: Views, part: int) -> None:
    with pytest.raises(NotFoundError, match=f"there is no part {part}"):
        views.describe(part)


def test_a_click_gives_the_point_that_is_seen_there(views: Views) -> None:
    drawn = views.part(PART)
    for view in range(6):
        rows, columns = np.nonzero(drawn.face[view] >= 0)
        for i in np.linspace(0, len(rows) - 1, 12).astype(int):
            x, y = columns[i] + 0.5, rows[i] + 0.5
            point = views.look_up(PART, view, x, y)
            at = drawn.rotation[view] @ np.array(views.position(point)) + drawn.translation[view]
            back = drawn.focal_px * at[:2] / at[2] + np.array(drawn.size_hw[::-1]) / 2
            np.testing.assert_allclose(back, [x, y], atol=0.05)
            assert abs(drawn.depth_near + drawn.depth_step * (int(drawn.depth[view, rows[i], columns[i]]) - 1) - at[2]) < 1e-3
            assert point.chart == int(views.atlas.chart_of_face[point.face])
            assert 0 <= point.u <= 1
            assert 0 <= point.v <= 1


def test_together_the_views_show_nearly_the_whole_part(views: Views) -> None:
    drawn = views.part(PART)
    own = np.flatnonzero(PART_OF_CHART[views.atlas.chart_of_face] == PART)
    corners = views.atlas.rest_vertices[views.atlas.faces[own]].astype(float)
    areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    seen = np.isin(own, drawn.face)
    assert areas[seen].sum() / areas.sum() > 0.97
    charts = set(views.atlas.chart_of_face[drawn.face[drawn.face >= 0]].tolist())
    assert set(CHARTS_OF_PART[PART]) < charts, "the part, and a rim of its neighbours"


def test_the_maps_agree_with_one_another(views: Views) -> None:
    drawn = views.part(PART)
    from PIL import Image

    for view in range(6):
        iuv = np.asarray(Image.open(views.folder / f"part{PART:02d}-{view}-iuv.png"))
        np.testing.assert_array_equal(iuv[..., 0] > 0, drawn.face[view] >= 0)
        np.testing.assert_array_equal(drawn.depth[view] > 0, drawn.face[view] >= 0)
    assert len(views.layer(PART, 0, "depth.bin")[0]) == 2 * drawn.depth[0].size
    for layer, view in (("face.npz", 0), ("image.png", 6), ("../x", 0)):
        with pytest.raises(NotFoundError, match="a view has the numbers 0 to 5"):
            views.layer(PART, view, layer)


def test_views_are_made_once(views: Views) -> None:
    first = views.part(PART)
    again = Views(views.atlas, views.folder.parent)
    assert again.fingerprint == views.fingerprint
    np.testing.assert_array_equal(again.part(PART).face, first.face)


def test_clicks_beside_the_body(views: Views) -> None:
    with pytest.raises(UnprocessableError, match="the click is not on the body: click on the surface in one of the six views"):
        views.look_up(PART, 0, 1.0, 1.0)


@pytest.mark.slow
def test_every_part_can_be_shown(views: Views) -> None:
    for part in range(1, NUM_PARTS + 1):
        drawn = views.part(part)
        shown = PART_OF_CHART[views.atlas.chart_of_face[drawn.face[drawn.face >= 0]]]
        assert (shown == part).mean() > 0.5, f"part {part} is not what its views show"


def _node(script: str, *arguments: str) -> str:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    done = subprocess.run([node, "--input-type=module", "-e", script, *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_browser_finds_the_same_point(views: Views, tmp_path: Path) -> None:
    drawn = views.part(PART)
    clicks = []
    for view in range(6):
        rows, columns = np.nonzero(drawn.face[view] >= 0)
        i = len(rows) // 3
        clicks.append((view, int(columns[i]) + 0.3, int(rows[i]) + 0.8))
    for view in range(6):
        (tmp_path / f"{view}.bin").write_bytes(views.layer(PART, view, "depth.bin")[0])
    (tmp_path / "views.json").write_text(json.dumps({"description": views.describe(PART), "clicks": clicks}))
    script = f"""
        import {{ readFileSync }} from "node:fs";
        import {{ PartViews }} from {json.dumps((STATIC / "views.js").as_uri())};
        const folder = process.argv[1];
        const {{ description, clicks }} = JSON.parse(readFileSync(`${{folder}}/views.json`));
        const depth = (k) => new Uint16Array(new Uint8Array(readFileSync(`${{folder}}/${{k}}.bin`)).buffer);
        const all = description.views.map((view, k) => ({{ ...view, depth: depth(k) }}));
        const part = new PartViews(description, all);
        console.log(JSON.stringify(clicks.map(([k, x, y]) => {{
          const xyz = part.pick(k, x, y);
          return {{ xyz, back: part.project(k, xyz), beside: part.pick(k, 0, 0) }};
        }})));
    """
    answers = json.loads(_node(script, str(tmp_path)))
    for (view, x, y), answer in zip(clicks, answers, strict=True):
        expected = views.position(views.look_up(PART, view, x, y))
        np.testing.assert_allclose(answer["xyz"], expected, atol=2e-4)
        assert answer["back"]["seen"]
        assert abs(answer["back"]["x"] - x) < 1
        assert answer["beside"] is None
