"""`vitruv annotate study`: how accurate are annotators? Measured on synthetic photos with known truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import tyro

from vitruv.cli.annotate_project import opened
from vitruv.cli.parsing import parse
from vitruv.cli.progress import bar
from vitruv.errors import InputError

if TYPE_CHECKING:
    from vitruv.annotate import Project
    from vitruv.surface import Atlas
    from vitruv.synth import SceneSampler


@dataclass(frozen=True)
class StudyOptions:
    """Measure the accuracy of annotators on synthetic photos with known truth.

    --photos makes the photos. People annotate them like any other (`vitruv annotate --project DIR`). Then --report writes the
    geodesic error per part, over the body and as a curve, and the distance between annotators. --simulate needs no people.

    Example: vitruv annotate study --project study --create --photos 8
             vitruv annotate study --project study --report report/
             vitruv annotate study --project trial --create --photos 4 --simulate 0.5 2 4 --report report/
    """

    project: Annotated[Path, tyro.conf.arg(metavar="DIR")]
    """Folder of the study's project."""

    database: Annotated[str | None, tyro.conf.arg(metavar="URL")] = None
    """As in `vitruv annotate`."""

    create: bool = False
    """Create the project if it does not exist."""

    photos: int = 0
    """Number of photos to make."""

    size: int = 640
    """Height and width of the photos in pixels."""

    seed: int = 0
    """Seed of the photos; the same seed makes the same photos."""

    pack: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """File from `vitruv synth pack` with backgrounds, textures and poses. Default: everything but the body is procedural."""

    annotators: int = 1
    """Number of annotators per person."""

    simulate: Annotated[tuple[float, ...], tyro.conf.arg(metavar="CM ...")] = ()
    """Run simulated annotators, one per number: the standard deviation of their error in each direction, in cm."""

    report: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Folder for report.json, error_map.png and ratio_correct.png."""


def main(argv: Sequence[str]) -> int:
    """Returns the exit status. Raises VitruvError for anything the user can fix."""
    options = parse(StudyOptions, "vitruv annotate study", argv)
    if options.photos < 0 or options.seed < 0 or not 128 <= options.size <= 4096 or not 1 <= options.annotators <= 10:
        raise InputError("--photos and --seed must not be negative, --size from 128 to 4096, --annotators from 1 to 10")
    if any(not 0 <= noise <= 50 for noise in options.simulate):
        raise InputError("--simulate takes numbers from 0 to 50, in centimetres")
    if not options.photos and not options.simulate and options.report is None:
        raise InputError("nothing to do: give --photos, --simulate or --report")
    with opened(options.project, options.database, create=options.create, hint="create one with --create --photos N") as project:
        from vitruv.annotate.study import add_scenes, write_report
        from vitruv.surface import Atlas

        atlas = Atlas.load()
        if options.photos:
            project.change({"replicas": max(options.annotators, len(options.simulate), 1)})
            with bar("making photos", options.photos) as step:
                for _ in add_scenes(project, _sampler(options), options.photos):
                    step()
            print(f"{options.photos} photo{'' if options.photos == 1 else 's'} in {options.project}")
        if options.simulate:
            _simulate(project, atlas, options)
        if options.report is not None:
            _print(write_report(project, atlas, options.report))
            print(f"report.json, error_map.png and ratio_correct.png are in {options.report}")
    return 0


def _sampler(options: StudyOptions) -> SceneSampler:
    from vitruv.synth import SceneConfig, SceneSampler, SynthPack
    from vitruv.synth.gather import Assets, pack_arrays

    if options.pack is not None:
        pack = SynthPack.load(options.pack)
    else:
        pack = SynthPack(pack_arrays(Assets(None, None, None, None))[0])
    # One person, most of them whole in the picture: that is what annotators were asked about in the paper's study, too.
    config = SceneConfig(
        size_hw=(options.size, options.size), letterbox=False, people=(0.0, 1.0), smallest=0.75, largest=1.0, realism=0.5
    )
    return SceneSampler(pack, seed=options.seed, config=config)


def _simulate(project: Project, atlas: Atlas, options: StudyOptions) -> None:
    from vitruv.annotate import Views, invite
    from vitruv.annotate.study import Server, SimulatedAnnotator, truth_of
    from vitruv.http.errors import ConflictError

    def truth(task: dict[str, Any]) -> Any:
        return truth_of(project, atlas, task["photo"]["id"], task["box"], task["points"])

    with Server(project, Views(atlas, project.folder / "views")) as server:
        for i, noise_cm in enumerate(options.simulate):
            name = f"simulated, {noise_cm:g} cm"
            try:
                _, token = invite(project, name)
            except ConflictError:
                raise InputError(f"{name!r} has already worked in this project: choose another noise or another project") from None
            client = server.client(token)
            rng = np.random.default_rng([options.seed, i])
            simulated = SimulatedAnnotator(client, atlas, truth, noise_cm / 100, rng)
            with bar(name) as step:
                done = simulated.work(step)
            mean_cm = 100 * float(np.mean(simulated.displacements_m)) if simulated.displacements_m else 0.0
            counts = f"{done} people, {len(simulated.displacements_m)} points, {simulated.skipped} skipped"
            print(f"{name}: {counts}; mean error put in {mean_cm:.2f} cm")


def _print(report: dict[str, Any]) -> None:
    rows = [("all points", report["all"]), *report["annotators"].items(), *report["parts"].items()]
    print(f"{'':<22}{'points':>8}{'mean cm':>9}{'median':>9}{'AUC10':>8}{'AUC30':>8}")
    for name, numbers in rows:
        print(
            f"{name:<22}{numbers['points']:>8}{numbers['mean_cm']:>9.2f}{numbers['median_cm']:>9.2f}"
            f"{numbers['AUC10']:>8.3f}{numbers['AUC30']:>8.3f}"
        )
    paper = report["paper"]
    print(f"{'the paper, people':<22}{'':>8}{'':>9}{'':>9}{paper['AUC10']:>8.3f}{paper['AUC30']:>8.3f}")
    for pair in report["agreement"]:
        print(f"{pair['a']} and {pair['b']}: {pair['mean_cm']:.2f} cm apart over {pair['points']} points")
