"""The errors a caller can rely on."""

from __future__ import annotations

import copy
import importlib
import pickle
import pkgutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

import vitruv
from vitruv import errors

TREE = [
    (errors.InputError("x"), ValueError),
    (errors.FileError("a.jpg", "x"), OSError),
    (errors.MissingFileError("a.jpg"), FileNotFoundError),
    (errors.UnreadableFileError("a.jpg", "x"), errors.FileError),
    (errors.UnwritableFileError("a.jpg", "x"), errors.FileError),
    (errors.FormatError("a.json", "x"), ValueError),
    (errors.UnsafeFileError("a.pkl", "x"), errors.FormatError),
    (errors.ModelError("x"), errors.VitruvError),
    (errors.MissingExtraError("av", "video"), ImportError),
]


@pytest.mark.parametrize(("error", "base"), TREE, ids=lambda value: getattr(value, "__name__", type(value).__name__))
def test_every_error_is_ours_and_a_builtin(error: Exception, base: type[Exception]) -> None:
    assert isinstance(error, errors.VitruvError)
    assert isinstance(error, base)


def test_every_error_is_in_the_table() -> None:
    ours = {value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, errors.VitruvError)}
    assert ours == {type(error) for error, _ in TREE} | {errors.VitruvError}


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (errors.UnreadableFileError("b/a.jpg", "the file is empty"), "b/a.jpg: the file is empty"),
        (errors.MissingFileError(Path("a.jpg")), "a.jpg: no such file or folder"),
        (errors.FormatError("a.json", "is not JSON"), "a.json: is not JSON"),
        (
            errors.MissingExtraError("av", "video"),
            "this needs the package 'av': install it with `pip install 'vitruv[video]'`, "
            "or in a checkout with `pip install -e '.[video]'`",
        ),
    ],
)
def test_messages(error: Exception, text: str) -> None:
    assert str(error) == text


def test_a_file_error_names_its_file() -> None:
    error = errors.UnwritableFileError("b/a.png", "the disk is full")
    assert error.path == Path("b/a.png")
    assert error.reason == "the disk is full"


@pytest.mark.parametrize("error", [error for error, _ in TREE], ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_errors_survive_pickling(error: Exception, protocol: int) -> None:
    error.add_note("a note")
    for same in (pickle.loads(pickle.dumps(error, protocol)), copy.copy(error), copy.deepcopy(error)):
        assert type(same) is type(error)
        assert str(same) == str(error)
        assert same.args == error.args
        assert vars(same) == vars(error)


def every_subclass(kind: type[Exception]) -> Iterator[type[Exception]]:
    for below in kind.__subclasses__():
        yield below
        yield from every_subclass(below)


def test_no_error_has_its_own_way_of_pickling() -> None:
    for module in pkgutil.walk_packages(vitruv.__path__, "vitruv."):
        if module.name.endswith(("errors", "refusals", "http")):
            importlib.import_module(module.name)
    found = set(every_subclass(errors.VitruvError))
    assert len(found) > 15
    assert {kind.__reduce__ for kind in found} == {errors.VitruvError.__reduce__}


def refuse(name: str) -> None:
    raise errors.UnreadableFileError(name, "the file is empty")


def test_an_error_comes_back_from_a_process_pool() -> None:
    with ProcessPoolExecutor(1) as pool:
        for _ in range(2):  # the pool lives on
            with pytest.raises(errors.UnreadableFileError, match=r"a\.jpg: the file is empty") as caught:
                pool.submit(refuse, "a.jpg").result(timeout=30)
            assert caught.value.path == Path("a.jpg")
