"""Edits keep all that they are not about, byte for byte."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icalsyncd.config.document import Document, read
from icalsyncd.config.edit import EditRefused, add_entry, set_value
from icalsyncd.config.loading import Accepted, parse
from icalsyncd.config.nodes import Plain
from icalsyncd.config.resolved import Config
from tests.config.written import Writer

SEEDS = range(100)


def config_of(text: str) -> Config:
    loaded = parse(text, Path("config.yaml"), {})
    assert isinstance(loaded, Accepted), [str(mistake) for mistake in loaded.mistakes]
    return loaded.config


def value_of(text: str) -> Any:
    document = read(text)
    assert isinstance(document, Document)
    return document.value


def change(before: str, after: str) -> tuple[str, str]:
    """What stood between what both begin with and what both end with."""
    start = next((index for index, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(before))
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    return before[start : len(before) - end], after[start : len(after) - end]


def paused(config: Config, name: str, value: bool) -> Config:
    return replace(
        config,
        accommodations=tuple(
            replace(
                accommodation,
                syncs=tuple(replace(s, paused=value) if s.name == name else s for s in accommodation.syncs),
            )
            for accommodation in config.accommodations
        ),
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_pause_and_resume_change_one_value_and_no_other_byte(seed: int) -> None:
    writer = Writer(seed)
    text = writer.text()
    config = config_of(text)
    for path in Random(seed).sample(writer.syncs, 3):
        name, value = f"{path[1]}/{path[3]}", bool(seed % 2)
        try:
            edited = set_value(text, (*path, "paused"), value)
        except EditRefused:
            # the sync that others merge from: theirs would change with it
            assert path[3].endswith("-feed")
            continue
        assert config_of(edited) == paused(config, name, value)
        removed, added = change(text, edited)
        written = value_of(text)["accommodations"][path[1]]["syncs"][path[3]]
        if "paused" in written:
            assert removed.lower() in "true false"
            assert added in "true false"
        else:
            assert not removed
            assert added.count("\n") <= 1


@pytest.mark.parametrize("seed", SEEDS)
def test_a_new_sync_is_added_and_no_byte_changed(seed: int) -> None:
    writer = Writer(seed)
    text = writer.text()
    path = (*Random(seed).choice(writer.syncs)[:3], "brand-new")
    entry: dict[str, Plain] = {
        "portal": "vrbo",
        "direction": "bidirectional",
        "url": f"https://portal.example/new.ics?key={seed}&x=#1",
        "user_agent": "no",
    }
    edited = add_entry(text, path, entry)
    removed, added = change(text, edited)
    assert not removed
    assert added.count("\n") == len(entry) + 1
    assert ("\r\n" in added) == ("\r\n" in text)
    wanted = copy.deepcopy(value_of(text))
    wanted["accommodations"][path[1]]["syncs"]["brand-new"] = entry
    assert value_of(edited) == wanted
    new = config_of(edited).sync(f"{path[1]}/brand-new")
    assert new is not None
    assert new.url is not None
    assert new.url.reveal() == entry["url"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_new_accommodation_is_added_and_no_byte_changed(seed: int) -> None:
    text = Writer(seed).text()
    entry: dict[str, Plain] = {"name": "Zum: Löwen", "timezone": "Europe/Berlin", "syncs": {"a": {"portal": "x"}}}
    edited = add_entry(text, ("accommodations", "new"), entry)
    assert not change(text, edited)[0]
    wanted = copy.deepcopy(value_of(text))
    wanted["accommodations"]["new"] = entry
    assert value_of(edited) == wanted


ADDED = {
    "a sibling with four spaces": (
        "a:\n    b:\n        c: 1 # tail\n\n    # about d\n    d: {}\n",
        ("a", "b", "new"),
        "a:\n    b:\n        c: 1 # tail\n        new: true\n\n    # about d\n    d: {}\n",
    ),
    "in a flow mapping": ("a: {b: 1}  # why\n", ("a", "new"), "a: {b: 1, new: true}  # why\n"),
    "in an empty flow mapping": ("a: { }\n", ("a", "new"), "a: {new: true }\n"),
    "after a comma": ("a: {\n  b: 1, # why\n}\n", ("a", "new"), "a: {\n  b: 1, new: true, # why\n}\n"),
    "in a mapping that is not there": ("x:\n   y: 1", ("a", "b", "new"), "x:\n   y: 1\na:\n   b:\n      new: true"),
    "below a key without value": ("a: # why\nb: 1\n", ("a", "new"), "a: # why\n  new: true\nb: 1\n"),
    "in an empty file": ("", ("a", "new"), "a:\n  new: true\n"),
    "in a file of comments": ("# only\n", ("new",), "# only\nnew: true\n"),
    "at the end, without a newline": ("a:\n  b: 1", ("a", "new"), "a:\n  b: 1\n  new: true"),
    "with the newlines of Windows": (
        "a:\r\n  b: 1\r\nc: 2\r\n",
        ("a", "new"),
        "a:\r\n  b: 1\r\n  new: true\r\nc: 2\r\n",
    ),
    "after a text over lines": ("a:\n  b: |\n    x\n\n    y\n\nc: 2\n", ("a", "new"), None),
    "instead of a value": ("a: {b: 1, new: no, c: 2}\n", ("a", "new"), "a: {b: 1, new: true, c: 2}\n"),
    "instead of an alias": ("x: &x false\na: {new: *x}\n", ("a", "new"), "x: &x false\na: {new: true}\n"),
    "instead of nothing": ("a:\n  new:\n  b: 1\n", ("a", "new"), "a:\n  new: true\n  b: 1\n"),
    "instead of a quoted text": ("a:\n  'new': \"x # y\" # z\n", ("a", "new"), "a:\n  'new': true # z\n"),
    "over a merged value": (
        "x: &x {new: false}\na:\n  <<: *x\n",
        ("a", "new"),
        "x: &x {new: false}\na:\n  <<: *x\n  new: true\n",
    ),
}


@pytest.mark.parametrize("case", ADDED)
def test_a_value_is_set_where_its_siblings_are(case: str) -> None:
    before, path, after = ADDED[case]
    edited = set_value(before, path, True)
    if after is not None:
        assert edited == after
    assert case.startswith("instead") or not change(before, edited)[0]


REFUSED = {
    "an alias": ("x: &x {a: 1}\ny: *x\n", ("y", "paused"), 2),
    "what an alias leads to": ("x: &x {a: 1}\ny: *x\n", ("x", "paused"), 1),
    "an anchored mapping that is merged": ("x:\n  &x\n  a: 1\ny: {<<: *x}\n", ("x", "paused"), 2),
    "an anchored value": ("x: {paused: &p false}\ny: *p\n", ("x", "paused"), 1),
    "a list": ("x: [1]\n", ("x", "paused"), 1),
    "a text": ("# why\nx: text\n", ("x", "paused"), 2),
    "what cannot be read": ("x: 1\ny: [\n", ("x", "paused"), 3),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_change_more_is_refused_with_its_line(case: str) -> None:
    text, path, line = REFUSED[case]
    with pytest.raises(EditRefused) as refused:
        set_value(text, path, True)
    assert refused.value.line == line
    assert str(refused.value).startswith(f"line {line}: ")


def test_an_entry_is_never_written_over() -> None:
    with pytest.raises(EditRefused, match="line 2: there is an entry of this name already"):
        add_entry("a:\n  b: {}\n", ("a", "b"), {"c": 1})


@pytest.mark.slow
@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["a:\n  b: 1\n", "a: {b: 1}\n"]))
def test_any_text_comes_back_as_it_was_set(value: str, text: str) -> None:
    assert value_of(set_value(text, ("a", "c"), value)) == {"a": {"b": 1, "c": value}}


@given(
    st.sampled_from(
        ["no", "Y", "12", "1e3", "~", "null", "true", "0x1", "a: b", "a #b", "- a", "&a", "*a", "", " a", "a ", "<<"]
    )
)
def test_a_text_that_could_mean_something_else_is_quoted(value: str) -> None:
    assert value_of(set_value("a: 1\n", ("c",), value)) == {"a": 1, "c": value}
