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


def page_of(module: str) -> str:
    """The Markdown of a module's page.

    A function with the name of the file it is in (`vitruv.draw.overlay`) is hidden by that file and gets its own block.
    """
    folder = _SOURCE / module.replace(".", "/")
    names = [name for name in public_names(module) if name != "__version__"]
    hidden = [name for name in names if (folder / f"{name}.py").exists()]
    packages = [name for name in names if (folder / name / "__init__.py").exists()]
    members = "\n".join(f"        - {name}" for name in names if name not in hidden and name not in packages)
    text = f"---\nsearch:\n  boost: 0.5\n---\n\n::: {module}\n    options:\n      members:\n{members}\n"
    for name in hidden:
        text += f"\n::: {module}.{name}.{name}\n    options:\n      heading_level: 2\n      show_root_full_path: false\n"
    for name in packages:
        text += f"\n## {name}\n\nA package: [{module}.{name}]({module}.{name}.md).\n"
    return text


def on_config(config: Any) -> Any:
    pages = [{module: f"api/{module}.md"} for module in modules()]
    config.nav = [*config.nav, {"API reference": pages}, {"Changes": "changelog.md"}]
    return config


def on_files(files: Files, config: Any) -> Files:
    for module in modules():
        files.append(File.generated(config, f"api/{module}.md", content=page_of(module)))
    files.append(File.generated(config, "changelog.md", content=(ROOT / "CHANGELOG.md").read_text()))
    return files
