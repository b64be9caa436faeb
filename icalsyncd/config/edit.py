"""Changes of a config's text that leave the rest of it as it is, byte for byte: comments, quotes, anchors, layout.

What cannot be changed so is refused: each edit is read again, and must say exactly what the text said before, but for
the change.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping as Values
from typing import Any, Final

from icalsyncd.config.core_schema import scalar
from icalsyncd.config.document import Document, read
from icalsyncd.config.nodes import Alias, Lines, Mapping, Node, Path, Plain, Scalar, Sequence, resolved

_PROPERTIES: Final = re.compile(r"(?:[&!]\S*\s+)*")
# texts that need no quotes, in a block or in a flow
_BARE: Final = re.compile(r"[\w./][\w./@+=%-]*(?: [\w./@+=%-]+)*|(?:https?|webcal|file)://[\w./@+=%?&~:-]*[\w/=-]")
# for readers of YAML 1.1, to whom these are no texts
_WORDS_OF_1_1: Final = frozenset(("y", "n", "yes", "no", "on", "off"))
_LINE_END: Final = re.compile(r"[^\r\n]*")
_LINE_BREAK: Final = re.compile(r"\r\n|\r|\n")
_DASH: Final = re.compile(r"^[\ufeff ]*-(?=\s|$)", re.MULTILINE)
_COMMA: Final = re.compile(r"\s*,")


class EditRefused(Exception):  # said to the host as it is
    """The text cannot be changed without changing more than was asked for; the words say what to do by hand."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line
        """Where the host has to look, from 1."""


def set_value(text: str, path: Path, value: bool | int | str) -> str:
    """*text* with *value* at *path*, whose last key is added to its mapping if it is missing.

    Raises :class:`EditRefused` where another value would change with it, or the mapping above is not there.
    """
    document = _document(text)
    node = _own(document, path)
    if node is None:
        return _added(document, path, value)
    changed = _replaced(text, node, _inline(value))
    return _verified(document, changed, _with(document, path, value), node.start)


def add_entry(text: str, path: tuple[str, ...], value: Values[str, Plain]) -> str:
    """*text* with a new mapping at *path*, whose last key is new; mappings above it that are missing are made.

    Raises :class:`EditRefused` where something is there already, or another value would change with it.
    """
    document = _document(text)
    there = document.entry(path)
    if there is not None:
        raise EditRefused(_line(document, there[0].start), "there is an entry of this name already")
    return _added(document, path, dict(value))


def add_item(text: str, path: tuple[str, ...], value: Values[str, Plain]) -> str:
    """*text* with *value* as the last item of the list at *path*, written like the item before; made if it is missing.

    Raises :class:`EditRefused` where something other than a list is there, or another value would change with it.
    """
    document = _document(text)
    there = document.entry(path)
    node = _own(document, path)
    if there is None:
        return _added(document, path, [dict(value)])
    if isinstance(node, Scalar) and node.plain and node.start == node.end:
        indent = " " * (_column(document, there[0]) + _step(document))
        changed = _after_line(text, node.end, [f"{indent}- {_inline(value)}"])
        return _verified(document, changed, _with(document, path, [dict(value)]), node.start)
    if not isinstance(node, Sequence):
        raise EditRefused(_line(document, there[1].start), "this is no list of its own that an item could be added to")
    changed = _into_flow_list(text, node, value) if node.flow else _into_block_list(document, node, value)
    items = [*_list(document, path), dict(value)]
    return _verified(document, changed, _with(document, path, items), node.start)


def remove_item(text: str, path: tuple[str, ...], index: int) -> str:
    """*text* without the item *index* of the list at *path*; comments stay, but for those within the item's own lines.

    Raises :class:`EditRefused` where another value would change with it, or there is no such item.
    """
    document = _document(text)
    key, node = document.entry(path) or (None, None)
    if key is None or not isinstance(node, Sequence) or index >= len(node.items) or node is not _own(document, path):
        at = document.index(path)
        raise EditRefused(_line(document, at), "this is no list of its own that an item could be taken out of")
    changed = _out_of_flow_list(text, node, index) if node.flow else _out_of_block_list(text, key, node, index)
    items = _list(document, path)
    del items[index]
    return _verified(document, changed, _with(document, path, items), node.items[index].start)


