"""The command line: `vitruv COMMAND ...`. One module per command; only the module of the command that runs is imported."""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from vitruv.cli.commands import Command, run_command
from vitruv.cli.extras import extra_of
from vitruv.errors import MissingExtraError, VitruvError


class Verb(NamedTuple):
    """module: has `main(argv) -> int`. extra: what to install when one of its imports is missing."""

    module: str
    help: str
    extra: str = ""


VERBS = {
    "predict": Verb("vitruv.cli.predict", "photos in, dense pose out"),
    "video": Verb("vitruv.cli.video", "clips in, dense pose out: tracked, frame by frame", "video"),
    "presets": Verb("vitruv.cli.presets", "the files that other programs read, by name"),
    "export-maps": Verb("vitruv.cli.export_maps", "files of a preset from saved results, without a network"),
    "texture": Verb("vitruv.cli.texture", "colours from photos onto the body, back onto photos, and to other layouts"),
    "mesh": Verb("vitruv.cli.mesh", "a photo in, posed bodies out: GLB or OBJ", "mesh"),
    "evaluate": Verb("vitruv.cli.evaluate", "score results against DensePose-COCO annotations", "eval"),
    "compare": Verb("vitruv.cli.compare", "two evaluation reports side by side", "eval"),
    "check": Verb("vitruv.cli.check", "validate annotation and result files", "eval"),
    "show": Verb("vitruv.cli.show", "draw annotations or results over their photos", "eval"),
    "annotate": Verb("vitruv.cli.annotate", "the annotation tool, in a browser", "annotate"),
    "serve": Verb("vitruv.cli.serve", "a service that answers photos over HTTP", "serve"),
    "convert": Verb("vitruv.cli.convert", "a Detectron2 DensePose checkpoint to a Vitruv model"),
    "models": Verb("vitruv.cli.models", "models by name, and what is on disk"),
    "synth": Verb("vitruv.cli.synth", "make data sets of synthetic people", "synth"),
    "train": Verb("vitruv.cli.train", "train the embedded model or the paper's networks", "train"),
    "export": Verb("vitruv.cli.export", "checkpoints to ONNX", "export"),
    "surface": Verb("vitruv.cli.surface", "build and inspect the body surface and its charts", "build"),
    "body": Verb("vitruv.cli.body", "build the body that synthetic people are made of", "build"),
}

_STOPPED = 130  # what a shell reports for a program ended by Ctrl-C
_NOBODY_LISTENS = 141  # ... and for one whose output was closed, as by `| head`


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb. Returns the exit status: 0 done, 1 refused with one line on stderr, 2 unusable arguments."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    _never_fail_to_print()
    try:
        status = _answer(arguments)
        sys.stdout.flush()
    except VitruvError as error:
        print(f"vitruv {arguments[0]}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"vitruv {arguments[0]}: stopped", file=sys.stderr)
        return _STOPPED
    except BrokenPipeError:
        # Python would complain once more when it flushes what nobody reads.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _NOBODY_LISTENS
    except OSError as error:
        # Whatever the system refuses about a file is for the user to hear in one line; other errors are mistakes of the program.
        if error.filename is None:
            raise
        print(f"vitruv {arguments[0]}: {error.filename}: {(error.strerror or str(error)).lower()}", file=sys.stderr)
        return 1
    return status


def _never_fail_to_print() -> None:
    """Names that the terminal's encoding does not know are shown as escapes: a message must not cost what was done."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _answer(arguments: list[str]) -> int:
    if arguments and arguments[0] in ("-V", "--version"):
        from vitruv._version import __version__

        print(f"vitruv {__version__}")
        return 0
    commands = {name: Command(verb.help, partial(_run, verb)) for name, verb in VERBS.items()}
    return run_command("vitruv", commands, arguments)


def _run(verb: Verb, arguments: Sequence[str]) -> int:
    try:
        status: int = importlib.import_module(verb.module).main(arguments)
    except ModuleNotFoundError as error:
        extra = extra_of(error.name or "", verb.extra)
        if extra is None:
            raise
        raise MissingExtraError((error.name or "").partition(".")[0], extra) from None
    return status
