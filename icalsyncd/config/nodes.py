"""The values of a YAML text as they are written: what each is, and from which character to which."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"
"""What YAML can say. Keys of mappings are texts, as they are written."""
Step: TypeAlias = str | int
Path: TypeAlias = tuple[Step, ...]
"""The keys and indexes that lead from the whole document to a value."""

_NEWLINE: Final = re.compile("\r\n|\r|\n")


class Position(NamedTuple):
    """A place in the text, counted from 1; columns in characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Fault:
    """What keeps a text from being read, and where; the words quote no value."""

    index: int
    message: str
    path: Path = ()
    first: int | None = None
    """Of a key that is given twice, where it was given first."""


@dataclass(slots=True, eq=False)
class Node:
    """A value as it is written, from the character ``start`` up to, not including, ``end``."""

    start: int
    end: int
    anchor: str | None
    tag: str | None


@dataclass(slots=True, eq=False)
class Scalar(Node):
    text: str
    plain: bool
    """Written without quotes: only then does it mean a number, true, false or nothing."""


@dataclass(slots=True, eq=False)
class Alias(Node):
    """``*name``: the value that was written elsewhere."""

    target: Node


@dataclass(slots=True, eq=False)
class Sequence(Node):
    flow: bool
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Mapping(Node):
    flow: bool
    pairs: list[tuple[Node, Node]] = field(default_factory=list)
    _by_key: dict[str | None, tuple[Node, Node]] | None = None

    def pair(self, key: Step) -> tuple[Node, Node] | None:
        """The *key* and its value, where they are written in this very mapping, which is whole by now."""
        if self._by_key is None:
            self._by_key = {}
            for pair in self.pairs:
                if not merges(pair[0]):
                    self._by_key.setdefault(key_of(pair[0]), pair)
        return self._by_key.get(key) if isinstance(key, str) else None


class Unreadable(Exception):  # carries a fault out of a recursion
    """Nothing more can be said of the text after this fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class Lines:
    """Tells line and column of the characters of a text."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(newline.end() for newline in _NEWLINE.finditer(text))]
        self._marked = text.startswith("\ufeff")

    def position(self, index: int) -> Position:
        """Where the character at *index* stands."""
        line = bisect_right(self._starts, index)
        column = index - self._starts[line - 1] + 1
        # editors do not count a byte order mark as a column
        return Position(line, column - 1 if self._marked and line == 1 and column > 1 else column)


def resolved(node: Node) -> Node:
    """What an alias stands for, or *node* itself."""
    return node.target if isinstance(node, Alias) else node


def key_of(node: Node) -> str | None:
    """The text of a key, or None if it is a list or a mapping."""
    node = resolved(node)
    return node.text if isinstance(node, Scalar) else None


def merges(key: Node) -> bool:
    """Whether this is the key ``<<``, which takes over the keys of other mappings."""
    return isinstance(key, Scalar) and key.plain and key.text == "<<"
