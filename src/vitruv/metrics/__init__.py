"""How good dense pose is: geodesic point similarity, average precision and recall, ratio of correct points."""

from vitruv.metrics.average_precision import PrecisionRecall, precision_recall, summary, thresholds_from
from vitruv.metrics.evaluate import MEASURES, evaluate
from vitruv.metrics.evaluation import Evaluation, People, Pooled
from vitruv.metrics.masks import Silhouette, box_iou, mask_iou
from vitruv.metrics.matching import AREAS, ImageValues, Matches, MatchRules, match
from vitruv.metrics.ratio_correct import area_under_curve, ratio_correct
from vitruv.metrics.rules import CLEAN, DETECTRON2, Rules
from vitruv.metrics.similarity import geodesic_point_similarity
from vitruv.metrics.surfaces.atlas_surface import open_atlas
from vitruv.metrics.surfaces.official_surface import open_official
from vitruv.metrics.surfaces.protocol import PAPER_KAPPA_M, GeodesicSurface, single_kappa
from vitruv.metrics.surfaces.recomputed_surface import open_recomputed
from vitruv.surface.official import OFFICIAL_KAPPA_M

__all__ = [
    "AREAS",
    "CLEAN",
    "DETECTRON2",
    "MEASURES",
    "OFFICIAL_KAPPA_M",
    "PAPER_KAPPA_M",
    "Evaluation",
    "GeodesicSurface",
    "ImageValues",
    "MatchRules",
    "Matches",
    "People",
    "Pooled",
    "PrecisionRecall",
    "Rules",
    "Silhouette",
    "area_under_curve",
    "box_iou",
    "evaluate",
    "geodesic_point_similarity",
    "mask_iou",
    "match",
    "open_atlas",
    "open_official",
    "open_recomputed",
    "precision_recall",
    "ratio_correct",
    "single_kappa",
    "summary",
    "thresholds_from",
]
