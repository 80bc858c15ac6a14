"""The pages of the documentation, and what their code blocks are.

A fenced block names its language. `python` and `sh` blocks are run, page by page from top to bottom, in a folder that holds
`examples/astronaut.jpg`, `photo.jpg`, `a.jpg` and `photos/`. A block that is too slow, needs files that do not come with the
package, or would never end, has a comment in the line before:

    <!-- block: parsed, because ...; tests/room/test_x.py runs it -->

Such a Python block is compiled and its imports are carried out; of such a shell block the `vitruv` commands are parsed. The comment
says why, and names the file that runs the same for real, if there is one. Other languages (text, json, toml, csv) are not programs.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

LANGUAGES = ("python", "sh", "text", "json", "toml", "csv")
_MARK = re.compile(r"<!-- block: parsed, (because .+) -->")
_FENCE = re.compile(r"^(\s*)```(\w*)\s*$")
_COMMAND = re.compile(r"`(vitruv(?: [^`]+)?)`")
_PLACEHOLDER = re.compile(r"^(?:[A-Z][A-Z0-9_]*(?:[/.]\S*)?|\.\.\.|…)$")


@dataclass(frozen=True)
class Block:
    """page, line: where the block begins. reason: why it is only parsed; empty when it is run."""

    page: Path
    line: int
    language: str
    text: str
    reason: str = ""

    @property
    def where(self) -> str:
        return f"{self.page.relative_to(ROOT).as_posix()}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    """Fenced and indented blocks of a page. Indented ones have no language: "sh" where the first word is a command, else "text"."""
    found: list[Block] = []
    lines = page.read_text().splitlines()
    i = 0
    while i < len(lines):
        fence = _FENCE.match(lines[i])
        if fence:
            end = next(j for j in range(i + 1, len(lines)) if lines[j].strip() == "```")
            mark = _MARK.fullmatch(lines[i - 1].strip()) if i else None
            text = "\n".join(line.removeprefix(fence[1]) for line in lines[i + 1 : end])
            found.append(Block(page, i + 2, fence[2], text, mark[1] if mark else ""))
            i = end + 1
        elif lines[i].startswith("    ") and (i == 0 or not lines[i - 1].strip()) and not _in_list(lines, i):
            end = next((j for j in range(i, len(lines)) if lines[j].strip() and not lines[j].startswith("    ")), len(lines))
            text = "\n".join(line[4:] for line in lines[i:end]).strip()
            language = "sh" if text.split()[0] in ("vitruv", "pip", "python", "python3") else "text"
            found.append(Block(page, i + 1, language, text, "because it has no fence"))
            i = end
        else:
            i += 1
    return found


def _in_list(lines: list[str], i: int) -> bool:
    """Whether an indented line continues the item of a list."""
    before = next((line for line in reversed(lines[:i]) if line.strip() and not line.startswith(" ")), "")
    return bool(re.match(r"[-*]|\d+\.", before))


def commands_in(text: str) -> Iterator[list[str]]:
    """The arguments of every `vitruv` command of a shell text, one command after the other."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        while words:
            end = next((j for j, word in enumerate(words) if word in ("&&", "||", "|", ";", "&", ">")), len(words))
            command, words = words[:end], words[end + 1 :]
            if command and Path(command[0]).name == "vitruv":
                yield command[1:]


def commands_in_prose(page: Path) -> Iterator[list[str]]:
    """Commands in `code` inside of sentences and tables."""
    prose = re.sub(r"^\s*```.*?^\s*```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for match in _COMMAND.finditer(prose):
        yield from commands_in(match[1])


def has_placeholders(arguments: list[str]) -> bool:
    """Whether some argument stands for others, as in `vitruv predict PHOTOS --preset NAME`."""
    return any(_PLACEHOLDER.match(argument) for argument in arguments)
