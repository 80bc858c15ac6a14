"""The errors a caller can rely on."""

from __future__ import annotations

from pathlib import Path

import pytest

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
        (errors.MissingExtraError("av", "video"), "this needs the package 'av': install it with `pip install 'vitruv[video]'`"),
    ],
)
def test_messages(error: Exception, text: str) -> None:
    assert str(error) == text


def test_a_file_error_names_its_file() -> None:
    error = errors.UnwritableFileError("b/a.png", "the disk is full")
    assert error.path == Path("b/a.png")
    assert error.reason == "the disk is full"
