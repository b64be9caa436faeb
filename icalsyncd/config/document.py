"""A YAML text as plain values, and where in the text each of them is written.

PyYAML's parser finds the values; what they mean is not left to it, since it follows YAML 1.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import yaml

from icalsyncd.config.core_schema import TAG, Reader
from icalsyncd.config.look_alikes import SPACE_MISSING, glued_before
from icalsyncd.config.nodes import (
    Alias,
    Fault,
    Mapping,
    Node,
    Path,
    Plain,
    Scalar,
    Sequence,
    Step,
    Unreadable,
    merges,
    resolved,
)

try:
    from yaml import CSafeLoader as Parser
except ImportError:  # PyYAML was built without libyaml: slower, and a little stricter
    from yaml import SafeLoader as Parser  # type: ignore[assignment]

MAX_DEPTH: Final = 40

# line breaks in YAML 1.1, letters in YAML 1.2: the parser is shown others in their place
_BREAKS_OF_1_1: Final = {"\x85": "\ue085", "\u2028": "\ue028", "\u2029": "\ue029"}
_UNPRINTABLE: Final = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A text that was read: its values, and the nodes that they came from."""

    text: str
    root: Node | None
    value: Plain

    def entry(self, path: Path) -> tuple[Node, Node] | None:
        """The key and the value at *path*, or None if nothing is; an item of a sequence, and the whole, twice.

        The value is the node that stands there: an alias is not followed at the end of the path, only on the way.
        """
        found = (self.root, self.root) if self.root is not None else None
        for step in path:
            if found is None:
                return None
            found = _below(resolved(found[1]), step)
        return found

    def index(self, path: Path, *, key: bool = False) -> int:
        """Where *path* is written: its value, or its *key*; where it is not, the nearest key above it that is."""
        pair = self.entry(path)
        if pair is not None:
            # nothing is written where a value is empty, so the key is what can be pointed at
            return pair[0].start if key or pair[1].start == pair[1].end else pair[1].start
        return self.index(path[:-1], key=True) if path else 0


def read(text: str) -> Document | tuple[Fault, ...]:
    """*text* as a document, or the faults that keep it from being one: the first one in the syntax, or all others."""
    unprintable = _UNPRINTABLE.search(text)
    if unprintable is not None:
        return (Fault(unprintable.start(), "a control character, which YAML does not allow: delete it"),)
    builder = _Builder(text)
    try:
        root = builder.build()
        reader = Reader()
        value = reader.value(root) if root is not None else None
    except Unreadable as unreadable:
        return (unreadable.fault,)
    except yaml.MarkedYAMLError as error:
        return (_explained(error, text, builder.skipped),)
    return tuple(reader.faults) if reader.faults else Document(text, root, value)


