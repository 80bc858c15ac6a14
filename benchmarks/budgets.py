"""The main job against its budgets, each as measured here and now: one row per budget, met or missed.

    python benchmarks/budgets.py [--pack pack.npz] [--install]

--pack: file from `vitruv synth pack`, for the rate of synthetic samples. --install: also install the package into a fresh
environment and measure it, which downloads what pip needs. Other budgets have commands of their own, because they need minutes:
`benchmarks/evaluate.py` (evaluation) and `benchmarks/official.py` (official checkpoints). The processors should have nothing
else to do; times are medians.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import tyro
from PIL import Image

import vitruv
from predict import picture, seconds
from synth import rate
from vitruv.runtime.devices import usable_threads
from vitruv.runtime.loading import EMBEDDED_FOLDER

REPOSITORY = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Options:
    pack: Path | None = None
    install: bool = False
    repeat: int = 9


@dataclass(frozen=True)
class Row:
    what: str
    measured: float
    budget: float
    unit: str
    most: bool = True
    """Whether the budget is the most, not the least, it may be."""

    def __str__(self) -> str:
        met = self.measured <= self.budget if self.most else self.measured >= self.budget
        sign = "<=" if self.most else ">="
        return f"{self.what:58s} {self.measured:8.2f} {sign} {self.budget:6g} {self.unit:9s} {'met' if met else 'MISSED'}"


def run(*arguments: str) -> str:
    return subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True).stdout


def imports(repeat: int) -> list[Row]:
    bare = statistics.median(seconds(lambda: run("-c", "pass"), repeat))
    whole = statistics.median(seconds(lambda: run("-c", "import vitruv"), repeat))
    torch = run("-c", "import sys, vitruv; print(int('torch' in sys.modules))")
    return [Row("import vitruv", whole - bare, 0.3, "s"), Row("  of these imports, torch", float(torch), 0, "")]


def prediction(repeat: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder, "photo.jpg")
        Image.fromarray(picture(2)).save(photo, quality=92)
        command = ["-m", "vitruv", "predict", str(photo), "--output", str(Path(folder, "out"))]
        said = run(*command).split(" -> ")[0]
        whole = statistics.median(seconds(lambda: run(*command), repeat))
    return [
        Row(f"vitruv predict, 640x480, all files ({said})", whole, 1.2, "s"),
        frames("as it is", vitruv.load(), repeat, 15),
        frames('"fast"', vitruv.load("fast"), repeat, 30),
    ]


def frames(name: str, predictor: vitruv.Predictor, repeat: int, budget: float) -> Row:
    frame = picture(1)
    # The budget is for one person: of further boxes, which are wrong here, the threshold leaves none.
    scores = predictor(frame, threshold=0.33).scores
    threshold = float(scores[:2].mean()) if len(scores) > 1 else 0.33
    found = len(predictor(frame, threshold=threshold))
    rate = 1 / statistics.median(seconds(lambda: predictor(frame, threshold=threshold), 5 * repeat))
    return Row(f"Predictor {name}, 640x480 (people found: {found})", rate, budget, "frames/s", most=False)


def samples(pack: Path) -> Row:
    from vitruv.synth import CropSampler, SynthPack

    by_clock, _ = rate(CropSampler(SynthPack.load(pack), size_hw=(256, 256)), 400, workers=2)
    return Row("synthetic crops 256x256, two workers", by_clock, 100, "crops/s", most=False)


def installation() -> Row:
    with tempfile.TemporaryDirectory() as folder:
        run("-m", "venv", folder)
        pip = [str(Path(folder, "bin", "python")), "-m", "pip", "install", "-q", "-c", str(REPOSITORY / "constraints.txt")]
        subprocess.run([*pip, str(REPOSITORY)], check=True)
        packages = next(Path(folder).glob("lib/python*/site-packages"))
        own = ("pip", "setuptools")  # what every environment has
        size = sum(
            f.stat().st_size for f in packages.rglob("*") if f.is_file() and not f.relative_to(packages).parts[0].startswith(own)
        )
    return Row("base install with the models, without pip", size / 1e6, 270, "MB")


def main() -> None:
    options = tyro.cli(Options)
    print(f"vitruv {vitruv.__version__}, python {sys.version.split()[0]}, {usable_threads()} threads")
    graphs = sum(path.stat().st_size for path in EMBEDDED_FOLDER.glob("*.onnx")) / 1e6
    rows = [*imports(options.repeat), *prediction(options.repeat), Row("graphs of the models in the package", graphs, 40, "MB")]
    for row in rows:
        print(row)
    if options.pack is not None:
        print(samples(options.pack))
    if options.install:
        print(installation())


if __name__ == "__main__":
    main()
