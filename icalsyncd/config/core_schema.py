"""What the values of a YAML text mean by the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema).

By YAML 1.1, which most libraries still follow, ``NO`` is false, ``16:00`` is 960 and ``0777`` is 511. Merge keys
(``<<``) are not part of 1.2, but hosts use them.
"""

from __future__ import annotations

import re
from typing import Final, cast

from icalsyncd.config.nodes import (
    Alias,
    Fault,
    Mapping,
    Node,
    Plain,
    Scalar,
    Sequence,
    Step,
    Unreadable,
    key_of,
    merges,
)

MAX_VALUES: Final = 1_000_000
"""How many values a document may come to once its aliases are followed; a few lines of YAML can name billions."""
TAG: Final = "a tag (`!`) that has no meaning here: leave it out"

_CORE: Final = "tag:yaml.org,2002:"
_NULL: Final = frozenset(("", "~", "null", "Null", "NULL"))
_BOOL: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT: Final = re.compile(r"[-+]?[0-9]{1,300}|0o[0-7]{1,300}|0x[0-9a-fA-F]{1,300}")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL: Final = re.compile(r"[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN")


def scalar(text: str) -> bool | int | float | str | None:
    """What *text* means if it is written without quotes."""
    first = text[:1]
    if not first or first in "~nN":
        return None if text in _NULL else text
    if first in "tTfF":
        return _BOOL.get(text, text)
    if first not in "+-.0123456789":
        return text
    if _INT.fullmatch(text):
        return int(text[2:], 8) if text[:2] == "0o" else int(text[2:], 16) if text[:2] == "0x" else int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    # `.inf` and `.nan`, which Python knows without the point
    return float(text.replace(".", "")) if _SPECIAL.fullmatch(text) else text


class Reader:
    """Makes plain values of the nodes of one document, and collects what is wrong with them in ``faults``."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._path: list[Step] = []
        self._values = 0
        self._anchored: dict[int, tuple[Plain, int]] = {}

    def value(self, node: Node) -> Plain:
        """What *node* means. Raises :class:`Unreadable` where its aliases come to too much."""
        if isinstance(node, Scalar):
            self._values += 1
            if node.tag is not None:
                return self._tagged(node)
            return scalar(node.text) if node.plain else node.text
        if isinstance(node, Alias):
            if isinstance(node.target, Scalar):
                return self.value(node.target)
            value, weight = self._anchored[id(node.target)]
            self._values += weight
            if self._values > MAX_VALUES:
                raise Unreadable(
                    Fault(node.start, f"aliases that come to more than {MAX_VALUES} values", tuple(self._path))
                )
            return value
        before = self._values
        self._values += 1
        if node.tag is not None and node.tag != _CORE + ("map" if isinstance(node, Mapping) else "seq"):
            self._fault(node, TAG)
        made: Plain = self._mapping(node) if isinstance(node, Mapping) else self._sequence(cast("Sequence", node))
        if node.anchor is not None:
            self._anchored[id(node)] = made, self._values - before
        return made

    def _sequence(self, node: Sequence) -> list[Plain]:
        made: list[Plain] = []
        for index, item in enumerate(node.items):
            self._path.append(index)
            made.append(self.value(item))
            self._path.pop()
        return made

    def _mapping(self, node: Mapping) -> dict[str, Plain]:
        made: dict[str, Plain] = {}
        merged: list[dict[str, Plain]] = []
        seen: dict[str, Node] = {}
        for key, below in node.pairs:
            name = key_of(key)
            if name is None:
                self._fault(key, "a key that is no simple text")
                continue
            self._path.append(name)
            value = self.value(below)
            if name in seen:
                self._fault(key, "this key is given twice: keep one of the two", first=seen[name])
            elif merges(key):
                merged.extend(self._sources(below, value))
            else:
                made[name] = value
            seen[name] = key
            self._path.pop()
        for source in merged:
            self._values += len(source)
            for name, value in source.items():
                made.setdefault(name, value)
        return made

    def _sources(self, node: Node, value: Plain) -> list[dict[str, Plain]]:
        sources = value if isinstance(value, list) else [value]
        wrong = [source for source in sources if not isinstance(source, dict)]
        if wrong:
            self._fault(node, "`<<` merges mappings only: write `<<: *anchor`")
        return [source for source in sources if isinstance(source, dict)]

    def _tagged(self, node: Scalar) -> Plain:
        if node.tag in ("!", _CORE + "str"):
            return node.text
        value = scalar(node.text)
        kind = "null" if value is None else type(value).__name__
        if node.tag != _CORE + kind:
            self._fault(node, TAG)
        return value

    def _fault(self, node: Node, message: str, *, first: Node | None = None) -> None:
        self.faults.append(Fault(node.start, message, tuple(self._path), first.start if first is not None else None))
