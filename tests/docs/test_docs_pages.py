"""The pages hang together: nothing is left out of the README, of the navigation, or of the table of charts."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from doc_pages import ROOT, blocks_of, commands_in, has_placeholders

from vitruv.draw import palette
from vitruv.surface import CHART_NAMES, MIRROR_CHART, PART_NAMES, PART_OF_CHART

DOCS = ROOT / "docs"


def test_readme_links_every_page() -> None:
    linked = set(re.findall(r"\]\(docs/([\w-]+\.md)\)", (ROOT / "README.md").read_text()))
    assert linked == {page.name for page in DOCS.glob("*.md")}


def test_navigation_has_every_page() -> None:
    text = (ROOT / "mkdocs.yml").read_text()
    named = re.findall(r": ([\w-]+\.md)$", text[text.index("\nnav:") :], flags=re.MULTILINE)
    assert sorted(named) == sorted(page.name for page in DOCS.glob("*.md"))


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))], ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Links between pages and to pictures. (`mkdocs build --strict` also checks places inside pages.)"""
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target and not target.startswith("api/"):
            assert (page.parent / target).exists(), target


def test_the_table_of_charts() -> None:
    rows = re.findall(
        r"^\| (\d+) \| ([\w ]+) \| .*`(#[0-9a-f]{6})` \| (\d+) ([\w ]+) \| (\d+) \|$", (DOCS / "charts.md").read_text(), re.M
    )
    expected = []
    for chart, (red, green, blue) in enumerate(palette().tolist()):
        part = int(PART_OF_CHART[chart])
        colour = f"#{red:02x}{green:02x}{blue:02x}"
        expected.append((str(chart), CHART_NAMES[chart], colour, str(part), PART_NAMES[part], str(MIRROR_CHART[chart])))
    assert rows == expected


def site_pages() -> ModuleType:
    pytest.importorskip("mkdocs")
    spec = importlib.util.spec_from_file_location("site_pages", DOCS / "site_pages.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_has_every_public_name() -> None:
    pages = site_pages()
    modules = pages.modules()
    assert modules[0] == "vitruv"
    assert {"vitruv.errors", "vitruv.results", "vitruv.formats", "vitruv.surface", "vitruv.metrics", "vitruv.train"} <= set(modules)
    assert not [name for name in modules if ".cli" in name]
    import vitruv.formats

    assert pages.public_names("vitruv.formats") == vitruv.formats.__all__
    assert "FormatError" in pages.public_names("vitruv.errors")
    drawing = pages.page_of("vitruv.draw")
    assert "        - legend\n" in drawing
    assert "::: vitruv.draw.overlay.overlay\n" in drawing and "        - overlay\n" not in drawing
    assert "[vitruv.draw](vitruv.draw.md)" in pages.page_of("vitruv")


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("One line.", "One line."),
        (
            "Text.\n\nboxes: (n, 4).\n    More.\nu, v: in [0, 1].\nReturns it.",
            "Text.\n\n\n- `boxes`: (n, 4).\n    More.\n- `u, v`: in [0, 1].\n\nReturns it.",
        ),
        ("rgb: a picture that\nis not changed.\n\nMore.", "\n- `rgb`: a picture that\n    is not changed.\n\nMore."),
        ("Text\nRaises X.", "Text\n\nRaises X."),
    ],
)
def test_docstrings_become_lists(docstring: str, expected: str) -> None:
    pytest.importorskip("griffe")
    spec = importlib.util.spec_from_file_location("docstring_lists", DOCS / "docstring_lists.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["docstring_lists"] = module
    spec.loader.exec_module(module)
    assert module.as_markdown(docstring) == expected


def test_blocks_are_found(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    page.write_text(
        "# A\n\n    vitruv check a.json\n\n- item\n\n    more of it\n\n<!-- block: parsed, because it is slow; .ci/run -->\n"
        "```sh\nvitruv a \\\n  b && vitruv c # d\n```\n\n```python\nx = 1\n```\n"
    )
    indented, marked, python = blocks_of(page)
    assert (indented.language, indented.text, indented.line) == ("sh", "vitruv check a.json", 3)
    assert (marked.language, marked.reason) == ("sh", "because it is slow; .ci/run")
    assert list(commands_in(marked.text)) == [["a", "b"], ["c"]]
    assert (python.language, python.text, python.reason, python.line) == ("python", "x = 1", "", 16)
    assert has_placeholders(["predict", "PHOTOS"]) and not has_placeholders(["predict", "a.jpg", "--size", "1x2"])
