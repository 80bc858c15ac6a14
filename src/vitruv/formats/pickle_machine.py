"""A reader of pickles that cannot run anything.

A pickle is a small program for a stack machine. Python's own machine imports modules and calls what the file names; this one
knows the instructions that build plain data and hands every other wish to a `Builder`, which makes values for names it knows
and refuses the rest. Nothing of a file is ever imported, called or assigned to.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeVar

VIEW_BYTES = 1 << 16
"""Byte strings of this length or more are handed out as read-only views of the file."""

VIEW_TEXT = 1 << 24
"""Python 2 did not tell text from bytes: shorter strings are read as Latin-1 text, longer ones as views."""


class PickleError(Exception):
    """The bytes are not a pickle, or one that was cut off."""


class RefusedError(Exception):
    """The pickle asks for something that is not plain data."""


class Name(NamedTuple):
    """What a pickle calls a class or a function: never looked up, only compared."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"

    def shown(self) -> str:
        """For messages: one short line, whatever the file says."""
        text = str(self)
        return text if text.isprintable() and len(text) < 100 else ascii(text)[:100]


@dataclass(eq=False)
class Pending:
    """A value whose content follows in a later instruction; `finish` turns that content into the value."""

    finish: Callable[[object], object]
    memo_keys: list[int] = field(default_factory=list)


class Builder(Protocol):
    """Makes values of what is named in a pickle. Each method raises RefusedError for what it does not know."""

    def name(self, name: Name) -> object: ...

    def call(self, function: object, arguments: tuple[object, ...]) -> object: ...

    def new(self, kind: object, arguments: tuple[object, ...]) -> object: ...

    def set_state(self, value: object, state: object) -> object: ...

    def persistent(self, key: object) -> object: ...


_T = TypeVar("_T")
# Instructions of every protocol that are legal and not carried out here: extensions of a registry, keyword arguments, buffers that
# stand outside the file.
_KNOWN = frozenset({0x82, 0x83, 0x84, 0x92, 0x97, 0x98})
_LINE_PIECE = 1 << 16
_MARK = object()
_KEYS = (str, bytes, int, float, type(None))
_CONSTANTS: dict[int, object] = {ord("N"): None, 0x88: True, 0x89: False}
_INTEGERS = {ord("J"): "<i", ord("K"): "<B", ord("M"): "<H"}
_TUPLES = {0x85: 1, 0x86: 2, 0x87: 3}
# instruction -> width of the length that stands before the bytes
_BYTES = {ord("C"): 1, ord("B"): 4, 0x8E: 8, 0x96: 8}
_TEXT = {0x8C: 1, ord("X"): 4, 0x8D: 8}
_TEXT_OF_PYTHON_2 = {ord("U"): 1, ord("T"): 4}
_LONGS = {0x8A: 1, 0x8B: 4}
_MEMO_PUT = {ord("q"): 1, ord("r"): 4}
_MEMO_GET = {ord("h"): 1, ord("j"): 4}


