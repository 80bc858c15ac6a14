"""Average precision of boxes and outlines against pycocotools."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import made_up
import numpy as np
import pycocotools.coco
import pycocotools.cocoeval
import pytest
import slow_evaluator as slow

from vitruv.formats import AnnotationFile, read_results
from vitruv.metrics import evaluate, open_official

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")


@pytest.mark.parametrize("seed", range(3))
def test_equals_pycocotools(tmp_path: Path, seed: int) -> None:
    made_up.write_surface(tmp_path)
    annotations, detections = made_up.data_set(seed)
    detections.sort(key=lambda d: d["bbox"])  # pycocotools takes equal scores as they stand in the file
    for p in annotations["annotations"]:  # every person has an outline that pycocotools can read, and an id it can match
        p["id"] += 1
        x, y, w, h = p["bbox"]
        p["segmentation"] = [[x, y, x + w, y, x + w, y + h, x, y + h]]
        if p["iscrowd"]:
            p["segmentation"] = made_up.encode_rle(np.pad(np.ones((60, 60), bool), ((0, 60), (0, 100))))
    truth, results = made_up.write(tmp_path, annotations, detections)
    (found,) = evaluate(AnnotationFile.open(truth), read_results(results), open_official(tmp_path), measures=("bbox", "segm"))
    with contextlib.redirect_stdout(io.StringIO()):
        coco = pycocotools.coco.COCO(str(truth))
        coco.dataset["info"] = {}
        for measure in ("bbox", "segm"):
            rows = []
            for d in detections:
                row = {"image_id": d["image_id"], "category_id": 1, "score": d["score"]}
                mask = slow.pasted(d["iuv"][0] > 0, d["bbox"], made_up.SIZE_HW)
                rows.append({**row, "bbox": d["bbox"]} if measure == "bbox" else {**row, "segmentation": mask})
            theirs = pycocotools.cocoeval.COCOeval(coco, coco.loadRes(rows), measure)
            theirs.evaluate()
            theirs.accumulate()
            theirs.summarize()
            for name, value in zip(("AP", "AP50", "AP75", "APs", "APm", "APl"), theirs.stats[:6], strict=True):
                ours = found.measures[measure][name]
                assert (-1 if ours is None else ours / 100) == pytest.approx(value, abs=1e-12), f"{measure} {name}"
            assert found.measures[measure]["AR"] == pytest.approx(100 * theirs.stats[8], abs=1e-9)
