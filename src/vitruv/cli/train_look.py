"""`vitruv train look`: the second look of the embedded model."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from vitruv.errors import InputError
from vitruv.types import UInt8Array

if TYPE_CHECKING:
    from vitruv.train.compact.detector_proposals import Candidates

_CANDIDATES, _LEAST_SCORE = 16, 0.2  # of a scene; more, and weaker ones, than the runtime looks at


@dataclass(frozen=True)
class TrainLook:
    """Train the regressor's second look at what the detector finds: the embedded model then tells people from other things better.

    Networks stay as they are. What the regressor sees of each candidate in synthetic scenes is kept in RUN, so that a stopped run
    goes on; the second look itself is then fitted in a minute. `vitruv export --look RUN --output MODEL` puts it into the model.

    Example: vitruv train look --pack pack.npz --model model --output look --scenes 1000
    """

    output: Annotated[Path, tyro.conf.arg(metavar="RUN")]
    """Folder of the run."""
    pack: Path
    """File from `vitruv synth pack`."""
    model: Path
    """Folder of the exported model."""
    scenes: int = 1000
    """Synthetic pictures, a multiple of 25; every tenth is kept aside for figures."""
    size: tuple[int, int] = (480, 640)
    """Height and width of the pictures."""
    seed: int = 0
    """Of the pictures and of the fit."""
    workers: int = 1
    """Processes that render; 0 renders in between."""


def run_look(argv: Sequence[str]) -> int:
    """Returns the exit status."""
    options = tyro.cli(TrainLook, prog="vitruv train look", args=list(argv))
    if options.scenes < 25 or options.scenes % 25:
        raise InputError(f"scenes must be a multiple of 25, but got {options.scenes}")
    from rich.console import Console

    from vitruv.export.second_look import read_regressor
    from vitruv.networks import SecondLook
    from vitruv.synth import SceneConfig, SceneSample, SceneSampler, SynthPack, stream
    from vitruv.train.compact.detector_proposals import collect, digest_of, read_looks
    from vitruv.train.compact.verifier import fit, save_look

    console = Console(stderr=True, soft_wrap=True, highlight=False)
    network = read_regressor(options.model)
    look = SecondLook(network.widths[3], network.fused[1])
    config = SceneConfig(size_hw=options.size, letterbox=False)
    pack = SynthPack.load(options.pack)
    settings = {"regressor": digest_of(network), "pack": pack.digest, "size": list(options.size), "seed": options.seed}
    sampler = SceneSampler(pack, seed=options.seed, config=config)

    def scenes(first: int) -> Iterator[SceneSample]:
        for _, samples in stream(sampler, start=first, stop=options.scenes, batch=1, workers=options.workers):
            yield from samples

    began, before = time.monotonic(), None
    for done in collect(
        options.output, scenes, settings, count=options.scenes, find=_finder(options.model), network=network, look=look
    ):
        before = done if before is None else before
        elapsed = time.monotonic() - began
        left = elapsed / max(done - before, 1) * (options.scenes - done)
        console.print(f"{done} of {options.scenes} scenes" + (f", about {left / 60:.0f} min left" if done > before else ""))
    looks, asked = read_looks(options.output, options.scenes)
    figures = fit(looks, look, asked, seed=options.seed)
    save_look(options.output, look, settings | {"scenes": options.scenes, "figures": asdict(figures)})
    print(
        f"{figures.found} of {figures.people} people found where {figures.precision:.0%} are right; "
        f"{figures.detector_found} by the detector alone"
    )
    return 0


def _finder(folder: Path) -> Callable[[UInt8Array], Candidates]:
    """What the model's detector finds, and how its regressor sees that."""
    from vitruv.runtime.compact.model import open_model
    from vitruv.train.compact.detector_proposals import Candidates
    from vitruv.train.compact.model_start import MODEL_FILE

    model = open_model(folder, json.loads((folder / MODEL_FILE).read_text("utf-8")), device="cpu")

    def find(rgb: UInt8Array) -> Candidates:
        boxes, scores = (values[:_CANDIDATES] for values in model.detector.find(rgb, threshold=_LEAST_SCORE))
        return Candidates(boxes, scores, *model.regressor.cut(rgb, boxes))

    return find
