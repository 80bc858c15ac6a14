"""Docstrings as Markdown lists: "name: what it is" lines of a docstring become items. An extension of griffe (see mkdocs.yml)."""

from __future__ import annotations

import re
from typing import Any

import griffe

# "boxes: (n, 4) numbers" and "u, v: in [0, 1]" at the left edge; prose seldom has a colon after its first one to four words, and a
# sentence that does becomes an item, which is read just as well.
_ITEM = re.compile(r"^(\*{0,2}`?[A-Za-z_]\w*`?(?:, `?\w+`?){0,5}): (?=\S)")
_PARAGRAPH = re.compile(r"^(?:Returns?|Raises?|Yields?)\b")


def as_markdown(text: str) -> str:
    """The same docstring with list items for named values, and paragraphs for what is returned and raised."""
    lines: list[str] = []
    in_item = False
    for line in text.splitlines():
        item = _ITEM.match(line)
        if item and not line.startswith("    "):
            if not in_item:
                lines.append("")
            lines.append(f"- `{item[1].strip('`')}`: {line[item.end() :]}")
            in_item = True
            continue
        if _PARAGRAPH.match(line):
            lines.append("")
            in_item = False
        elif in_item and line.strip():  # the item goes on, whether or not the line is indented
            line = f"    {line.strip()}"
        elif not line.strip():
            in_item = False
        lines.append(line)
    return "\n".join(lines)


class DocstringLists(griffe.Extension):
    """Applied to every object when it has been read."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)
