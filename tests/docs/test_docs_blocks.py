"""Every code block of the README and of the documentation is run, or at least parsed: see `doc_pages`."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tyro
from doc_pages import LANGUAGES, PAGES, ROOT, Block, blocks_of, commands_in, commands_in_prose, has_placeholders

from vitruv.cli import main

BLOCKS = [block for page in PAGES for block in blocks_of(page)]
RUN = [block for block in BLOCKS if not block.reason]
PARSED = [block for block in BLOCKS if block.reason]


class Parsed(Exception):
    """Raised in place of a command's work, when its arguments were good."""


def parse(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """What is wrong with a command's arguments; empty when they can be used. Nothing of the command's work is done."""
    real = tyro.cli

    def only_parse(*args: object, **options: object) -> None:
        real(*args, **options)  # type: ignore[call-overload]
        raise Parsed

    printed = io.StringIO()
    with monkeypatch.context() as patch, contextlib.redirect_stderr(printed), contextlib.redirect_stdout(printed):
        patch.setattr(tyro, "cli", only_parse)
        try:
            status = main(arguments)
        except Parsed:
            return ""
        except SystemExit as error:
            status = int(error.code or 0)
    return "" if status == 0 else printed.getvalue() or f"exit status {status}"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the photos that the pages speak of."""
    photo = ROOT / "examples" / "astronaut.jpg"
    for name in ("examples/astronaut.jpg", "photo.jpg", "a.jpg", "photos/a.jpg", "photos/beach/b.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(photo, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    yield tmp_path


def test_every_block_says_what_it_is() -> None:
    assert [block.where for block in BLOCKS if block.language not in LANGUAGES] == []


def test_what_is_only_parsed_says_why() -> None:
    """A file that is named as the place where a block is run for real exists."""
    for block in PARSED:
        for path in re.findall(r"(?:tests|benchmarks)/[\w/.-]+|\.ci/run", block.reason):
            assert (ROOT / path).exists(), f"{block.where}: {path}"


@pytest.mark.parametrize("page", [page for page in PAGES if any(block.page == page for block in RUN)], ids=lambda page: page.stem)
def test_blocks_run(page: Path, workspace: Path) -> None:
    """From top to bottom; Python blocks of a page share their names."""
    names: dict[str, object] = {"__name__": "docs"}
    for block in RUN:
        if block.page != page:
            continue
        if block.language == "python":
            code = compile("\n" * (block.line - 1) + block.text, block.where, "exec")
            with contextlib.redirect_stdout(io.StringIO()):
                exec(code, names)
        elif block.language == "sh":
            run_in_shell(block)


def run_in_shell(block: Block) -> None:
    source = os.pathsep.join([str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])
    script = f'set -e\nvitruv() {{ "{sys.executable}" -m vitruv "$@"; }}\n{block.text}\n'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": source})
    assert done.returncode == 0, f"{block.where}:\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("block", [b for b in PARSED if b.language == "python"], ids=lambda block: block.where)
def test_parsed_python(block: Block) -> None:
    """Compiles, and what it imports is there."""
    tree = ast.parse(block.text)
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    exec(compile(ast.Module(imports, []), block.where, "exec"), {})


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "sh"], ids=lambda block: block.where)
def test_commands_can_be_parsed(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    for arguments in commands_in(block.text):
        check_command(arguments, block.where, monkeypatch)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_in_sentences(page: Path) -> None:
    """Commands in sentences may be cut short; what they name exists."""
    for arguments in commands_in_prose(page):
        if arguments:
            check_names(arguments, page.name)


def check_command(arguments: list[str], where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if has_placeholders(arguments):
        check_names(arguments, where)
    else:
        assert parse(arguments, monkeypatch) == "", f"{where}: vitruv {' '.join(arguments)}"


def help_of(*words: str) -> str:
    """What a command prints for --help (an error, where there is no such command)."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), contextlib.suppress(SystemExit):
        main([*words, "--help"])
    return printed.getvalue()


DEFAULTS = {"annotate": ("annotate", "serve"), "synth": ("synth", "dataset")}
"""Commands whose own options are those of one of their commands."""


def check_names(arguments: list[str], where: str) -> None:
    """The command and its options exist; values may be missing or stand for others."""
    if has_placeholders(arguments[:1]):
        return
    words = [word for word in arguments[:2] if re.fullmatch(r"[a-z][a-z-]*", word)]
    options = [argument.partition("=")[0] for argument in arguments if argument.startswith("--")]
    assert not words or re.search(rf"^ +{words[0]}\b", help_of(), re.MULTILINE), f"{where}: there is no command {words[0]!r}"
    known = help_of(*words) + help_of(*words[:1]) + help_of(*DEFAULTS.get(words[0], ()) if words else ())
    for option in options:
        assert option in ("--help", "--version") or re.search(rf"{option}\b", known), (
            f"{where}: vitruv {' '.join(arguments)}: {option}"
        )


def test_wrong_commands_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in (["predict", "a.jpg", "--output", "o", "--tresh", "1"], ["predcit", "a.jpg"], ["synth", "pack", "--asets", "a"]):
        with pytest.raises(AssertionError):
            check_names(wrong, "here")
        with pytest.raises(AssertionError):
            check_command(wrong, "here", monkeypatch)
    check_names(["predict", "PHOTOS", "--preset", "NAME"], "here")
    for wrong in (["predict", "a.jpg", "--output", "o", "--save", "pictures"], ["train", "rnn"]):
        with pytest.raises(AssertionError):
            check_command(wrong, "here", monkeypatch)
