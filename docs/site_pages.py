"""Pages of the site that are made, not written: the API reference, and the changelog. A hook of mkdocs (see mkdocs.yml)."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent
_SOURCE = ROOT / "src"
_FIRST = ("vitruv", "vitruv.results", "vitruv.runtime", "vitruv.media", "vitruv.formats", "vitruv.draw", "vitruv.surface")


def public_names(module: str) -> list[str]:
    """What a package's `__init__.py` lists in `__all__`, or the classes of vitruv.errors; nothing otherwise."""
    path = _SOURCE / module.replace(".", "/")
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    tree = ast.parse(path.read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return [str(name) for name in ast.literal_eval(node.value)]
    if module == "vitruv.errors":
        return [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    return []


def modules() -> list[str]:
    """Every package with public names, those that most programs need first, then by name."""
    found = [".".join(path.parent.relative_to(_SOURCE).parts) for path in _SOURCE.rglob("__init__.py")]
    found = [name for name in [*found, "vitruv.errors"] if public_names(name) and ".cli" not in name]
    return sorted(found, key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name))


def on_config(config: Any) -> Any:
    pages = [{module: f"api/{module}.md"} for module in modules()]
    config.nav = [*config.nav, {"API reference": pages}, {"Changes": "changelog.md"}]
    return config


def on_files(files: Files, config: Any) -> Files:
    for module in modules():
        names = "\n".join(f"        - {name}" for name in public_names(module) if name != "__version__")
        text = f"---\nsearch:\n  boost: 0.5\n---\n\n::: {module}\n    options:\n      members:\n{names}\n"
        files.append(File.generated(config, f"api/{module}.md", content=text))
    files.append(File.generated(config, "changelog.md", content=(ROOT / "CHANGELOG.md").read_text()))
    return files
