"""The client of the documentation, run against a service."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from serving import PERSON, Service, photo

PAGE = Path(__file__).parents[2] / "docs" / "serve.md"


@pytest.fixture
def client(service: Service) -> Any:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.S)
    names: dict[str, Any] = {"__name__": "docs"}
    exec(compile(code[: code.index("\nclient = ")], str(PAGE), "exec"), names)
    return names["Client"](f"http://127.0.0.1:{service.port}/")


def test_the_client_of_the_page(client: Any, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(photo(PERSON))
    (person,) = client.people(tmp_path / "photo.png", threshold=0.6)
    assert person["score"] == pytest.approx(0.9)
    (tmp_path / "labels.png").write_bytes(client.predict(tmp_path / "photo.png", output="labels"))
    assert {0, 2, 9} <= set(np.unique(np.asarray(Image.open(tmp_path / "labels.png"))).tolist())
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(RuntimeError, match=r"text\.png: the image is damaged, or in a format that is not supported"):
        client.people(tmp_path / "text.png")
