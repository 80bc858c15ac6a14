"""The command line: `vitruv VERB ...`. One module per verb; only the module of the verb that was asked for is imported."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from vitruv.errors import VitruvError

# verb -> (module, one line of help). A module has `main(argv) -> int`.
VERBS: dict[str, tuple[str, str]] = {
    "predict": ("vitruv.cli.predict", "photos in, dense pose out"),
    "evaluate": ("vitruv.cli.evaluate", "score results against DensePose-COCO annotations"),
    "compare": ("vitruv.cli.compare", "two evaluation reports side by side"),
    "check": ("vitruv.cli.check", "validate annotation and result files"),
    "show": ("vitruv.cli.show", "draw annotations or results over their photos"),
    "annotate": ("vitruv.cli.annotate", "the annotation tool, in a browser"),
    "convert": ("vitruv.cli.convert", "a Detectron2 DensePose checkpoint to a Vitruv model"),
    "models": ("vitruv.cli.models", "models by name, and what is on disk"),
    "synth": ("vitruv.cli.synth", "make data sets of synthetic people"),
    "train": ("vitruv.cli.train", "train the embedded model or the paper's networks"),
    "export": ("vitruv.cli.export", "checkpoints to ONNX"),
    "surface": ("vitruv.cli.surface", "build and inspect the body surface and its charts"),
    "body": ("vitruv.cli.body", "build the body that synthetic people are made of"),
}

_CANNOT_BE_USED = 2  # what argparse and tyro exit with for unusable arguments


def _usage() -> str:
    width = max(map(len, VERBS))
    rows = "\n".join(f"  {verb:<{width}}  {text}" for verb, (_, text) in VERBS.items())
    return f"usage: vitruv VERB [options]\n\n{rows}\n\n`vitruv VERB --help` explains a verb, with examples."


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb. Returns the exit status: 0 done, 1 refused with one line on stderr, 2 unusable arguments."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_usage())
        return 0 if arguments else _CANNOT_BE_USED
    if arguments[0] == "--version":
        from vitruv import __version__

        print(f"vitruv {__version__}")
        return 0
    verb, rest = arguments[0], arguments[1:]
    if verb not in VERBS:
        print(f"vitruv: no such verb: {verb!r}; choose from {', '.join(VERBS)}", file=sys.stderr)
        return _CANNOT_BE_USED
    try:
        status: int = importlib.import_module(VERBS[verb][0]).main(rest)
    except VitruvError as error:
        print(f"vitruv {verb}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"vitruv {verb}: stopped", file=sys.stderr)
        return 130
    return status
