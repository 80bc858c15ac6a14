"""The DensePose-COCO evaluation of a result file: GPS, GPSm and IoU as average precision, ratio of correct points, boxes, outlines.

Images are read a few at a time; of each only its small matrices of similarities are kept until they are matched.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from vitruv.errors import InputError
from vitruv.formats.annotations import AnnotationFile
from vitruv.formats.results import Detections
from vitruv.metrics.accumulate import MATCHED, Accumulator
from vitruv.metrics.average_precision import thresholds_from
from vitruv.metrics.batches import BatchReader, tied
from vitruv.metrics.evaluation import Evaluation
from vitruv.metrics.rules import rules_named
from vitruv.metrics.standard import STANDARD, CocoBoxMaskEvaluator
from vitruv.metrics.surfaces.protocol import GeodesicSurface
from vitruv.types import Float64Array

MEASURES = (*MATCHED, "rcp", *STANDARD)

_IMAGES_AT_ONCE = 125


def evaluate(
    annotations: AnnotationFile,
    detections: Detections,
    surface: GeodesicSurface,
    *,
    measures: Sequence[str] = MEASURES,
    compat: str | Sequence[str] = "detectron2",
    kappa_m: Float64Array | None = None,
    lowest_threshold: float = 0.5,
    progress: Callable[[int, int], None] | None = None,
) -> list[Evaluation]:
    """Score detections against annotations, once for each of `compat` ("detectron2", "clean"; see `rules`).

    kappa_m: (8,) float64 metres by kappa group; default is the surface's own (`single_kappa()` is the paper's).
    lowest_threshold: the first of the similarity thresholds; 0.2 adds AP20, AP30 and AP40.
    progress: called with the images done and their total.
    Raises InputError, and FormatError for a broken file, an unknown image, or more than MOST_DETECTIONS on one image.
    """
    if unknown := set(measures) - set(MEASURES):
        raise InputError(f"measures must be among {', '.join(MEASURES)}, but {', '.join(sorted(unknown))} came")
    thresholds = thresholds_from(lowest_threshold)
    kappa = surface.kappa_m if kappa_m is None else np.asarray(kappa_m, np.float64)
    names = [compat] if isinstance(compat, str) else list(compat)
    rules = [rules_named(name) for name in names]
    standard = CocoBoxMaskEvaluator([name for name in STANDARD if name in measures])
    image_ids = sorted(annotations.images, key=lambda image_id: (isinstance(image_id, str), image_id))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        accumulators = [Accumulator(one, surface, kappa, thresholds, measures, pool) for one in rules]
        reader = BatchReader(annotations, detections, measures, pool)
        for start in range(0, len(image_ids), _IMAGES_AT_ONCE):
            batch = reader.read(image_ids[start : start + _IMAGES_AT_ONCE])
            for accumulator in accumulators:
                accumulator.add(batch)
            standard.add(batch)
            if progress is not None:
                progress(min(start + _IMAGES_AT_ONCE, len(image_ids)), len(image_ids))
        counts = {"images": len(annotations.images), "people": len(annotations), "detections": len(detections)}
        counts |= {"of other categories": reader.outside, "of equal scores": tied(detections.scores)}
        categories = len(reader.categories)
        return [accumulator.finish(categories, counts, standard.measures(categories)) for accumulator in accumulators]
