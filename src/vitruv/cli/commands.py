"""A command that has commands: `vitruv`, `vitruv body`, `vitruv train` ...

Not tyro's own subcommands: these need the options of all commands to list their names, which for `vitruv train --help` means torch.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

CANNOT_BE_USED = 2
"""What argparse and tyro exit with for arguments that cannot be used."""


class Command(NamedTuple):
    """help: one line. run: takes the arguments behind the name, returns the exit status."""

    help: str
    run: Callable[[Sequence[str]], int]


def run_command(
    prog: str, commands: Mapping[str, Command], arguments: Sequence[str], *, notes: str = "", default: str | None = None
) -> int:
    """Run the command that `arguments` begin with; returns the exit status.

    Prints the list of commands when asked for help (status 0), and without arguments or for an unknown command (2). notes: text
    below the list. default: the command that is meant where the first argument is an option.
    """
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage(prog, commands, notes, default), file=sys.stdout if arguments else sys.stderr)
        return 0 if arguments else CANNOT_BE_USED
    name, rest = arguments[0], arguments[1:]
    if name in commands:
        return commands[name].run(rest)
    if default is not None and name.startswith("-"):
        return commands[default].run(arguments)
    alike = difflib.get_close_matches(name, commands, n=1)
    hint = f"did you mean {alike[0]!r}?" if alike else f"choose from {', '.join(commands)}"
    print(f"{prog}: unknown command {name!r}; {hint}", file=sys.stderr)
    return CANNOT_BE_USED


def usage(prog: str, commands: Mapping[str, Command], notes: str = "", default: str | None = None) -> str:
    """The list of commands."""
    width = max(map(len, commands))
    rows = "\n".join(f"  {name:<{width}}  {command.help}" for name, command in commands.items())
    place = "COMMAND" if default is None else "[COMMAND]"
    hint = f"`{prog} COMMAND --help` explains a command, with examples."
    return "\n\n".join(part for part in (f"usage: {prog} {place} [options]", rows, notes, hint) if part)