class _Builder:
    """Makes nodes of the parser's events.

    PyYAML's own composer recurses in C without a limit, so that a line of brackets ends the process.
    """

    def __init__(self, text: str) -> None:
        self.skipped = 1 if text.startswith("\ufeff") else 0
        shown = text[self.skipped :]
        self._hidden = [letter for letter in _BREAKS_OF_1_1 if letter in text] if not text.isascii() else []
        for letter in self._hidden:
            shown = shown.replace(letter, _BREAKS_OF_1_1[letter])
        self._events: Iterator[yaml.Event] = iter(yaml.parse(shown, Loader=Parser))
        self._anchors: dict[str | None, Node] = {}

    def build(self) -> Node | None:
        root: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    where = self._start(event)
                    raise Unreadable(Fault(where, "a second YAML document: everything belongs into one, without `---`"))
                root = self._node(next(self._events), 0)
        return root

    def _node(self, event: yaml.Event, depth: int) -> Node:
        start, end = self._start(event), self._end(event)
        if isinstance(event, yaml.ScalarEvent):
            text = event.value
            for letter in self._hidden:
                text = text.replace(_BREAKS_OF_1_1[letter], letter)
            made: Node = Scalar(start, end, event.anchor, event.tag, text, event.style in (None, ""))
        elif isinstance(event, yaml.AliasEvent):
            target = self._anchors.get(event.anchor)
            if target is None:
                raise Unreadable(Fault(start, "an alias (`*`) of an anchor (`&`) that is not defined before it"))
            return Alias(start, end, None, None, target)
        elif depth == MAX_DEPTH:
            raise Unreadable(Fault(start, f"values nested more than {MAX_DEPTH} deep"))
        elif isinstance(event, yaml.MappingStartEvent):
            made = self._mapping(Mapping(start, end, event.anchor, event.tag, bool(event.flow_style)), depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            made = self._sequence(Sequence(start, end, event.anchor, event.tag, bool(event.flow_style)), depth)
        else:
            raise TypeError(f"the parser begins no value with {type(event).__name__}")
        if made.anchor is not None:
            self._anchors[made.anchor] = made
        return made

    def _start(self, event: yaml.Event) -> int:
        return event.start_mark.index + self.skipped if event.start_mark is not None else 0

    def _end(self, event: yaml.Event) -> int:
        return event.end_mark.index + self.skipped if event.end_mark is not None else 0

    def _mapping(self, made: Mapping, depth: int) -> Mapping:
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            made.pairs.append((key, self._node(next(self._events), depth + 1)))
        # a block ends where the next token begins, which is too late: its last value is nearer
        made.end = self._end(event) if made.flow else made.pairs[-1][1].end
        return made

    def _sequence(self, made: Sequence, depth: int) -> Sequence:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            made.items.append(self._node(event, depth + 1))
        made.end = self._end(event) if made.flow else made.items[-1].end
        return made


def _below(node: Node, step: Step) -> tuple[Node, Node] | None:
    if isinstance(node, Sequence):
        item = node.items[step] if isinstance(step, int) and step < len(node.items) else None
        return (item, item) if item is not None else None
    if not isinstance(node, Mapping):
        return None
    if (pair := node.pair(step)) is not None:
        return pair
    for key, value in node.pairs:
        if merges(key):
            source = resolved(value)
            for each in source.items if isinstance(source, Sequence) else [source]:
                found = _below(resolved(each), step)
                if found is not None:
                    return found
    return None


def _explained(error: yaml.MarkedYAMLError, text: str, skipped: int) -> Fault:
    """What the parser found, in words of ours: its own may quote the text, and with it a secret."""
    mark = error.problem_mark or error.context_mark
    index = mark.index + skipped if mark is not None else 0
    problem = f"{error.context or ''} {error.problem or ''}"
    if "mapping values are not allowed" in problem or "could not find expected ':'" in problem:
        glued = glued_before(text, index)
        if glued is not None:
            return Fault(glued, SPACE_MISSING)
    if "quoted scalar" in problem and "end of stream" in problem and error.context_mark is not None:
        return Fault(error.context_mark.index + skipped, "the quotes that begin here are never closed")
    if "cannot start any token" in problem:
        if text[index : index + 1] == "\t":
            return Fault(index, "a tab: YAML is indented with spaces")
        return Fault(index, "a text that begins with this character needs quotes")
    for words, message in _PROBLEMS:
        if words in problem:
            return Fault(index, message)
    return Fault(index, "this cannot be read as YAML: compare indentation, colons and quotes with the lines around it")


_PROBLEMS: Final = (
    (
        "mapping values are not allowed",
        "a `key: value` cannot stand here: the indentation is wrong, or a text with a `:` in it needs quotes",
    ),
    ("flow sequence", "a list that began with `[` goes on here: a `,` or the closing `]` is missing"),
    ("flow mapping", "a mapping that began with `{` goes on here: a `,` or the closing `}` is missing"),
    (
        "could not find expected ':'",
        "neither a `key: value` nor part of the text before it: a `:` is missing, or the indentation is wrong",
    ),
    (
        "unknown escape character",
        "a backslash in double quotes begins a special character: write it twice, or use single quotes",
    ),
    ("undefined tag handle", TAG),
    ("incompatible YAML document", "a version of YAML that is not known: leave the `%YAML` line out"),
    ("block", "this line does not fit the lines before it: its indentation is wrong"),
)