def line_changed(before: str, after: str) -> int:
    """The first line, from 1, in which *after* differs from *before*; the last one where they do not."""
    old, new = _LINE_BREAK.split(before), _LINE_BREAK.split(after)
    same = next((index for index, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    return max(1, min(same + 1, len(new)))


def as_lines(path: tuple[str, ...], value: Plain) -> str:
    """*value* at *path* as a host would write it into the file, whole lines."""
    new: Plain = value
    for key in reversed(path):
        new = {key: new}
    return "\n".join(_block(new, "", "  ")) if isinstance(new, dict) else _inline(new)


def _document(text: str) -> Document:
    document = read(text)
    if not isinstance(document, Document):
        line = Lines(text).position(document[0].index).line
        raise EditRefused(line, f"the file cannot be read as it is: {document[0].message}")
    return document


def _line(document: Document, index: int) -> int:
    return Lines(document.text).position(index).line


def _own(document: Document, path: Path) -> Node | None:
    """The value at *path* if it is written in its own mapping, and is not merged in from another one."""
    above = document.entry(path[:-1])
    mapping = resolved(above[1]) if above is not None else None
    if not isinstance(mapping, Mapping):
        return None
    return next((value for key, value in mapping.pairs if isinstance(key, Scalar) and key.text == path[-1]), None)


def _list(document: Document, path: Path) -> list[Plain]:
    """The items of the list at *path*."""
    value: Any = _unshared(document.value)
    for step in path:
        value = value[step]
    return list(value)


def _added(document: Document, path: Path, value: Plain) -> str:
    """With *path* made: the last mapping that exists gets the keys below it that do not."""
    depth = len(path) - 1
    while depth and document.entry(path[:depth]) is None:
        depth -= 1
    new: Plain = value
    for key in reversed(path[depth + 1 :]):
        new = {str(key): new}
    made = {str(path[depth]): new}
    entry = document.entry(path[:depth])
    if entry is None:
        changed = _after_line(document.text, len(document.text), _block(made, "", "  "))
        return _verified(document, changed, _with(document, path, value), 0)
    name, node = entry
    if isinstance(node, Alias):
        raise EditRefused(
            _line(document, node.start),
            "an alias (`*`) of what is written elsewhere: write this entry out, and change it by hand",
        )
    if isinstance(node, Mapping) and (node.flow or not node.pairs):
        changed = _into_flow(document.text, node, made)
    elif isinstance(node, Mapping):
        changed = _into_block(document, node, made)
    elif isinstance(node, Scalar) and node.plain and node.start == node.end and name is not node:
        indent = " " * (_column(document, name) + _step(document))
        lines = _block(made, indent, " " * _step(document))
        changed = _after_line(document.text, node.end, lines)
    else:
        raise EditRefused(_line(document, node.start), "this is no mapping that an entry could be added to")
    return _verified(document, changed, _with(document, path, value), node.start)


def _replaced(text: str, node: Node, written: str) -> str:
    properties = _PROPERTIES.match(text, node.start, node.end)
    start = properties.end() if properties is not None and not isinstance(node, Alias) else node.start
    # an empty value is written nowhere: its colon needs a space after it
    return text[:start] + (" " if start == node.end else "") + written + text[node.end :]


def _into_flow(text: str, mapping: Mapping, new: Values[str, Plain]) -> str:
    written = _inline(new)[1:-1]
    if mapping.pairs:
        at = mapping.pairs[-1][1].end
        return f"{text[:at]}, {written}{text[at:]}"
    opening = text.index("{", mapping.start) + 1
    return text[:opening] + written + text[opening:]


def _into_block(document: Document, mapping: Mapping, new: Values[str, Plain]) -> str:
    indent = _column(document, mapping.pairs[0][0])
    lines = _block(new, " " * indent, " " * _step(document, mapping))
    return _after_line(document.text, mapping.end, lines)


def _into_flow_list(text: str, sequence: Sequence, value: Values[str, Plain]) -> str:
    if sequence.items:
        at = sequence.items[-1].end
        return f"{text[:at]}, {_inline(value)}{text[at:]}"
    opening = text.index("[", sequence.start) + 1
    return text[:opening] + _inline(value) + text[opening:]


def _into_block_list(document: Document, sequence: Sequence, value: Values[str, Plain]) -> str:
    dash = _dashes(document.text, sequence)[-1]
    indent = document.text[_line_start(document.text, dash) : dash].lstrip("\ufeff")
    last = sequence.items[-1]
    if isinstance(last, Mapping) and not last.flow:
        keys = _block(value, indent + "  ", "  ")
        lines = [f"{indent}- {keys[0].lstrip()}", *keys[1:]]
    else:
        lines = [f"{indent}- {_inline(value)}"]
    return _after_line(document.text, sequence.end, lines)


def _out_of_flow_list(text: str, sequence: Sequence, index: int) -> str:
    item = sequence.items[index]
    if index + 1 < len(sequence.items):
        return text[: item.start] + text[sequence.items[index + 1].start :]
    before = sequence.items[index - 1].end if index else item.start
    comma = _COMMA.match(text, item.end)
    if "#" in text[before : item.start] or not index:
        # a comment of the item before; its comma may stay
        return text[: item.start] + text[comma.end() if comma is not None else item.end :]
    return text[:before] + text[item.end :]


def _out_of_block_list(text: str, key: Node, sequence: Sequence, index: int) -> str:
    start = _line_start(text, _dashes(text, sequence)[index])
    item = sequence.items[index]
    # a text of several lines ends where the next line begins
    match = _LINE_END.match(text, item.end - 1 if text[item.end - 1] in "\r\n" else item.end)
    line_break = _LINE_BREAK.match(text, match.end()) if match is not None else None
    end = line_break.end() if line_break is not None else len(text)
    if len(sequence.items) > 1:
        return text[:start] + text[end:]
    colon = text.index(":", key.end) + 1
    return f"{text[:colon]} []{text[colon:start]}{text[end:]}"


def _dashes(text: str, sequence: Sequence) -> list[int]:
    """Where the dash of each item of a block stands."""
    found: list[int] = []
    after = _line_start(text, sequence.start)
    for item in sequence.items:
        # the last dash before the item: comments may hold some, too
        found.append(max((match.end() - 1 for match in _DASH.finditer(text, after, item.start)), default=item.start))
        after = item.end
    return found


def _line_start(text: str, index: int) -> int:
    return max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1


def _after_line(text: str, index: int, lines: list[str]) -> str:
    """*text* with *lines* after the line that *index* is in, with the newlines that *text* has."""
    newline = "\r\n" if "\r\n" in text else "\n"
    if index and text[index - 1] == "\n":
        end = index
        return text[:end] + "".join(line + newline for line in lines) + text[end:]
    match = _LINE_END.match(text, index)
    end = match.end() if match is not None else index
    before = newline if end else ""
    return text[:end] + before + newline.join(lines) + (text[end:] if end else newline)


def _column(document: Document, node: Node) -> int:
    start = _line_start(document.text, node.start)
    return node.start - start - (1 if start == 0 and document.text.startswith("\ufeff") else 0)


def _step(document: Document, near: Mapping | None = None) -> int:
    """How many spaces the file goes in by: as below the siblings in *near*, else as where it first does so."""
    waiting = [node for node in (near, document.root) if isinstance(node, Mapping)]
    while waiting:
        mapping = waiting.pop(0)
        for key, value in mapping.pairs:
            if isinstance(value, Mapping) and not value.flow and value.pairs:
                return max(1, _column(document, value.pairs[0][0]) - _column(document, key))
        waiting.extend(value for _, value in mapping.pairs if isinstance(value, Mapping) and not value.flow)
    return 2


def _block(new: Values[str, Plain], indent: str, step: str) -> list[str]:
    lines: list[str] = []
    for key, value in new.items():
        if isinstance(value, dict) and value:
            lines += [f"{indent}{_inline(key)}:", *_block(value, indent + step, step)]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            lines += [f"{indent}{_inline(key)}:", *(f"{indent}{step}- {_inline(item)}" for item in value)]
        else:
            lines.append(f"{indent}{_inline(key)}: {_inline(value)}")
    return lines


def _inline(value: Plain | Values[str, Plain]) -> str:
    """*value* in one line of YAML: bare if that reads back as the same text, else in double quotes."""
    if isinstance(value, Values):
        return "{" + ", ".join(f"{_inline(key)}: {_inline(below)}" for key, below in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if isinstance(value, str):
        if _BARE.fullmatch(value) and scalar(value) == value and value.lower() not in _WORDS_OF_1_1:
            return value
        return '"' + "".join(map(_escaped, value)) + '"'
    return json.dumps(value)


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    return letter if letter.isprintable() else f"\\U{ord(letter):08x}"


def _with(document: Document, path: Path, value: Plain) -> Any:
    """What the document says, but for *value* at *path*."""
    wanted: Any = copy.deepcopy(_unshared(document.value)) if document.value is not None else {}
    below = wanted
    for key in path[:-1]:
        if isinstance(key, str) and below.get(key) is None:
            below[key] = {}
        below = below[key]
    below[path[-1]] = value
    return wanted


def _verified(document: Document, changed: str, wanted: Plain, at: int) -> str:
    """*changed*, if it says what is *wanted* and nothing else."""
    result = read(changed)
    if not isinstance(result, Document) or result.value != wanted:
        raise EditRefused(
            _line(document, at),
            "this cannot be changed alone, since an anchor (`&`) or the layout ties it: do it by hand",
        )
    return changed


def _unshared(value: Plain) -> Plain:
    """*value* with a copy of its own wherever an alias leads to one and the same."""
    if isinstance(value, dict):
        return {key: _unshared(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_unshared(below) for below in value]
    return value
