"""Packs: what is refused, and how."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vitruv.errors import FormatError, MissingFileError, UnreadableFileError
from vitruv.synth import SynthPack
from vitruv.synth.gather import Assets, pack_arrays, pictures_in
from vitruv.synth.pack import join_blobs, split_blobs


@pytest.mark.parametrize("blobs", [[], [b""], [b"a", b"", b"bcd"]])
def test_byte_strings_survive(blobs: list[bytes]) -> None:
    joined, ends = join_blobs(blobs)
    assert split_blobs(joined, ends) == blobs


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"none\.npz"):
        SynthPack.load(tmp_path / "none.npz")
    with pytest.raises(MissingFileError, match="no such folder"):
        Assets.of_folder(tmp_path / "none")
    with pytest.raises(MissingFileError, match="no such folder"):
        pictures_in(tmp_path / "none")


def test_another_file_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(FormatError, match=r"is not a pack of this version .*make one with `vitruv synth pack`"):
        SynthPack.load(tmp_path / "other.npz")
    (tmp_path / "text.npz").write_text("hello", "utf-8")
    with pytest.raises(UnreadableFileError, match=r"text\.npz: not a NumPy archive"):
        SynthPack.load(tmp_path / "text.npz")


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "backgrounds").mkdir()
    (tmp_path / "backgrounds" / "broken.jpg").write_bytes(b"not a picture")
    with pytest.raises(UnreadableFileError, match=r"broken\.jpg: is not a picture"):
        pack_arrays(Assets.of_folder(tmp_path))


def test_the_fingerprint_tells_packs_apart(pack: SynthPack, pack_path: Path) -> None:
    assert SynthPack.load(pack_path).digest == pack.digest
    arrays, _ = pack_arrays(Assets())
    assert SynthPack(arrays).digest != pack.digest
