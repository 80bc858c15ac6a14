"""The accuracy study: synthetic photos with known truth, annotated with the tool, and how far off the annotators are.

After the paper, section 3.2: the error of a point is the geodesic distance between where it is and where the annotator says; it
is spread from the points over the rest of the surface, and averaged over photos.
"""

from vitruv.annotate.study.errors import StudyErrors, error_map, study_errors
from vitruv.annotate.study.local_server import Server
from vitruv.annotate.study.report import write_report
from vitruv.annotate.study.scenes import add_scenes, truth_of
from vitruv.annotate.study.simulate import SimulatedAnnotator

__all__ = [
    "Server",
    "SimulatedAnnotator",
    "StudyErrors",
    "add_scenes",
    "error_map",
    "study_errors",
    "truth_of",
    "write_report",
]
