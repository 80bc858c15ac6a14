"""Options from arguments: tyro, with help as a person would write it and lists that never take what follows them.

A list of words or numbers is one argument, with commas: `--save overlay,iuv`. Words that can only belong to the list may also stand
by themselves: `--save overlay iuv photo.jpg` saves two things and maps one photo. `--output` is `-o` everywhere.
"""

from __future__ import annotations

import dataclasses
import inspect
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, TypeVar, Union, get_args, get_origin, get_type_hints

import tyro
from tyro.constructors import ConstructorRegistry, PrimitiveConstructorSpec, StructConstructorSpec, StructFieldSpec, StructTypeInfo

Options = TypeVar("Options")

_SHORT = {"output": "-o", "quiet": "-q", "verbose": "-v"}
_METAVARS: dict[Any, str] = {int: "N", float: "NUMBER", str: "TEXT", Path: "PATH"}


def parse(options: type[Options], prog: str, arguments: Sequence[str], *, flat: bool = False) -> Options:
    """The options in `arguments`; prints help or what is wrong and exits (0, 2) otherwise.

    options: a dataclass. prog: what the command is called in messages. flat: nested dataclasses add no prefix to their options.
    """
    registry = ConstructorRegistry()
    active: list[Any] = []

    @registry.struct_rule
    def presentable(info: StructTypeInfo) -> StructConstructorSpec | None:
        if not dataclasses.is_dataclass(info.type) or info.type in active:
            return None
        active.append(info.type)
        try:
            spec = ConstructorRegistry.get_struct_spec(info)
        finally:
            active.remove(info.type)
        if not isinstance(spec, StructConstructorSpec):
            return None
        return dataclasses.replace(spec, fields=tuple(_presentable(field) for field in spec.fields))

    return tyro.cli(
        options,
        prog=prog,
        description=_description(options),
        args=_joined(options, list(arguments)),
        config=(tyro.conf.OmitArgPrefixes,) if flat else (),
        registry=registry,
    )


def _description(options: type[Any]) -> str:
    """The docstring, a line for each paragraph; examples and what is indented keep their lines."""
    text = ""
    for paragraph in inspect.cleandoc(options.__doc__ or "").split("\n\n"):
        kept = paragraph.startswith("Example") or "\n " in paragraph
        for line in paragraph.splitlines() if kept else [" ".join(paragraph.split())]:
            # tyro joins a line with the one before, unless it is indented or stands behind an empty line.
            text += ("\n" if line.startswith(" ") else "\n\n" if text else "") + line
    return text


def _one_line(text: str | Callable[[], str | None] | None) -> Callable[[], str | None]:
    """Help of an option without the line breaks of its docstring."""

    def joined() -> str | None:
        given = text() if callable(text) else text
        return None if given is None else " ".join(given.split())

    return joined


def _presentable(field: StructFieldSpec) -> StructFieldSpec:
    """The same field, with shorter help and, for lists, another way to be written."""
    plain, notes = _unwrapped(field.type)
    given = next((note for note in notes if type(note).__name__ == "_ArgConfig"), None)
    metavar: str | None = getattr(given, "metavar", None)
    inner = _without_none(plain)
    added: list[Any] = [tyro.conf.arg(help_behavior_hint=_default)]
    if plain is bool and field.default is False:
        added.append(tyro.conf.FlagCreatePairsOff)
    # tyro checks defaults of other types than these two with typeguard, whose import alone takes a tenth of a second.
    kept: Any = field.type
    if inner is not None:
        plain, kept = inner, Annotated[(Optional[inner], *notes)] if notes else Optional[inner]  # noqa: UP045
    if metavar is None and (inner is not None or plain in _METAVARS):
        added.append(tyro.conf.arg(metavar=_metavar(plain)))
    item = _item(plain)
    if item is not None and not dataclasses.is_dataclass(item):
        several = item is Path or tyro.conf.Positional in notes
        added.append((_several if several else _list)(item, metavar or _metavar(item)))
        kept = Annotated[(object, *notes)] if notes else object
    short = _SHORT.get(field.name)
    if short is not None and not getattr(given, "aliases", None):
        added.append(tyro.conf.arg(aliases=(short,)))
    return dataclasses.replace(field, helptext=_one_line(field.helptext), type=Annotated[(kept, *added)])  # type: ignore[arg-type]


def _default(label: str) -> str:
    return "" if label in ("", "''", "None", "False", "()") else f"(default: {'yes' if label == 'True' else label})"


def _unwrapped(kind: Any) -> tuple[Any, tuple[Any, ...]]:
    return (get_args(kind)[0], get_args(kind)[1:]) if get_origin(kind) is Annotated else (kind, ())


def _without_none(kind: Any) -> Any:
    """T of `T | None`; None for other types."""
    if get_origin(kind) not in (Union, types.UnionType):
        return None
    others = [option for option in get_args(kind) if option is not type(None)]
    return others[0] if len(others) == 1 and len(get_args(kind)) == 2 else None


def _item(kind: Any) -> Any:
    """T of `tuple[T, ...]`; None for other types."""
    arguments = get_args(kind)
    return arguments[0] if get_origin(kind) is tuple and len(arguments) == 2 and arguments[1] is Ellipsis else None


def _metavar(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return "{" + ",".join(map(str, get_args(kind))) + "}"
    return _METAVARS.get(kind, "VALUE")


def _reader(kind: Any) -> Callable[[str], Any]:
    choices = get_args(kind) if get_origin(kind) is Literal else None

    def read(text: str) -> Any:
        if choices is None:
            return kind(text)
        if text not in choices:
            raise ValueError(f"{text!r} is none of {', '.join(map(str, choices))}")
        return text

    return read


def _list(item: Any, metavar: str) -> PrimitiveConstructorSpec[tuple[Any, ...]]:
    """One argument with commas."""
    read = _reader(item)
    return PrimitiveConstructorSpec(
        nargs=1,
        metavar=f"{metavar}[,...]",
        instance_from_str=lambda texts: tuple(read(text.strip()) for text in texts[0].split(",") if text.strip()),
        is_instance=lambda value: isinstance(value, tuple),
        str_from_instance=lambda values: [",".join(map(str, values))],
    )


def _several(item: Any, metavar: str) -> PrimitiveConstructorSpec[tuple[Any, ...]]:
    """As many arguments as there are."""
    read = _reader(item)
    return PrimitiveConstructorSpec(
        nargs="*",
        metavar=f"{metavar} ...",
        instance_from_str=lambda texts: tuple(map(read, texts)),
        is_instance=lambda value: isinstance(value, tuple),
        str_from_instance=lambda values: list(map(str, values)),
    )


def _joined(options: type[Any], arguments: list[str]) -> list[str]:
    """`--save overlay iuv photo.jpg` as `--save overlay,iuv photo.jpg`: words that are choices of a list are drawn together."""
    lists: dict[str, tuple[str, ...]] = {}
    for name, kind in get_type_hints(options, include_extras=True).items():
        item = _item(_unwrapped(kind)[0])
        if get_origin(item) is Literal:
            lists[f"--{name.replace('_', '-')}"] = get_args(item)
    joined: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        joined.append(word)
        if word in lists and rest and not rest[0].startswith("-"):
            values = [rest.pop(0)]
            while rest and rest[0] in lists[word]:
                values.append(rest.pop(0))
            joined.append(",".join(values))
        elif word == "--":
            return joined + rest
    return joined
