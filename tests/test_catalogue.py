"""The catalogue: every sentence that people read is in it, whole, in every language."""

from __future__ import annotations

from string import Formatter

import pytest

from icalsyncd import language
from icalsyncd.language import speaking
from tests.catalogue import (
    OTHERS,
    PACKAGE,
    compiled,
    loose,
    missing,
    path_of,
    read,
    sentences,
    strings,
    updated,
    written,
)


@pytest.mark.parametrize("spoken", OTHERS)
def test_every_sentence_is_in_the_catalogue_and_the_catalogue_has_no_other(spoken: str) -> None:
    assert written(updated(spoken)).decode() == path_of(spoken).read_text(encoding="utf-8"), (
        "python -m tests.catalogue brings it up to date"
    )
    assert missing(read(spoken)) == []
    assert path_of(spoken, "mo").read_bytes() == compiled(read(spoken)), "python -m tests.catalogue compiles it"


@pytest.mark.parametrize("spoken", OTHERS)
def test_every_translation_speaks_of_the_same_things(spoken: str) -> None:
    for message in read(spoken):
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        meant = set().union(*map(names, ids))
        for form in strings(message):
            # one night has but one date, and needs no number
            assert names(form) <= meant, form
            assert names(form) >= min(map(names, ids), key=len) - {"count"}, form
            assert form.endswith(tuple(".:?")) == ids[0].endswith(tuple(".:?")), form


def names(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_no_sentence_is_put_together_from_parts() -> None:
    # what is given to `say` is written out: what is worked out cannot be in a catalogue
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.name not in ("language.py", "templates.py"):
            head = "from icalsyncd.language import say, say_many\n"
    assert loose(f"{head}say(f'a {{b}}')\nsay(words)\nsay('a' 'b')\nsay_many('a', b, 2)\nsay('a' + b)") == [2, 3, 5, 6]
    assert outside("⟦a ⟦b⟧ c⟧ d ⟦e⟧").split() == ["d"]
    with speaking("es"):
        assert language.say("All is well") == "Todo va bien"
    assert len(sentences()) > 200
