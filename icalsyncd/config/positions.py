"""Where in the config file each sync is written: the page names the line, since changes are made there alone."""

from __future__ import annotations

from collections.abc import Iterable

from icalsyncd.config.document import Document, read
from icalsyncd.config.nodes import Lines, key_of, resolved
from icalsyncd.config.nodes import Mapping as Written
from icalsyncd.state.view import SyncName


def lines_of(text: str) -> dict[SyncName, int]:
    """The line of each sync's key in the config *text*, counted from 1; none if the text cannot be read."""
    document = read(text)
    if not isinstance(document, Document):
        return {}
    lines = Lines(text)
    found: dict[SyncName, int] = {}
    accommodations = document.entry(("accommodations",))
    for accommodation, below in _entries(accommodations[1] if accommodations else None):
        for key, value in _entries(below):
            if key[0] == "syncs":
                for name, _ in _entries(value):
                    found[accommodation[0], name[0]] = lines.position(name[1]).line
    return found


def _entries(node: object) -> Iterable[tuple[tuple[str, int], object]]:
    """The keys of a mapping, each with where it begins, and their values."""
    mapping = resolved(node) if node is not None else None  # type: ignore[arg-type]
    if not isinstance(mapping, Written):
        return
    for key, value in mapping.pairs:
        word = key_of(key)
        if word is not None:
            yield (word, key.start), value
