"""The readers that have a preset of their own: one table, a row for each.

Colours, sizes, names and orders are those of the readers' own data loaders. Nothing in a chart map tells channel order or palette,
so none of it can be checked by looking at a file: this table is the place to look.
"""

from __future__ import annotations

from vitruv.formats.presets.colours import C_VTON, VIRIDIS
from vitruv.formats.presets.fit import Fit
from vitruv.formats.presets.preset import MapFile, Preset

_BLACK_MAP = "a black map, which its network takes for no body at all,"

MAPS = (
    Preset(
        "viton-hd",
        "HR-VITON, StableVITON, IDM-VTON: charts in parula on black, 768x1024",
        (MapFile("image-densepose", "{name}", "colours"),),
        fit=Fit("stretch", size_hw=(1024, 768)),
        output="DATASET/train",
        empty=_BLACK_MAP,
    ),
    Preset(
        "dresscode",
        "DressCode, LaDI-VTON: labels NNN_5.png, U and V in NNN_5_uv.npz",
        (MapFile("dense", "{stem}.png", "labels"), MapFile("dense", "{stem}_uv.npz", "uv", key="uv")),
        output="DATASET/upper_body",
        stem_end=("_0", "_5"),
        not_people="_1",
    ),
    Preset(
        "gp-vton",
        "GP-VTON: labels 0..24 as grey PNG",
        (MapFile("densepose", "{stem}.png", "labels"),),
        output="DATASET/train",
    ),
    Preset(
        "catvton",
        "CatVTON: labels 0..24 as grey PNG, one person",
        (MapFile("", "{stem}.png", "labels"),),
        who="best",
        empty="an all-zero map, as CatVTON itself makes then,",
    ),
    Preset(
        "c-vton",
        "C-VTON: 25 fixed colours, decoded by exact equality",
        (MapFile("data/image_densepose_parse", "{stem}.png", "colours", colours=C_VTON),),
        output="DATASET",
        empty=_BLACK_MAP,
    ),
    Preset(
        "magicanimate",
        "MagicAnimate, vid2densepose: charts in viridis on purple, 512x512",
        (MapFile("", "{stem}.png", "colours", colours=VIRIDIS),),
        fit=Fit("pad", size_hw=(512, 512)),
        empty="a purple map",
    ),
    Preset(
        "controlnet-parula",
        "ControlNet of CivitAI 120149: charts in parula on black, short side 512",
        (MapFile("", "{stem}.png", "colours"),),
        fit=Fit("short-side", short_side=512),
        empty="a black map",
    ),
    Preset(
        "controlnet-viridis",
        "ControlNet of MagicAnimate: charts in viridis on purple, short side 512",
        (MapFile("", "{stem}.png", "colours", colours=VIRIDIS),),
        fit=Fit("short-side", short_side=512),
        empty="a purple map",
    ),
    Preset(
        "dreampose",
        "DreamPose: U and V of one person as NAME_densepose.npy, float64 (2, h, w)",
        (MapFile("", "{stem}_densepose.npy", "uv", dtype="float64"),),
        who="best",
        output="FRAMES",
        empty="a map of zeros",
    ),
    Preset(
        "pose-with-style",
        "Pose with Style: one person as NAME_iuv.png, red I, green U, blue V",
        (MapFile("", "{first}_iuv.png", "iuv", channel_order="iuv"),),
        who="best",
        output="DATASET/densepose/train",
        empty="an all-zero map, which it reports as an invalid image,",
    ),
    Preset(
        "tiktok",
        "HDNet, TikTok data set: NAME_dp.png, 256x256, red V, green U, blue I",
        (MapFile("", "{stem}_dp.png", "iuv", channel_order="vui"),),
        fit=Fit("pad", size_hw=(256, 256)),
        who="best",
    ),
    Preset(
        "deepfashion-multimodal",
        "DeepFashion-MultiModal, Text2Human: NAME_densepose.png, red V, green U, blue I",
        (MapFile("", "{first}_densepose.png", "iuv", channel_order="vui"),),
        output="DATASET/densepose",
    ),
    Preset(
        "smplitex",
        "SMPLitex: densepose/NAME_densepose.png, red V, green U, blue I",
        (MapFile("densepose", "{stem}_densepose.png", "iuv", channel_order="vui"),),
        who="best",
    ),
    Preset(
        "iuv-cv",
        "the original's NAME_IUV.png: red V, green U, blue I (cv2.imread gives I, U, V)",
        (MapFile("", "{stem}_IUV.png", "iuv", channel_order="vui"),),
    ),
    Preset(
        "iuv-pil",
        "NAME_IUV.png: red I, green U, blue V, as Pillow-based tools read it",
        (MapFile("", "{stem}_IUV.png", "iuv", channel_order="iuv"),),
    ),
    Preset(
        "labels-14",
        "the 14 body parts 0..14 (left and right kept apart, front and back not) as grey PNG",
        (MapFile("", "{stem}_parts.png", "parts"),),
    ),
)
