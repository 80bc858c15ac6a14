"""The front-end without a browser: types, masks in the same form as the server's, outlines and undo."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from vitruv.annotate.domain.masks import decode_mask, encode_mask
from vitruv.annotate.http.app import STATIC


def _run_node(script: str, given: object) -> object:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    prelude = "import { readFileSync } from 'node:fs'; const given = JSON.parse(readFileSync(0, 'utf8'));"
    command = [node, "--input-type=module", "-e", prelude + script]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _module(name: str) -> str:
    return json.dumps((STATIC / name).as_uri())


def test_masks_are_written_as_the_server_reads_them() -> None:
    rng = np.random.default_rng(3)
    masks = [np.zeros((256, 256), bool), np.ones((256, 256), bool), rng.random((256, 256)) < 0.3]
    masks.append(np.pad(np.ones((60, 1), bool), ((0, 196), (255, 0))))
    script = f"""
        import {{ encode, decodeInto }} from {_module("rle.js")};
        console.log(JSON.stringify(given.map((counts) => {{
          const labels = new Uint8Array(65536);
          decodeInto(labels, counts, 7);
          return encode(labels, 7);
        }})));
    """
    sent = [encode_mask(mask) for mask in masks]
    answers = _run_node(script, sent)
    assert answers == sent
    for counts, mask in zip(sent, masks, strict=True):
        np.testing.assert_array_equal(decode_mask(counts), mask)


def test_outlines_brush_and_undo() -> None:
    script = f"""
        import {{ LabelMap }} from {_module("labelmap.js")};
        const map = new LabelMap();
        const log = [];
        map.begin(); map.polygon([[10, 10], [30, 10], [30, 50], [10, 50]], 1, false); log.push(map.end());
        map.begin(); map.polygon([[20, 10], [30, 10], [30, 50], [20, 50]], 2, false); log.push(map.end());
        const areas = [map.areas()];
        map.keepOthers = true;
        map.begin(); map.polygon([[0, 0], [40, 0], [40, 60], [0, 60]], 3, false); log.push(map.end());
        areas.push(map.areas());
        log.push(map.undo()); log.push(map.undo()); log.push(map.redo()); areas.push(map.areas());
        map.keepOthers = false;
        map.begin(); map.brush([100, 100], [120, 100], [5, 5], 4, false); log.push(map.end());
        map.begin(); map.brush([100, 100], [120, 100], [5, 5], 1, true); log.push(map.end());
        areas.push(map.areas());
        console.log(JSON.stringify({{ log, areas, masks: map.encoded(4) }}));
    """
    answer = _run_node(script, None)
    assert isinstance(answer, dict)
    assert answer["log"] == [[1], [1, 2], [3], [3], [1, 2], [1, 2], [4], []]
    first, over, redone, brushed = (np.array(areas) for areas in answer["areas"])
    assert (first[1], first[2]) == (400, 400), "20 x 40 pixels, half of them taken over"
    assert over[3] == 40 * 60 - 800, "other parts were left alone"
    assert (redone[1], redone[2], redone[3]) == (400, 400, 0)
    assert abs(brushed[4] - (20 * 10 + np.pi * 25)) < 12, "a line with round ends"
    assert decode_mask(answer["masks"])[100, 110]


def test_types() -> None:
    """`tsc --checkJs`; it is looked for on the PATH and where VITRUV_TSC says."""
    tsc = os.environ.get("VITRUV_TSC") or shutil.which("tsc")
    if tsc is None or not Path(tsc).exists():
        pytest.skip("the TypeScript compiler is not installed (npm install --global typescript)")
    options = ["--noEmit", "--allowJs", "--checkJs", "--strict", "--skipLibCheck", "--noUnusedLocals", "--target", "es2022"]
    options += ["--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2022,dom,dom.iterable"]
    done = subprocess.run([tsc, *options, "main.js"], cwd=STATIC, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout
