"""The public models of Detectron2's DensePose: where they are, how large, how good.

Facts from Detectron2's model zoo (DENSEPOSE_IUV.md, DENSEPOSE_CSE.md); sizes computed from the shapes of the tensors. The zoo
publishes no checksums.
"""

from __future__ import annotations

from dataclasses import dataclass

LICENCE = "CC BY-SA 3.0"
LICENCE_NOTE = (
    "The weights are Meta's, licensed CC BY-SA 3.0 (https://creativecommons.org/licenses/by-sa/3.0/): name the source, and pass on "
    "what you derive from them under the same licence. They were trained on DensePose-COCO, whose annotations are for "
    "non-commercial use."
)
ADDRESS = "https://dl.fbaipublicfiles.com/densepose/"


@dataclass(frozen=True)
class Entry:
    """A model of the zoo.

    path: below ADDRESS. megabytes: of the tensors (10^6 bytes). box_ap, gps_ap, gpsm_ap: published average precision in percent,
    on DensePose-COCO minival (the `evolution` models: on their chimpanzees); None where not published.
    """

    name: str
    path: str
    megabytes: int
    box_ap: float | None
    gps_ap: float
    gpsm_ap: float

    @property
    def licence(self) -> str:
        return LICENCE

    @property
    def box_pooler_aligned(self) -> bool:
        """See `RCNNArchitecture`."""
        return self.path.startswith("evolution/")

    @property
    def file(self) -> str:
        """Name of the checkpoint file."""
        return self.path.rsplit("/", 1)[1]


# folder, run and file, megabytes, AP of boxes, GPS and GPSm
_ROWS: tuple[tuple[str, str, int, float | None, float, float], ...] = (
    ("densepose_rcnn_R_50_FPN_s1x_legacy", "164832157/d366fa", 239, 58.1, 52.1, 54.9),
    ("densepose_rcnn_R_101_FPN_s1x_legacy", "164832182/10af0e", 316, 59.5, 53.2, 56.0),
    ("densepose_rcnn_R_50_FPN_s1x", "165712039/162be9", 256, 61.2, 63.7, 65.3),
    ("densepose_rcnn_R_101_FPN_s1x", "165712084/c6ab63", 332, 62.3, 64.5, 66.2),
    ("densepose_rcnn_R_50_FPN_DL_s1x", "165712097/0ed407", 265, 61.1, 65.6, 66.7),
    ("densepose_rcnn_R_101_FPN_DL_s1x", "165712116/844d15", 341, 62.3, 66.3, 67.6),
    ("densepose_rcnn_R_50_FPN_WC1_s1x", "173862049/289019", 257, 60.5, 64.2, 65.4),
    ("densepose_rcnn_R_50_FPN_WC2_s1x", "173861455/3abe14", 258, 60.7, 64.2, 65.7),
    ("densepose_rcnn_R_50_FPN_DL_WC1_s1x", "173067973/b1e525", 265, 61.1, 65.8, 67.0),
    ("densepose_rcnn_R_50_FPN_DL_WC2_s1x", "173859335/60fed4", 267, 60.8, 65.6, 66.7),
    ("densepose_rcnn_R_101_FPN_WC1_s1x", "171402969/9e47f0", 333, 62.5, 64.9, 66.3),
    ("densepose_rcnn_R_101_FPN_WC2_s1x", "173860702/5ea023", 334, 62.3, 64.8, 66.4),
    ("densepose_rcnn_R_101_FPN_DL_WC1_s1x", "173858525/f359f3", 342, 62.0, 66.2, 67.2),
    ("densepose_rcnn_R_101_FPN_DL_WC2_s1x", "173294801/6e1ed1", 343, 61.7, 65.9, 67.2),
    ("densepose_rcnn_R_50_FPN_WC1M_s1x", "217144516/48a9d9", 257, 60.6, 64.0, 65.4),
    ("densepose_rcnn_R_50_FPN_WC2M_s1x", "216245640/d79ada", 258, 60.7, 64.2, 65.5),
    ("densepose_rcnn_R_50_FPN_DL_WC1M_s1x", "216245703/61971e", 266, 60.7, 65.2, 66.7),
    ("densepose_rcnn_R_50_FPN_DL_WC2M_s1x", "216245758/7bfb43", 267, 60.8, 65.0, 66.4),
    ("densepose_rcnn_R_101_FPN_WC1M_s1x", "216453687/0a7287", 333, 62.0, 64.8, 66.0),
    ("densepose_rcnn_R_101_FPN_WC2M_s1x", "216245682/e354d9", 334, 62.5, 64.5, 66.0),
    ("densepose_rcnn_R_101_FPN_DL_WC1M_s1x", "216245771/0ebeb3", 342, 62.0, 66.4, 67.1),
    ("densepose_rcnn_R_101_FPN_DL_WC2M_s1x", "216245790/de6e7a", 343, 61.9, 66.1, 67.1),
    ("cse/densepose_rcnn_R_50_FPN_s1x", "251155172/c4ea5f", 282, None, 64.4, 65.7),
    ("cse/densepose_rcnn_R_101_FPN_s1x", "251155500/5c995f", 358, None, 64.7, 65.8),
    ("cse/densepose_rcnn_R_50_FPN_DL_s1x", "251156349/e96218", 291, None, 65.5, 66.4),
    ("cse/densepose_rcnn_R_101_FPN_DL_s1x", "251156606/b236ce", 367, None, 65.6, 66.6),
    ("cse/densepose_rcnn_R_50_FPN_soft_s1x", "250533982/2c4512", 282, None, 64.3, 65.4),
    ("cse/densepose_rcnn_R_101_FPN_soft_s1x", "250712522/4637da", 358, None, 64.5, 66.0),
    ("cse/densepose_rcnn_R_50_FPN_DL_soft_s1x", "250713703/9199f5", 291, None, 66.1, 66.7),
    ("cse/densepose_rcnn_R_101_FPN_DL_soft_s1x", "250713061/1d3314", 367, None, 66.2, 67.1),
    ("evolution/densepose_R_50_FPN_DL_WC1M_3x_Atop10P_CA", "217578784/9fe1cc", 266, 61.3, 20.0, 30.2),
    ("evolution/densepose_R_50_FPN_DL_WC1M_3x_Atop10P_CA_B_uniform", "256453729/241ff5", 266, 60.9, 21.5, 31.0),
    ("evolution/densepose_R_50_FPN_DL_WC1M_3x_Atop10P_CA_B_uv", "256452095/d689e2", 266, 61.4, 22.2, 32.1),
    ("evolution/densepose_R_50_FPN_DL_WC1M_3x_Atop10P_CA_B_finesegm", "256452819/cb4ac6", 266, 60.9, 20.7, 30.7),
    ("evolution/densepose_R_50_FPN_DL_WC1M_3x_Atop10P_CA_B_coarsesegm", "256455697/a6a4bf", 266, 61.3, 21.5, 31.6),
)


def _entry(folder: str, run: str, megabytes: int, box: float | None, gps: float, gpsm: float) -> Entry:
    number, file = run.split("/")
    # Embedding models are named like chart models, so that their folder becomes part of the name.
    name = folder.replace("cse/", "cse_").rsplit("/", 1)[-1]
    return Entry(name, f"{folder}/{number}/model_final_{file}.pkl", megabytes, box, gps, gpsm)


CATALOGUE: dict[str, Entry] = {entry.name: entry for entry in (_entry(*row) for row in _ROWS)}
"""Name -> entry."""