class PickleMachine:
    """Reads one pickle after the other from `data`; `position` is where the next one begins."""

    def __init__(self, data: memoryview, builder: Builder, position: int = 0) -> None:
        self._data = data
        self._builder = builder
        self.position = position
        self._stack: list[object] = []
        self._memo: dict[int, object] = {}

    def load(self) -> object:
        """The value of the next pickle. Raises PickleError or RefusedError."""
        self._stack, self._memo = [], {}
        try:
            while True:
                code = self._data[self.position]
                self.position += 1
                if code == ord("."):
                    return self._pop()
                self._step(code)
        except (IndexError, KeyError, ValueError, TypeError, struct.error, OverflowError, MemoryError) as error:
            raise PickleError(f"damaged or cut off at byte {self.position} ({type(error).__name__})") from None

    def _take(self, count: int) -> memoryview:
        taken = self._data[self.position : self.position + count]
        if len(taken) != count:
            raise IndexError("end of data")
        self.position += count
        return taken

    def _number(self, width: int) -> int:
        return int.from_bytes(self._take(width), "little")

    def _line(self) -> str:
        line = b""
        while not line.endswith(b"\n"):
            piece, newline, _ = bytes(self._data[self.position : self.position + _LINE_PIECE]).partition(b"\n")
            if not piece and not newline:
                raise IndexError("end of data")
            line += piece + newline
            self.position += len(piece) + len(newline)
        return line[:-1].decode("latin-1")

    def _pop_mark(self) -> list[object]:
        stack = self._stack
        for i in range(len(stack) - 1, -1, -1):
            if stack[i] is _MARK:
                items = stack[i + 1 :]
                del stack[i:]
                return items
        raise IndexError("no mark")

    def _step(self, code: int) -> None:
        push = self._stack.append
        if code in _MEMO_PUT:
            self._put(self._number(_MEMO_PUT[code]))
        elif code in _MEMO_GET:
            push(self._memo[self._number(_MEMO_GET[code])])
        elif code == 0x94:
            self._put(len(self._memo))
        elif code in _INTEGERS:
            layout = _INTEGERS[code]
            push(struct.unpack(layout, self._take(struct.calcsize(layout)))[0])
        elif code in _TEXT:
            push(str(self._take(self._number(_TEXT[code])), "utf-8", "surrogatepass"))
        elif code in _TEXT_OF_PYTHON_2:
            taken = self._take(self._number(_TEXT_OF_PYTHON_2[code]))
            push(taken if len(taken) >= VIEW_TEXT else str(taken, "latin-1"))
        elif code in _BYTES:
            taken = self._take(self._number(_BYTES[code]))
            push(taken if len(taken) >= VIEW_BYTES else bytes(taken))
        elif code in _CONSTANTS:
            push(_CONSTANTS[code])
        elif code == ord("G"):
            push(struct.unpack(">d", self._take(8))[0])
        elif code in _LONGS:
            push(int.from_bytes(self._take(self._number(_LONGS[code])), "little", signed=True))
        elif code == ord("("):
            push(_MARK)
        elif code == ord("t"):
            items = self._pop_mark()
            push(tuple(items))
        elif code in _TUPLES:
            push(tuple(self._pop_last(_TUPLES[code])))
        elif code == 0x80:
            if self._number(1) > 5:
                raise ValueError("newer than protocol 5")
        elif code == 0x95:
            self._number(8)  # a frame: only the length of what follows
        else:
            self._containers(code)

    def _put(self, key: int) -> None:
        value = self._stack[-1]
        if value is _MARK:
            raise IndexError("a mark is no value")
        if isinstance(value, Pending):
            value.memo_keys.append(key)
        self._memo[key] = value

    def _pop(self) -> object:
        value = self._stack.pop()
        if value is _MARK:
            raise IndexError("a mark is no value")
        return value

    def _pop_last(self, count: int) -> list[object]:
        values = [self._pop() for _ in range(count)]
        return values[::-1]

    def _containers(self, code: int) -> None:
        push = self._stack.append
        if code in (ord("]"), ord("}"), ord(")"), 0x8F):
            empty: dict[int, Callable[[], object]] = {ord("]"): list, ord("}"): dict, ord(")"): tuple, 0x8F: set}
            push(empty[code]())
        elif code == ord("l"):
            push(self._pop_mark())
        elif code == ord("d"):
            push(_pairs(self._pop_mark()))
        elif code == 0x91:
            push(frozenset(keyed((item, None) for item in self._pop_mark())))
        elif code == ord("a"):
            self._extend([self._pop()])
        elif code == ord("e"):
            self._extend(self._pop_mark())
        elif code == ord("s"):
            self._update(self._pop_last(2))
        elif code == ord("u"):
            self._update(self._pop_mark())
        elif code == 0x90:
            items = self._pop_mark()
            self._top(set).update(keyed((item, None) for item in items))
        elif code == ord("0"):
            self._stack.pop()
        elif code == ord("1"):
            self._pop_mark()
        elif code == ord("2"):
            push(self._stack[-1])
        else:
            self._named(code)

    def _top(self, kind: type[_T]) -> _T:
        value = self._stack[-1]
        if not isinstance(value, kind):
            raise TypeError(f"{kind.__name__} expected")
        return value

    def _extend(self, items: Sequence[object]) -> None:
        self._top(list).extend(items)

    def _update(self, items: Sequence[object]) -> None:
        self._top(dict).update(_pairs(items))

    def _named(self, code: int) -> None:
        push, builder = self._stack.append, self._builder
        if code == ord("c"):
            push(builder.name(Name(self._line(), self._line())))
        elif code == 0x93:
            module, name = self._pop_last(2)
            if not isinstance(module, str) or not isinstance(name, str):
                raise TypeError("a name expected")
            push(builder.name(Name(module, name)))
        elif code == ord("R"):
            function, arguments = self._pop_last(2)
            push(builder.call(function, _arguments(arguments)))
        elif code == 0x81:
            kind, arguments = self._pop_last(2)
            push(builder.new(kind, _arguments(arguments)))
        elif code == ord("o"):
            kind, *rest = self._pop_mark()
            push(builder.new(kind, tuple(rest)))
        elif code == ord("i"):
            kind = builder.name(Name(self._line(), self._line()))
            push(builder.new(kind, tuple(self._pop_mark())))
        elif code == ord("b"):
            value, state = self._pop_last(2)
            if isinstance(value, Pending):
                done = value.finish(state)
                for key in value.memo_keys:
                    self._memo[key] = done
                push(done)
            else:
                push(builder.set_state(value, state))
        elif code == ord("Q"):
            push(builder.persistent(self._pop()))
        elif code == ord("P"):
            push(builder.persistent(self._line()))
        else:
            self._text_protocol(code)

    def _text_protocol(self, code: int) -> None:
        push = self._stack.append
        if code == ord("I"):
            line = self._line()
            push({"00": False, "01": True}[line] if line in ("00", "01") else int(line))
        elif code == ord("L"):
            push(int(self._line().removesuffix("L")))
        elif code == ord("F"):
            push(float(self._line()))
        elif code == ord("S"):
            line = self._line()
            if len(line) < 2 or line[0] != line[-1] or line[0] not in "'\"":
                raise ValueError("a string without quotes")
            push(line[1:-1].encode("latin-1").decode("unicode_escape"))
        elif code == ord("V"):
            push(self._line().encode("latin-1").decode("raw_unicode_escape"))
        elif code == ord("p"):
            self._put(int(self._line()))
        elif code == ord("g"):
            push(self._memo[int(self._line())])
        else:
            if code not in _KNOWN:
                raise PickleError(f"byte {self.position - 1} is {code:#04x}, which is no instruction")
            raise RefusedError(f"instruction {code:#04x}")


def _pairs(items: Sequence[object]) -> dict[object, object]:
    if len(items) % 2:
        raise ValueError("a key without a value")
    return keyed(zip(items[::2], items[1::2], strict=True))


def keyed(pairs: Iterable[tuple[object, object]]) -> dict[object, object]:
    """A dictionary whose keys are simple values or tuples of them: hashing nested tuples can take for ever."""
    result: dict[object, object] = {}
    for key, value in pairs:
        if not isinstance(key, _KEYS) and not (isinstance(key, tuple) and all(isinstance(part, _KEYS) for part in key)):
            raise TypeError("a key that is not a simple value")
        result[key] = value
    return result


def _arguments(value: object) -> tuple[object, ...]:
    if not isinstance(value, tuple):
        raise TypeError("arguments expected")
    return value
