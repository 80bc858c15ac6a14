"""The atlas in the package, loaded once."""

from __future__ import annotations

import pytest

from vitruv.surface import Atlas


@pytest.fixture(scope="session")
def atlas() -> Atlas:
    return Atlas.load()
