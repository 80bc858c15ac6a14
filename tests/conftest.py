"""Fixtures shared by all tests."""

from __future__ import annotations

from pathlib import Path

import hypothesis
import pytest

# How long an example takes says something about the neighbours of a busy machine, and nothing about the code.
hypothesis.settings.register_profile("vitruv", deadline=None)
hypothesis.settings.load_profile("vitruv")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder `shared` beside the checkout, with genuine third-party files that may not be committed; skips without it."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the folder `shared` does not lie beside this checkout")
    return folder
