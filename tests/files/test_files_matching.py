"""Names in JSON and files on disk: by path, in every spelling, and never by chance."""

from __future__ import annotations

import itertools
import random
import unicodedata
from pathlib import Path

import pytest

from vitruv.files import FilePath, Unmatched, match_files


def on_disk(folder: str, *below: str) -> list[FilePath]:
    return [FilePath.on_disk(Path(folder) / name, Path(name)) for name in below]


def matched(names: list[str], files: list[FilePath]) -> list[str | None]:
    return [names[one] if isinstance(one, int) else None for one in match_files(names, files)]


def test_nothing() -> None:
    assert match_files([], []) == []
    assert match_files(["a.jpg"], []) == []
    assert match_files([], on_disk("/p", "a.jpg")) == [Unmatched("a.jpg")]


V1, V2 = "v1/000000.jpg", "v2/000000.jpg"


@pytest.mark.parametrize(
    ("names", "files", "expected"),
    [
        ([V1, V2], on_disk("/p", V1, V2), [V1, V2]),
        ([V2, V1], on_disk("/p", V1, V2), [V1, V2]),
        ([V1], on_disk("/p", V1, V2), [V1, None]),
        ([V1], on_disk("/p", V2), [None]),  # folders that differ are another photo
        (["000000.jpg"], on_disk("/p", V1), ["000000.jpg"]),
        (["000000.jpg"], on_disk("/p", V1, V2), [None, None]),  # a bare name only where unique, among the files
        ([V1, V2], on_disk("/p", "000000.jpg"), [None]),  # ... and among the names
        (["000000.jpg"], on_disk("/p", "000000.jpg", V1), ["000000.jpg", None]),
        ([V1, V2], on_disk("/p/v1", "000000.jpg"), [V1]),  # the folder itself was named
        ([V1, V2], [*on_disk("/p/v1", "000000.jpg"), *on_disk("/p/v2", "000000.jpg")], [V1, V2]),
        (["images/" + V1, "images/" + V2], on_disk("/p", V1, V2), ["images/" + V1, "images/" + V2]),
        (["/gone/data/" + V1], on_disk("/p", V1, V2), ["/gone/data/" + V1, None]),
        (["a.jpg"], [*on_disk("/x", "a.jpg"), *on_disk("/y", "a.jpg")], [None, None]),  # one entry is not for two photos
        (["x/a.jpg", "y/a.jpg"], [*on_disk("/x", "a.jpg"), *on_disk("/y", "a.jpg")], ["x/a.jpg", "y/a.jpg"]),
        (["val2014/a.jpg", "b.jpg"], on_disk("/p", "a.jpg", "b.jpg"), ["val2014/a.jpg", "b.jpg"]),
        (["a.jpg", "b/a.jpg"], on_disk("/p", "a.jpg", "b/a.jpg"), ["a.jpg", "b/a.jpg"]),
        (["a.jpg", "p/b/a.jpg"], on_disk("/p", "b/a.jpg"), ["p/b/a.jpg"]),
        (["a.jpg", "a.jpg"], on_disk("/p", "a.jpg"), [None]),
        (["./v1//a.jpg"], on_disk("/p", "v1/a.jpg"), ["./v1//a.jpg"]),
    ],
)
def test_by_path(names: list[str], files: list[FilePath], expected: list[str | None]) -> None:
    assert matched(names, files) == expected


@pytest.mark.parametrize("name", ["Straße/Ångström é.JPG", "ñ.png", "v/İ.png", "한/글.jpg", "ﬁ/a.jpg"])
def test_every_spelling_of_a_path_is_found(name: str) -> None:
    def spellings(text: str) -> list[str]:
        forms = [unicodedata.normalize(form, text) for form in ("NFC", "NFD")]
        return [*forms, *(form.replace("/", "\\") for form in forms), "./" + text, text.swapcase()]

    others = ["other/" + name.rpartition("/")[2], "z.jpg"]
    for in_json, stored in itertools.product(spellings(name), spellings(name)[:2]):
        assert matched([*others, in_json], on_disk("/p", stored)) == [in_json]


def test_names_that_differ_in_spelling_only_are_told_apart() -> None:
    composed, apart = (unicodedata.normalize(form, "é.jpg") for form in ("NFC", "NFD"))
    for names in (["A.jpg", "a.jpg", composed, apart], [composed, apart, "a.jpg", "A.jpg"]):
        assert matched(names, on_disk("/p", "a.jpg", "A.jpg", apart, composed)) == ["a.jpg", "A.jpg", apart, composed]
    assert matched(["A.jpg", "a.jpg"], on_disk("/p", "A.JPG")) == [None]
    assert matched(["A.jpg"], on_disk("/p", "a.jpg", "A.jpg")) == [None, "A.jpg"]
    assert matched(["a\\b.jpg"], on_disk("/p", "a\\b.jpg", "a/b.jpg")) == ["a\\b.jpg", None]


def test_reasons() -> None:
    (nothing,) = match_files(["b.jpg"], on_disk("/p", "a.jpg"))
    assert isinstance(nothing, Unmatched)
    assert nothing.reason == "says nothing about a.jpg"
    (several,) = match_files([V1, V2, "v3/000000.jpg", "v4/000000.jpg"], on_disk("/p", "000000.jpg"))
    assert isinstance(several, Unmatched)
    assert several.reason == (
        "has several entries for 000000.jpg: v1/000000.jpg, v2/000000.jpg, v3/000000.jpg and 1 more; name them with their folders"
    )
    shared, _ = match_files(["a.jpg"], [*on_disk("/x", "a.jpg"), *on_disk("/y", "a.jpg")])
    assert isinstance(shared, Unmatched)
    assert shared.reason == "a.jpg could be /x/a.jpg, /y/a.jpg; name them with their folders"


@pytest.mark.parametrize("seed", range(200))
def test_no_name_is_given_twice_and_equal_paths_always_are(seed: int) -> None:
    rng = random.Random(seed)

    def path() -> str:
        return "/".join(rng.choice("abA") for _ in range(rng.randint(0, 2))) + "/" + rng.choice(["1.jpg", "2.jpg", "1.JPG"])

    names = list({path().lstrip("/") for _ in range(rng.randint(0, 6))})
    below = list({path().lstrip("/") for _ in range(rng.randint(0, 6))})
    found = match_files(names, on_disk("/p", *below))
    given = [one for one in found if isinstance(one, int)]
    assert len(given) == len(set(given))
    for file, one in zip(below, found, strict=True):
        if file in names:
            assert one == names.index(file)
    # Neither order matters.
    mixed = rng.sample(names, len(names))
    assert matched(mixed, on_disk("/p", *reversed(below))) == matched(names, on_disk("/p", *below))[::-1]


def test_many_names_are_matched_in_little_time() -> None:
    names = [f"v{i // 100}/{i % 100:06}.jpg" for i in range(20_000)]
    assert match_files(names, on_disk("/p", *names)) == list(range(20_000))
