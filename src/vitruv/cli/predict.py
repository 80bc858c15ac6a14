"""`vitruv predict`: photos in, dense pose out."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from vitruv.cli.parsing import parse
from vitruv.cli.predict_options import PredictOptions
from vitruv.cli.predict_run import Run, predict_all


def main(argv: Sequence[str]) -> int:
    """Returns 0 when every photo was done, 1 when some failed (they are listed on stderr), 128 + n when stopped by signal n."""
    options = parse(PredictOptions, "vitruv predict", argv)
    started = time.perf_counter()
    run = Run()
    try:
        predict_all(options, run)
    finally:
        _report(options, run, time.perf_counter() - started)
    return run.status or (1 if run.failures else 0)


def _report(options: PredictOptions, run: Run, seconds: float) -> None:
    if (run.done or run.there or run.failures) and not options.quiet:
        there = f", {run.there} there already" if run.there else ""
        failed = f", {len(run.failures)} failed" if run.failures else ""
        earlier = f"; the folder has {_count(run.earlier, 'photo', 'photos')} of earlier runs, too" if run.earlier else ""
        done, people = _count(run.done, "photo", "photos"), _count(run.people, "person", "people")
        print(f"{done}{there}{failed}, {people} -> {options.output} ({seconds:.1f} s){earlier}")
    for reason, paths in run.left_out.items():
        some = ", ".join(str(path) for path in sorted(paths)[:3]) + (", ..." if len(paths) > 3 else "")
        print(f"vitruv predict: left out {_count(len(paths), 'file', 'files')} ({reason}): {some}", file=sys.stderr)
    if run.boxes_left_out:
        left_out = _count(run.boxes_left_out, "box", "boxes")
        print(f"vitruv predict: left out {left_out} of {options.boxes} (crowds, or no people by their category)", file=sys.stderr)
    for line in run.failures:
        print(f"vitruv predict: {line}", file=sys.stderr)
    if run.status:
        print("vitruv predict: stopped; what was done until then is complete, and --skip-existing goes on", file=sys.stderr)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
